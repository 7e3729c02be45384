use super::*;
use relevo_channels::{FileSource, OutboundFile, OutboundMail};
use serde_json::json;

fn account() -> Account {
    Account {
        access_token: Some("key-1".into()),
        settings: json!({ "from": "Desk <desk@desk.example>", "domain": "desk.example" })
            .as_object()
            .unwrap()
            .clone(),
        ..Account::default()
    }
}

fn mail() -> Outbound {
    Outbound {
        mail: Some(OutboundMail {
            subject: Private("Re: Multa nº 4".into()),
            html: Some(Private("<p>Sí</p>".into())),
            message_id: "out2@desk.example".into(),
            references: vec!["root@x".into(), "in1@x".into()],
            reply_to: Some("caso+77@desk.example".into()),
            unsubscribe_url: Some(Private("https://desk.example/u/1".into())),
            automatic: true,
        }),
        attachments: vec![OutboundFile {
            kind: "file".into(),
            source: FileSource::Bytes(Private(b"%PDF\xff".to_vec())),
            mime_type: Some("application/pdf".into()),
            filename: Some(Private("multa ñ.pdf".into())),
        }],
        ..Outbound::text("out_2", address(AddressKind::Email, "ana@example.org"), "Sí")
    }
}

const HEADERS: [(&str, &str); 7] = [
    ("Message-ID", "<out2@desk.example>"),
    ("Relevo-Message", "out_2"),
    ("In-Reply-To", "<in1@x>"),
    ("References", "<root@x> <in1@x>"),
    ("List-Unsubscribe", "<https://desk.example/u/1>"),
    ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ("Auto-Submitted", "auto-generated"),
];

