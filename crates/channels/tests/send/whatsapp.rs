use super::*;
use relevo_channels::{
    ButtonParameter, ButtonValue, Choice, Choices, FileSource, Interactive, OutboundFile, Parameter, Section,
    Template, TemplateHeader,
};
use serde_json::json;

fn account() -> Account {
    Account {
        access_token: Some("EAAG-token".into()),
        settings: json!({ "phone_number_id": 106540352242922_u64 }).as_object().unwrap().clone(),
        ..Account::default()
    }
}

fn text(text: &str) -> Outbound {
    Outbound::text("out_1", address(AddressKind::Phone, "34600111222"), text)
}

fn choice(id: &str, title: &str) -> Choice {
    Choice { id: id.into(), title: title.into(), description: None }
}

fn file(kind: &str) -> OutboundFile {
    OutboundFile {
        kind: kind.into(),
        source: FileSource::Link(Private("https://files.example.org/1".into())),
        mime_type: None,
        filename: Some(Private("uno.pdf".into())),
    }
}

fn parameter(name: Option<&str>, text: &str) -> Parameter {
    Parameter { name: name.map(str::to_owned), text: Private(text.into()) }
}

fn template(body: Vec<Parameter>) -> Outbound {
    let template =
        Template { name: "cita".into(), language: "es".into(), header: None, body, buttons: Vec::new() };
    Outbound { text: None, template: Some(template), ..text("") }
}

fn interactive(choices: Choices) -> Outbound {
    let interactive = Interactive { header: None, footer: Some("Relevo".into()), choices };
    Outbound { interactive: Some(interactive), ..text("¿Es suyo?") }
}

#[test]
fn a_text_goes_to_the_number_with_our_id_and_the_token() {
    let message = Outbound { in_reply_to: Some("wamid.IN1".into()), ..text(" Hola\n") };
    let request = format("whatsapp", &message, &account()).unwrap();
    assert_eq!(request.method, "POST");
    assert_eq!(request.path, "/v23.0/106540352242922/messages");
    assert_eq!(header(&request, "authorization"), "Bearer EAAG-token");
    assert_eq!(header(&request, "content-type"), "application/json");
    assert!(!format!("{request:?}").contains("EAAG"));
    assert_eq!(
        serde_json::from_slice::<Value>(&request.body).unwrap(),
        json!({
            "messaging_product": "whatsapp", "recipient_type": "individual", "to": "34600111222",
            "type": "text", "text": { "body": " Hola\n", "preview_url": false },
            "context": { "message_id": "wamid.IN1" }, "biz_opaque_callback_data": "out_1",
        })
    );
}

#[test]
fn user_ids_and_groups_have_their_own_fields() {
    let user = Outbound { to: address(AddressKind::User, "ES.1"), ..text("x") };
    let sent = body("whatsapp", &user, &account());
    assert_eq!((sent.get("to"), &sent["recipient"]), (None, &json!("ES.1")));
    let group = Outbound { to: address(AddressKind::Group, "G1"), ..text("x") };
    let sent = body("whatsapp", &group, &account());
    assert_eq!((&sent["to"], &sent["recipient_type"]), (&json!("G1"), &json!("group")));
    let mail = Outbound { to: address(AddressKind::Email, "a@example.org"), ..text("x") };
    assert!(matches!(format("whatsapp", &mail, &account()), Err(FormatError::Unsupported(_))));
}

