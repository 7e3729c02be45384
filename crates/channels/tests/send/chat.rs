use super::*;
use relevo_channels::{Choice, Choices, FileSource, Interactive, OutboundFile, Parameter, Template};
use serde_json::json;

fn account(settings: Value) -> Account {
    Account {
        access_token: Some("1:token".into()),
        settings: settings.as_object().unwrap().clone(),
        ..Account::default()
    }
}

fn text(kind: AddressKind, to: &str) -> Outbound {
    Outbound::text("out_1", address(kind, to), "a < b & c")
}

fn with_file(message: Outbound, kind: &str) -> Outbound {
    let file = OutboundFile {
        kind: kind.into(),
        source: FileSource::Link(Private("https://files.example.org/1".into())),
        mime_type: None,
        filename: Some(Private("uno.pdf".into())),
    };
    Outbound { attachments: vec![file], ..message }
}

fn with_buttons(message: Outbound, count: usize) -> Outbound {
    let choice = |i: usize| Choice { id: format!("c{i}"), title: format!("Choice {i}"), description: None };
    let choices = Choices::Buttons((0..count).map(choice).collect());
    Outbound { interactive: Some(Interactive { header: None, footer: None, choices }), ..message }
}

fn fields(request: &OutboundRequest) -> Vec<(String, String)> {
    form_urlencoded::parse(&request.body).into_owned().collect()
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

#[test]
fn messenger_answers_a_person() {
    let account = account(json!({ "page_id": "106" }));
    let message = Outbound { in_reply_to: Some("m_1".into()), ..text(AddressKind::User, "622") };
    let request = format("messenger", &message, &account).unwrap();
    assert_eq!(request.path, "/v23.0/106/messages");
    assert_eq!(header(&request, "authorization"), "Bearer 1:token");
    assert_eq!(
        body("messenger", &message, &account),
        json!({
            "recipient": { "id": "622" }, "message": { "text": "a < b & c" }, "messaging_type": "RESPONSE",
            "reply_to": { "mid": "m_1" },
        })
    );
    let sent_body = body("messenger", &with_buttons(message.clone(), 2), &account);
    assert_eq!(
        sent_body["message"]["quick_replies"][1],
        json!({ "content_type": "text", "title": "Choice 1", "payload": "c1" })
    );
    let file = with_file(Outbound { text: None, ..message.clone() }, "image");
    assert_eq!(
        body("messenger", &file, &account)["message"],
        json!({ "attachment": { "type": "image", "payload": { "url": "https://files.example.org/1" } } })
    );
    for bad in
        [with_file(message.clone(), "image"), with_buttons(message, 14), text(AddressKind::Phone, "34")]
    {
        assert!(format("messenger", &bad, &account).is_err());
    }
    assert_eq!(outcome("messenger", 200, "", r#"{"recipient_id":"1","message_id":"m_9"}"#), sent("m_9"));
    assert!(is_refused(&outcome("messenger", 400, "", r#"{"error":{"code":10}}"#)));
    assert!(is_retry(&outcome("messenger", 400, "", r#"{"error":{"code":613}}"#)));
}

#[test]
fn instagram_has_its_own_id_and_limit() {
    let account = account(json!({ "instagram_id": 17841, "human_agent": true }));
    let message = text(AddressKind::User, "622");
    assert_eq!(format("instagram", &message, &account).unwrap().path, "/v23.0/17841/messages");
    let sent_body = body("instagram", &message, &account);
    assert_eq!(
        (&sent_body["tag"], &sent_body["messaging_type"]),
        (&"HUMAN_AGENT".into(), &"MESSAGE_TAG".into())
    );
    let long = Outbound { text: Some(Private("x".repeat(1001))), ..message };
    assert!(matches!(format("instagram", &long, &account), Err(FormatError::TooMuch { limit: 1000, .. })));
}

#[test]
fn telegram_has_a_method_for_every_kind() {
    let account = account(json!({}));
    let message = Outbound { in_reply_to: Some("622:15".into()), ..text(AddressKind::User, "622") };
    let request = format("telegram", &message, &account).unwrap();
    assert_eq!(request.path, "/bot1:token/sendMessage");
    assert!(!format!("{request:?}").contains("1:token"));
    assert_eq!(
        body("telegram", &message, &account),
        json!({
            "chat_id": "622", "text": "a < b & c",
            "reply_parameters": { "message_id": 15, "allow_sending_without_reply": true },
        })
    );
    let topic = text(AddressKind::Group, "-100:77");
    let sent_body = body("telegram", &topic, &account);
    assert_eq!((&sent_body["chat_id"], &sent_body["message_thread_id"]), (&json!("-100"), &json!(77)));
    let business = body("telegram", &text(AddressKind::User, "622:business:bc_Xy-1"), &account);
    assert_eq!(
        (&business["chat_id"], &business["business_connection_id"]),
        (&json!("622"), &json!("bc_Xy-1"))
    );
    assert!(business.get("message_thread_id").is_none(), "{business}");
    let photo = with_file(message.clone(), "image");
    assert_eq!(format("telegram", &photo, &account).unwrap().path, "/bot1:token/sendPhoto");
    assert_eq!(body("telegram", &photo, &account)["caption"], "a < b & c");
    assert_eq!(
        body("telegram", &with_buttons(message.clone(), 2), &account)["reply_markup"]["inline_keyboard"],
        json!([[{ "text": "Choice 0", "callback_data": "c0" }], [{ "text": "Choice 1", "callback_data": "c1" }]])
    );
    for token in ["", "1:to/ken", "1:token?x"] {
        let account = Account { access_token: Some(token.into()), ..account.clone() };
        let error = format("telegram", &message, &account).unwrap_err();
        assert_eq!(error, FormatError::Setting("access_token"), "{token}");
    }
    assert!(format("telegram", &text(AddressKind::Email, "a@example.org"), &account).is_err());
    let taken = r#"{"ok":true,"result":{"message_id":16,"chat":{"id":622}}}"#;
    assert_eq!(outcome("telegram", 200, "", taken), sent("622:16"));
    let busy =
        r#"{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":35}}"#;
    assert!(matches!(outcome("telegram", 429, "1", busy), Outcome::Retry { after_seconds: Some(35), .. }));
    assert!(is_refused(&outcome("telegram", 403, "", r#"{"ok":false,"error_code":403}"#)));
    assert!(is_retry(&outcome("telegram", 502, "", "")));
}

#[test]
fn slack_answers_in_the_thread_with_its_three_characters_escaped() {
    let account = account(json!({}));
    let message = text(AddressKind::Group, "C1:1772441999.000200");
    let request = format("slack", &message, &account).unwrap();
    assert_eq!(request.path, "/api/chat.postMessage");
    assert_eq!(header(&request, "authorization"), "Bearer 1:token");
    assert_eq!(
        body("slack", &message, &account),
        json!({ "channel": "C1", "thread_ts": "1772441999.000200", "text": "a &lt; b &amp; c" })
    );
    let direct = with_file(text(AddressKind::User, "U1"), "document");
    assert_eq!(
        body("slack", &direct, &account),
        json!({ "channel": "U1", "text": "a &lt; b &amp; c\n<https://files.example.org/1|uno.pdf>" })
    );
    let buttons = body("slack", &with_buttons(message.clone(), 1), &account);
    assert_eq!(buttons["blocks"][1]["elements"][0]["value"], "c0");
    assert!(format("slack", &with_buttons(message, 26), &account).is_err());
    assert_eq!(outcome("slack", 200, "", r#"{"ok":true,"channel":"C1","ts":"1.2"}"#), sent("C1:1.2"));
    assert!(is_refused(&outcome("slack", 200, "", r#"{"ok":false,"error":"channel_not_found"}"#)));
    assert!(is_retry(&outcome("slack", 200, "", r#"{"ok":false,"error":"internal_error"}"#)));
    let busy = r#"{"ok":false,"error":"ratelimited"}"#;
    assert!(matches!(outcome("slack", 429, "30", busy), Outcome::Retry { after_seconds: Some(30), .. }));
}

#[test]
fn twilio_takes_a_form_with_basic_authorisation() {
    let settings =
        json!({ "account_sid": "AC1", "from": "+34911111111", "status_callback": "https://d.example/s" });
    let sms = account(settings.clone());
    let message = text(AddressKind::Phone, "+34600111222");
    let request = format("twilio-sms", &message, &sms).unwrap();
    assert_eq!(request.path, "/2010-04-01/Accounts/AC1/Messages.json");
    assert_eq!(header(&request, "authorization"), "Basic MTp0b2tlbg==");
    let form = fields(&request);
    for (name, value) in [
        ("To", "+34600111222"),
        ("From", "+34911111111"),
        ("Body", "a < b & c"),
        ("StatusCallback", "https://d.example/s"),
    ] {
        assert_eq!(field(&form, name), Some(value), "{name}");
    }
    // A token without a user is the account's own.
    let own = Account { access_token: None, secrets: vec!["12345".into()], ..sms.clone() };
    let request = format("twilio-sms", &message, &own).unwrap();
    assert_eq!(header(&request, "authorization"), "Basic QUMxOjEyMzQ1");
    let user = text(AddressKind::User, "ES.1");
    assert!(format("twilio-sms", &user, &sms).is_err());
    assert!(format("twilio-sms", &with_buttons(message.clone(), 1), &sms).is_err());

    let form = fields(&format("twilio-whatsapp", &user, &sms).unwrap());
    assert_eq!(field(&form, "To"), Some("whatsapp:ES.1"));
    assert_eq!(field(&form, "From"), Some("whatsapp:+34911111111"));
    let template = Template {
        name: "HX1".into(),
        language: "es".into(),
        header: None,
        body: vec![Parameter { name: None, text: Private("Ana".into()) }],
        buttons: Vec::new(),
    };
    let template = Outbound { text: None, template: Some(template), ..message.clone() };
    let form = fields(&format("twilio-whatsapp", &template, &sms).unwrap());
    assert_eq!(field(&form, "ContentVariables"), Some(r#"{"1":"Ana"}"#));
    assert_eq!(field(&form, "ContentSid"), Some("HX1"));
    assert!(format("twilio-sms", &template, &sms).is_err());

    let mut service = sms.clone();
    service.settings.insert("messaging_service_sid".into(), "MG1".into());
    let form = fields(&format("twilio-sms", &with_file(message, "image"), &service).unwrap());
    assert_eq!((field(&form, "MessagingServiceSid"), field(&form, "From")), (Some("MG1"), None));
    assert_eq!(field(&form, "MediaUrl"), Some("https://files.example.org/1"));
}

#[test]
fn twilio_codes_tell_passing_from_final() {
    assert_eq!(outcome("twilio-sms", 201, "", r#"{"sid":"SM9","status":"queued"}"#), sent("SM9"));
    for code in [20_429, 63_018, 30_001] {
        let body = format!(r#"{{"code":{code},"message":"to +34600111222","status":400}}"#);
        assert!(is_retry(&outcome("twilio-sms", 400, "", &body)), "{code}");
    }
    for code in [21_211, 21_610, 63_016, 99_999] {
        let result =
            outcome("twilio-sms", 400, "", &format!(r#"{{"code":{code},"message":"+34600111222"}}"#));
        assert!(is_refused(&result), "{code}");
        assert!(!format!("{result:?}").contains("+34"), "{code}: the recipient is quoted");
    }
    assert!(is_retry(&outcome("twilio-sms", 503, "", "")));
}

#[test]
fn in_app_answers_are_standard_webhooks() {
    let account =
        Account { secrets: vec!["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()], ..account(json!({})) };
    let request = format("in-app", &text(AddressKind::User, "rider-81"), &account).unwrap();
    assert_eq!(header(&request, "webhook-id"), "out_1");
    assert!(header(&request, "webhook-signature").starts_with("v1,"));
}

#[test]
fn podio_gets_its_code_back() {
    use relevo_channels::exchange::{Exchange, Turn};
    use relevo_channels::podio::Call;
    let mut call = Call::validation("11", "ab&cd", None);
    let Turn::Ask(request) = call.begin(&account(json!({})), chrono::DateTime::UNIX_EPOCH) else {
        panic!("no request")
    };
    assert_eq!(
        (request.path.as_str(), request.body.as_slice()),
        ("/hook/11/verify/validate", &b"code=ab%26cd"[..])
    );
    assert_eq!(header(&request, "authorization"), "OAuth2 1:token");
}
