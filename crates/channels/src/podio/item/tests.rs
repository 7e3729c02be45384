use super::*;

fn document() -> Value {
    serde_json::from_str(include_str!("example.json")).unwrap()
}

fn message(document: &Value, account: &Account) -> InboundMessage {
    match read_item(document, account).unwrap() {
        Inbound::Message(message) => *message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_item_is_a_message_of_whom_it_names_with_its_fields_in_words() {
    let read = message(&document(), &Account::default());
    assert_eq!((read.external_id.as_str(), read.from.kind), ("item:3000", AddressKind::Email));
    assert_eq!(read.from.value.0, "secretaria@encina.example");
    assert_eq!(read.also_known_as[0].value.0, "+34 600 111 222");
    assert_eq!(read.name.map(|name| name.0).as_deref(), Some("Rosa Pérez"));
    assert_eq!(
        read.text.unwrap().0,
        "No carga el acta\nColegio: La Encina\nDetalle: Se queda en blanco al abrir «Actas».\nUrgencia: Alta\n\
         Contacto: Rosa Pérez\nDesde: 2026-03-02 08:00:00\nAlumnos: 120.0000\nImporte: 12.50 EUR\n\
         Captura: https://example.org/x\nMóvil: +34 600 111 222"
    );
    assert_eq!(read.subject.unwrap().0, "No carga el acta");
    assert_eq!(read.sent_at.unwrap().to_rfc3339(), "2026-03-02T08:55:12+00:00");
    assert_eq!(read.data.unwrap().0["fields"]["urgencia"], "Alta");
}

#[test]
fn an_item_that_is_known_is_an_event_of_its_revision() {
    let event = only(news(&document(), "item.update"));
    assert_eq!((event.external_id.as_str(), event.kind.as_str()), ("item:3000:4", "item.update"));
    assert_eq!(item_of(&Inbound::Other(event)).as_deref(), Some("3000"));
    let first = read_item(&document(), &Account::default()).unwrap();
    assert_eq!(item_of(&first).as_deref(), Some("3000"), "the message of an item that was missed");
}

fn news(document: &Value, kind: &str) -> Vec<OtherEvent> {
    let since = json::rfc3339(&"2026-03-02T09:00:00Z".into()).unwrap();
    let news = read_news(document, kind, since, &Account::default()).unwrap();
    let event = |item| match item {
        Inbound::Other(event) => event,
        other => panic!("{other:?}"),
    };
    news.into_iter().map(event).collect()
}

fn only(mut events: Vec<OtherEvent>) -> OtherEvent {
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

#[test]
fn files_stay_where_they_are_and_are_named_with_the_message() {
    let read = message(&document(), &Account::default());
    let file = &read.attachments[0];
    assert_eq!((file.kind.as_str(), file.mime_type.as_deref()), ("image", Some("image/png")));
    assert_eq!((file.reference.as_str(), file.size_bytes), ("https://files.podio.com/501", Some(48_211)));
    assert_eq!(file.filename.as_ref().map(|name| name.0.as_str()), Some("acta.png"));
    assert_eq!(read.attachments.len(), 1, "one without a link cannot be opened");

    let changed = |name: &str| {
        let mut document = document();
        document["files"][0]["name"] = name.into();
        only(news(&document, "file.change")).external_id
    };
    assert_eq!(changed("a.png"), changed("a.png"));
    assert_ne!(changed("a.png"), changed("b.png"), "the revision of the item stays the same");
}

#[test]
fn comments_are_events_by_their_own_ids_with_who_wrote_them() {
    let event = only(news(&document(), "comment.create"));
    assert_eq!(event.external_id, "item:3000:comment:802");
    let data = &event.data.0;
    assert_eq!((&data["by"], &data["text"]), (&json!("Iván Soto"), &json!("Reproducido en 4.2.")));
    assert_eq!(
        (&data["at"], &data["files"][0]["name"]),
        (&json!("2026-03-02T09:30:00Z"), &json!("traza.txt"))
    );
    let gone = OtherEvent {
        group: None,
        means: None,
        external_id: String::new(),
        kind: "comment.delete".to_owned(),
        from: None,
        data: json!({"item_id": "3000", "comment_id": "802"}).into(),
    };
    assert_eq!(item_of(&Inbound::Other(gone)).as_deref(), Some("3000"));
}

#[test]
fn the_account_says_which_field_the_contact_is_in_and_without_one_the_item_speaks_for_itself() {
    let settings = json!({"contact_field": "movil"}).as_object().cloned().unwrap();
    let read = message(&document(), &Account { settings, ..Account::default() });
    assert_eq!((read.from.kind, read.from.value.0.as_str()), (AddressKind::Phone, "+34 600 111 222"));
    let bare = json!({"item_id": 7, "title": "", "fields": "none"});
    let read = message(&bare, &Account::default());
    assert_eq!((read.from.kind, read.from.value.0.as_str()), (AddressKind::User, "item:7"));
}

#[test]
fn what_is_no_item_is_refused_and_no_field_is_trusted() {
    let account = Account::default();
    for bad in [json!(null), json!([]), json!({}), json!({"item_id": {}}), json!({"item_id": ""})] {
        assert!(read_item(&bad, &account).is_err(), "{bad}");
        assert!(read_news(&bad, COMMENT, DateTime::UNIX_EPOCH, &account).is_err(), "{bad}");
    }
    for odd in [
        json!(1),
        json!({"type": "text"}),
        json!({"type": "text", "label": "x", "values": [{"value": 1}, 2]}),
    ] {
        let read = message(&json!({"item_id": 1, "fields": [odd]}), &account);
        assert_eq!(read.from.value.0, "item:1");
    }
}