#[test]
fn templates_take_named_or_numbered_values_but_not_both() {
    let sent = body("whatsapp", &template(vec![parameter(None, "Ana"), parameter(None, "3")]), &account());
    assert_eq!(
        sent["template"],
        json!({
            "name": "cita", "language": { "code": "es" },
            "components": [{ "type": "body", "parameters": [
                { "type": "text", "text": "Ana" }, { "type": "text", "text": "3" },
            ] }],
        })
    );
    let sent = body("whatsapp", &template(vec![parameter(Some("who"), "Ana")]), &account());
    assert_eq!(
        sent["template"]["components"][0]["parameters"][0],
        json!({ "type": "text", "parameter_name": "who", "text": "Ana" })
    );
    let mixed = template(vec![parameter(Some("who"), "Ana"), parameter(None, "3")]);
    assert!(matches!(format("whatsapp", &mixed, &account()), Err(FormatError::Invalid { .. })));
    for bad in ["", "  ", "a\nb", "a\tb", "a     b"] {
        let result = format("whatsapp", &template(vec![parameter(None, bad)]), &account());
        assert!(matches!(result, Err(FormatError::Invalid { .. })), "{bad:?}");
    }
    let with_text = Outbound { text: Some(Private("and more".into())), ..template(Vec::new()) };
    assert!(matches!(format("whatsapp", &with_text, &account()), Err(FormatError::Unsupported(_))));
}

#[test]
fn template_headers_and_buttons_are_components() {
    let mut message = template(Vec::new());
    let template = message.template.as_mut().unwrap();
    template.header = Some(TemplateHeader::File(file("document")));
    template.buttons = vec![
        ButtonParameter { index: 0, value: ButtonValue::Payload("yes".into()) },
        ButtonParameter { index: 1, value: ButtonValue::UrlSuffix(Private("s/abc".into())) },
        ButtonParameter { index: 2, value: ButtonValue::Code(Private("A1".into())) },
    ];
    assert_eq!(
        body("whatsapp", &message, &account())["template"]["components"],
        json!([
            { "type": "header", "parameters": [{ "type": "document", "document": {
                "link": "https://files.example.org/1", "filename": "uno.pdf" } }] },
            { "type": "button", "sub_type": "quick_reply", "index": "0",
              "parameters": [{ "type": "payload", "payload": "yes" }] },
            { "type": "button", "sub_type": "url", "index": "1",
              "parameters": [{ "type": "text", "text": "s/abc" }] },
            { "type": "button", "sub_type": "copy_code", "index": "2",
              "parameters": [{ "type": "coupon_code", "coupon_code": "A1" }] },
        ])
    );
}

#[test]
fn choices_are_buttons_or_a_list_within_the_limits() {
    let message = interactive(Choices::Buttons(vec![choice("y", "Sí"), choice("n", "No")]));
    assert_eq!(
        body("whatsapp", &message, &account())["interactive"],
        json!({
            "type": "button", "body": { "text": "¿Es suyo?" }, "footer": { "text": "Relevo" },
            "action": { "buttons": [
                { "type": "reply", "reply": { "id": "y", "title": "Sí" } },
                { "type": "reply", "reply": { "id": "n", "title": "No" } },
            ] },
        })
    );
    let section = |title: Option<&str>, choices| Section { title: title.map(str::to_owned), choices };
    let list = |sections| interactive(Choices::List { button: "Elegir".into(), sections });
    let sent = body("whatsapp", &list(vec![section(None, vec![choice("a", "A")])]), &account());
    assert_eq!(
        sent["interactive"]["action"],
        json!({ "button": "Elegir", "sections": [{ "rows": [{ "id": "a", "title": "A" }] }] })
    );
    let many = |n: usize| (0..n).map(|i| choice(&i.to_string(), "x")).collect::<Vec<_>>();
    for (message, why) in [
        (interactive(Choices::Buttons(many(4))), "four buttons"),
        (interactive(Choices::Buttons(Vec::new())), "no button"),
        (interactive(Choices::Buttons(vec![choice("a", "x"), choice("a", "y")])), "equal ids"),
        (interactive(Choices::Buttons(vec![choice("a", &"x".repeat(21))])), "a long title"),
        (interactive(Choices::Buttons(vec![choice("a", " ")])), "a blank title"),
        (list(vec![section(None, many(11))]), "eleven entries"),
        (list(vec![section(None, many(1)), section(Some("B"), Vec::new())]), "a section without a title"),
        (Outbound { text: None, ..interactive(Choices::Buttons(many(1))) }, "no text"),
    ] {
        assert!(format("whatsapp", &message, &account()).is_err(), "{why}");
    }
}