#[test]
fn mailgun_takes_a_multipart_form() {
    let request = format("mailgun", &mail(), &account()).unwrap();
    assert_eq!(request.path, "/v3/desk.example/messages");
    assert_eq!(header(&request, "authorization"), "Basic YXBpOmtleS0x");
    let boundary = header(&request, "content-type").strip_prefix("multipart/form-data; boundary=").unwrap();
    let body = String::from_utf8_lossy(&request.body);
    let field = |name: &str, value: &str| {
        let part =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        assert!(body.contains(&part), "{part}\n{body}");
    };
    field("from", "Desk <desk@desk.example>");
    field("to", "ana@example.org");
    field("subject", "Re: Multa nº 4");
    field("text", "Sí");
    field("html", "<p>Sí</p>");
    field("h:Reply-To", "caso+77@desk.example");
    field("v:relevo_id", "out_2");
    HEADERS.iter().for_each(|(name, value)| field(&format!("h:{name}"), value));
    let file = b"filename=\"multa \xc3\xb1.pdf\"\r\nContent-Type: application/pdf\r\n\r\n%PDF\xff\r\n";
    assert!(request.body.windows(file.len()).any(|window| window == file));
    assert!(body.ends_with(&format!("--{boundary}--\r\n")));
    assert_eq!(outcome("mailgun", 200, "", r#"{"id":"<out2@desk.example>"}"#), sent("out2@desk.example"));
    assert!(is_retry(&outcome("mailgun", 429, "", "")));
    assert!(is_refused(&outcome(
        "mailgun",
        400,
        "",
        r#"{"message":"to parameter is not valid ana@example.org"}"#
    )));
}

#[test]
fn postmark_takes_json() {
    let request = format("postmark", &mail(), &account()).unwrap();
    assert_eq!((request.path.as_str(), header(&request, "x-postmark-server-token")), ("/email", "key-1"));
    let sent_body = body("postmark", &mail(), &account());
    let mut headers: Vec<Value> =
        HEADERS.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
    headers.push(json!({ "Name": "X-PM-KeepID", "Value": "true" }));
    assert_eq!(
        sent_body,
        json!({
            "From": "Desk <desk@desk.example>", "To": "ana@example.org", "Subject": "Re: Multa nº 4",
            "TextBody": "Sí", "HtmlBody": "<p>Sí</p>", "ReplyTo": "caso+77@desk.example", "Headers": headers,
            "Metadata": { "relevo_id": "out_2" },
            "Attachments": [
                { "Name": "multa ñ.pdf", "Content": "JVBERv8=", "ContentType": "application/pdf" },
            ],
        })
    );
    assert_eq!(outcome("postmark", 200, "", r#"{"ErrorCode":0,"MessageID":"b7bc2f4a"}"#), sent("b7bc2f4a"));
    let inactive =
        outcome("postmark", 422, "", r#"{"ErrorCode":406,"Message":"ana@example.org is inactive"}"#);
    assert!(is_refused(&inactive) && !format!("{inactive:?}").contains("ana@"));
    assert!(is_retry(&outcome("postmark", 503, "", "")));
}

#[test]
fn sendgrid_takes_json_and_answers_in_a_header() {
    let request = format("sendgrid", &mail(), &account()).unwrap();
    assert_eq!((request.path.as_str(), header(&request, "authorization")), ("/v3/mail/send", "Bearer key-1"));
    let sent_body = body("sendgrid", &mail(), &account());
    let headers: serde_json::Map<String, Value> =
        HEADERS.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    assert_eq!(
        sent_body,
        json!({
            "personalizations": [{ "to": [{ "email": "ana@example.org" }], "custom_args": { "relevo_id": "out_2" } }],
            "from": { "email": "desk@desk.example", "name": "Desk" },
            "reply_to": { "email": "caso+77@desk.example" }, "subject": "Re: Multa nº 4",
            "content": [
                { "type": "text/plain", "value": "Sí" }, { "type": "text/html", "value": "<p>Sí</p>" },
            ],
            "headers": headers,
            "attachments": [
                { "content": "JVBERv8=", "type": "application/pdf", "filename": "multa ñ.pdf" },
            ],
        })
    );
    let mut headers = HeaderMap::new();
    headers.insert("x-message-id", "14c5d75ce93".parse().unwrap());
    assert_eq!((sender("sendgrid").outcome)(202, &headers, b""), sent("14c5d75ce93"));
    assert!(is_retry(&outcome("sendgrid", 429, "", "")));
    assert!(is_refused(&outcome("sendgrid", 401, "", "")));
}

#[test]
fn no_value_makes_a_header_of_its_own_and_nothing_needed_is_missing() {
    let with = |change: fn(&mut OutboundMail)| {
        let mut message = mail();
        change(message.mail.as_mut().unwrap());
        message
    };
    let to = Outbound { to: address(AddressKind::Email, "ana@example.org\r\nBcc: x@y.example"), ..mail() };
    let file = |name: &str| {
        let mut message = mail();
        message.attachments[0].filename = Some(Private(name.into()));
        message
    };
    let bad = [
        ("subject", with(|mail| mail.subject = Private("x\r\nBcc: a@b".into()))),
        ("message id", with(|mail| mail.message_id = "a\nb".into())),
        ("no message id", with(|mail| mail.message_id = String::new())),
        ("reference", with(|mail| mail.references = vec!["a\rb".into()])),
        ("reply-to", with(|mail| mail.reply_to = Some("a\nb".into()))),
        ("unsubscribe", with(|mail| mail.unsubscribe_url = Some(Private("a\nb".into())))),
        ("recipient", to),
        ("file name", file("a\r\nb")),
        ("quote in a file name", file("a\"; x=\"")),
        ("no mail", Outbound { mail: None, ..mail() }),
        ("no text", Outbound { text: None, ..with(|mail| mail.html = None) }),
        ("a phone number", Outbound { to: address(AddressKind::Phone, "+34600111222"), ..mail() }),
    ];
    for (what, message) in &bad {
        for slug in ["mailgun", "postmark", "sendgrid"] {
            assert!(format(slug, message, &account()).is_err(), "{slug}: {what}");
        }
    }
    let mut nobody = account();
    nobody.settings.remove("from");
    assert_eq!(format("postmark", &mail(), &nobody).unwrap_err(), FormatError::Setting("from"));
}