#[test]
fn files_are_sent_one_by_one_and_sounds_without_a_caption() {
    let sent = body("whatsapp", &Outbound { attachments: vec![file("image")], ..text("mira") }, &account());
    assert_eq!(sent["image"], json!({ "link": "https://files.example.org/1", "caption": "mira" }));
    for attachments in [vec![file("audio")], vec![file("image"), file("image")]] {
        assert!(format("whatsapp", &Outbound { attachments, ..text("mira") }, &account()).is_err());
    }
}

#[test]
fn limits_and_settings_are_checked_before_anything_is_sent() {
    assert!(format("whatsapp", &text(&"ñ".repeat(4096)), &account()).is_ok());
    assert_eq!(
        format("whatsapp", &text(&"ñ".repeat(4097)), &account()).unwrap_err(),
        FormatError::TooMuch { what: "characters of the text", limit: 4096, actual: 4097 }
    );
    assert_eq!(format("whatsapp", &text(" "), &account()).unwrap_err(), FormatError::Empty);
    for id in ["../1", "1/2", "1?x", ""] {
        let mut account = account();
        account.settings.insert("phone_number_id".into(), id.into());
        let result = format("whatsapp", &text("x"), &account);
        assert_eq!(result.unwrap_err(), FormatError::Setting("phone_number_id"), "{id}");
    }
    for token in [None, Some("a\nb".into())] {
        let account = Account { access_token: token, ..account() };
        assert_eq!(
            format("whatsapp", &text("x"), &account).unwrap_err(),
            FormatError::Setting("access_token")
        );
    }
}

#[test]
fn answers_are_sent_retry_or_refused() {
    let taken = r#"{"messaging_product":"whatsapp","contacts":[{"input":"34600111222","wa_id":"34600111222"}],
        "messages":[{"id":"wamid.OUT","message_status":"accepted"}]}"#;
    assert_eq!(outcome("whatsapp", 200, "", taken), sent("wamid.OUT"));
    // Half an answer: it was taken, and must not be sent again.
    assert_eq!(outcome("whatsapp", 200, "", &taken[..60]), Outcome::Sent { provider_id: None });
    let error = |code: i64| {
        format!(
            r#"{{"error":{{"message":"(#{code}) to 34600111222","type":"OAuthException","code":{code}}}}}"#
        )
    };
    for code in [1, 2, 4, 80_007, 130_429, 131_000, 131_016, 131_048, 131_056, 131_057, 133_004] {
        assert!(is_retry(&outcome("whatsapp", 400, "", &error(code))), "{code}");
    }
    for code in
        [0, 10, 100, 190, 200, 368, 131_008, 131_026, 131_047, 131_051, 132_000, 132_001, 133_010, 777]
    {
        let result = outcome("whatsapp", 400, "", &error(code));
        assert!(is_refused(&result), "{code}");
        assert!(!format!("{result:?}").contains("34600111222"), "{code}: the recipient is quoted");
    }
    // A refusal stays one whatever the status; a passing fault is one by the status or by its mark.
    assert!(is_refused(&outcome("whatsapp", 500, "", &error(131_047))));
    assert!(is_retry(&outcome("whatsapp", 500, "", "<html>")));
    assert!(is_retry(&outcome("whatsapp", 400, "", r#"{"error":{"code":777,"is_transient":true}}"#)));
    assert!(is_refused(&outcome("whatsapp", 404, "", "")));
    assert!(matches!(outcome("whatsapp", 429, "17", ""), Outcome::Retry { after_seconds: Some(17), .. }));
    assert!(matches!(outcome("whatsapp", 429, "soon", ""), Outcome::Retry { after_seconds: None, .. }));
}
