//! Targets beside the channels: documents of desks, stored values, links, cursors, addresses.

use chrono::DateTime;
use relevo_calendar::deadline::RuleBook;
use relevo_calendar::{Calendar, ical};
use relevo_channels::Account as ChannelAccount;
use relevo_channels::podio::{READ_BACK, read_item, read_news};
use relevo_domain::account::Account;
use relevo_domain::config::Config;
use relevo_domain::contact::Contact;
use relevo_domain::conversation::Conversation;
use relevo_domain::outbox::Outbox;
use relevo_domain::pack::{self, CustomField};
use relevo_domain::survey::SurveyState;
use relevo_domain::tokens::Tokens;
use relevo_domain::worklist::Order;
use relevo_edge::keys::DeskKeys;
use relevo_edge::{cursor, ids, survey_link, token};
use relevo_journal::{Desk, DocKey, Event, EventId, Fold, Hlt, StreamId};
use relevo_rendering::{Documents, Locales, Preview, TemplateSet};
use serde_json::{Value, json};

use crate::Target;
use crate::corpus::{below, root};

/// All of them.
pub fn targets() -> Vec<Target> {
    vec![
        Target::new(
            "address",
            texts(&["https://example.org:8443/hook?x=1", "https://[::ffff:127.0.0.1]/"]),
            address,
        ),
        Target::new("calendar", json_files("calendars.json", true), calendar),
        Target::new("deadlines", rule_books(), deadlines),
        Target::new("cursor", texts(&["n17", "1772000000000.abcdefghijklmnopqrstuvwx27"]), cursors),
        Target::new("event", texts(&EVENTS), event),
        Target::new("field-value", texts(&FIELD_VALUES), field_value),
        Target::new("ical", texts(&ICAL), holidays),
        Target::new("ids", texts(&["tkt_abcdefghijklmnopqrstuvwx27_3", "school:conversation:abc"]), names),
        Target::new("pack", packs(), read_pack),
        Target::new("podio-item", vec![PODIO_ITEM.to_vec(), PODIO_BARE.to_vec()], podio_item),
        Target::new("template", templates(), template),
        Target::new("templates", packs(), template_set),
        Target::new("token", tokens(), read_token),
    ]
}

const EVENTS: [&str; 4] = [
    r#"{"type":"status.changed","ticket":1,"status":"solved","category":"solved","reason":"x"}"#,
    r#"{"type":"token.issued","id":"tok_a","record":{"name":"a","person":"ana","role":"agent"}}"#,
    r#"{"type":"pack.published","blob":"00"}"#,
    r#"{"type":"survey.answered","score":5,"comment":"ok"}"#,
];

const ICAL: [&str; 2] = [
    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20260106\r\nSUMMARY:Reyes\r\nRRULE:FREQ=YEARLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20260501\nDTEND;VALUE=DATE:20260503\nSUMMARY:a\n b\nRDATE;VALUE=DATE:20270501\nEXDATE;VALUE=DATE:20260502\nEND:VEVENT\nEND:VCALENDAR\n",
];

const FIELD_VALUES: [&str; 10] = [
    "1.200,50 EUR",
    "€ -12",
    "12",
    "-1.5",
    r#"{"minor": 1250, "currency": "EUR"}"#,
    "2026-03-01",
    "2026-03-01T09:00:00Z",
    "yes",
    "a, b",
    "ES9121000418450200051332",
];

const PODIO_ITEM: &[u8] = include_bytes!("../../../crates/channels/src/podio/item/example.json");

const PODIO_BARE: &[u8] = br#"{"item_id": "3001", "title": "x", "fields": []}"#;

/// A value that is read is one that the field takes.
fn field_value(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for kind in [
        "text",
        "long_text",
        "number",
        "integer",
        "money",
        "date",
        "date_time",
        "boolean",
        "choice",
        "multi_choice",
        "email",
        "phone",
        "url",
        "iban",
    ] {
        let field = json!({"name": {}, "type": kind, "choices": [{"id": "a"}, {"id": "b"}]});
        let field: CustomField = serde_json::from_value(field).expect("a field");
        if let Some(value) = field.read(text) {
            assert_eq!(field.refuses(&value), None, "{kind} {value}");
        }
    }
}

fn podio_item(bytes: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Value>(bytes) else { return };
    let account = ChannelAccount::default();
    let _ = read_item(&document, &account);
    for kind in READ_BACK {
        let _ = read_news(&document, kind, DateTime::UNIX_EPOCH, &account);
    }
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn keys() -> DeskKeys {
    DeskKeys::derive(&"1a".repeat(32), "school").expect("a good key")
}

fn address(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(uri) = relevo_outward::parse(text, "") {
        assert_eq!(uri.scheme_str(), Some("https"), "{uri}");
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        assert!(host.parse().is_ok_and(relevo_outward::is_public) || host.contains('.'), "{uri}");
        // What is sent to is what was checked.
        assert_eq!(relevo_outward::parse(&uri.to_string(), ""), Ok(uri.clone()), "{uri}");
    }
}

fn calendar(bytes: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Value>(bytes) else { return };
    if let Ok(calendar) = Calendar::parse(&document) {
        let again =
            Calendar::parse(&calendar.to_json()).expect("what was read is written so that it is read again");
        assert_eq!(again.to_json(), calendar.to_json());
    }
    let question =
        serde_json::json!({"calendar": document, "start": "2026-03-02T09:00:00Z", "seconds": 25_920});
    let _ = relevo_calendar::preview(&question, &|_| None);
}

fn rule_books() -> Vec<Vec<u8>> {
    let books = below(&root().join("crates/calendar/rules"), "json");
    books.into_iter().map(|path| std::fs::read(path).expect("a file")).collect()
}

fn deadlines(bytes: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Value>(bytes) else { return };
    if let Ok(book) = RuleBook::parse(&document) {
        let again = serde_json::to_value(&book).expect("JSON");
        assert_eq!(RuleBook::parse(&again), Ok(book));
    }
}

fn cursors(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(number) = cursor::parse_below(text) {
        assert_eq!(cursor::parse_below(&cursor::below(number)), Ok(number));
    }
    if let Ok((ms, name)) = cursor::parse_after(text) {
        assert_eq!(cursor::parse_after(&cursor::after(ms, name)), Ok((ms, name)));
    }
    for order in Order::ALL {
        if let Ok(key) = cursor::parse_in_order(order, text) {
            assert_eq!(cursor::parse_in_order(order, &cursor::in_order(order, key)), Ok(key));
        }
    }
}

/// Data of an event, folded into a state of every kind that takes it.
fn event(bytes: &[u8]) {
    fold::<Account>(bytes);
    fold::<Config>(bytes);
    fold::<Contact>(bytes);
    fold::<Conversation>(bytes);
    fold::<Outbox>(bytes);
    fold::<SurveyState>(bytes);
    fold::<Tokens>(bytes);
    let _ = relevo_journal::value::decode::<Value>(bytes);
}

fn fold<F: Fold + Default>(bytes: &[u8]) {
    let mut state = F::default();
    let Ok(data) = serde_json::from_slice::<F::Data>(bytes) else { return };
    let event = Event {
        id: EventId::new("a").expect("an id"),
        hlt: Hlt::default(),
        at: DateTime::UNIX_EPOCH,
        by: "test".to_owned(),
        tag: 0,
        data,
    };
    state.apply(&event);
    state.apply(&event);
}

fn holidays(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(days) = ical::parse_holidays(&text, 2026..=2030) {
        assert!(days.is_sorted(), "{days:?}");
    }
}

fn names(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok((name, ordinal)) = ids::parse_ticket(text) {
        assert_eq!(ids::parse_ticket(&ids::ticket(name, ordinal)), Ok((name, ordinal)));
    }
    let _ = ids::parse(text, ids::CONTACT, "contact");
    let _ = Desk::new(text);
    if let Ok(stream) = text.parse::<StreamId>() {
        assert_eq!(stream.to_string(), text);
    }
    let _ = text.parse::<DocKey>();
}

fn read_pack(bytes: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Value>(bytes) else { return };
    if let Ok(pack) = pack::parse(document) {
        let again = serde_json::to_value(&pack).expect("JSON");
        assert_eq!(pack::parse(again), Ok(pack));
    }
}

fn template(bytes: &[u8]) {
    // The first byte: which channel.
    let Some((which, source)) = bytes.split_first() else { return };
    let Ok(source) = std::str::from_utf8(source) else { return };
    let channel = ["text", "email", "sms", "whatsapp"][usize::from(which % 4)];
    let set = TemplateSet::new(Documents::default());
    let data = serde_json::json!({"name": "Ana", "n": 3, "list": [1, 2], "at": "2026-03-02T09:00:00Z"});
    let _ = set.preview(&Preview {
        source,
        channel,
        data: &data,
        locale: "es",
        time_zone: Some("Europe/Madrid"),
    });
}

fn template_set(bytes: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Value>(bytes) else { return };
    let part = |name: &str| document.get(name).cloned().unwrap_or_default();
    let _ = TemplateSet::load(&part("templates"), &part("partials"), Locales::default());
}

fn read_token(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let keys = keys();
    // The key is known here: what is genuine is one of the corpus.
    if survey_link::parse(text).is_some_and(|link| link.is_genuine(&keys)) {
        assert!(tokens().iter().any(|known| known == bytes), "{text}");
    }
    if token::is_issued(&keys, text) {
        let _ = token::desk(text);
    }
}

fn tokens() -> Vec<Vec<u8>> {
    let at = DateTime::from_timestamp(1_800_000_000, 0).expect("an instant");
    let link = survey_link::token(&keys(), "school", "abcdefghijklmnopqrstuvwx27", at);
    vec![link.into_bytes(), b"rlv_school_abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnop".to_vec()]
}

fn templates() -> Vec<Vec<u8>> {
    let sources =
        below(&root().join("packs"), "j2").into_iter().map(|path| std::fs::read(path).expect("a file"));
    (0..=3_u8).cycle().zip(sources).map(|(n, source)| [vec![n], source].concat()).collect()
}

/// Each desk's pack, without what is in folders.
fn packs() -> Vec<Vec<u8>> {
    let named = |path: &std::path::PathBuf| path.file_name().is_some_and(|name| name == "pack.json");
    let folders = below(&root().join("packs"), "json").into_iter().filter(named);
    let one = |path: std::path::PathBuf| {
        let folder = path.parent().expect("a folder").to_owned();
        let read = |path: &std::path::Path| -> Value {
            serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON")
        };
        let mut pack = read(&path);
        for (part, _) in crate::corpus::files(&folder) {
            let stem = part.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
            if part.extension().is_some_and(|ending| ending == "json") && stem != "pack" {
                pack[stem] = read(&part);
            }
        }
        // Templates are a target of their own; a survey refers to one.
        if let Some(pack) = pack.as_object_mut() {
            pack.remove("survey");
        }
        pack.to_string().into_bytes()
    };
    folders.map(one).collect()
}

/// Members of the files of that name in all packs.
fn json_files(name: &str, members: bool) -> Vec<Vec<u8>> {
    let found = below(&root().join("packs"), "json").into_iter();
    let found = found.filter(|path| path.file_name().is_some_and(|found| found == name));
    let values = found.map(|path| std::fs::read(path).expect("a file"));
    let mut all = Vec::new();
    for value in values {
        let parsed: Value = serde_json::from_slice(&value).expect("JSON");
        match parsed.as_object().filter(|_| members) {
            Some(object) => all.extend(object.values().map(|member| member.to_string().into_bytes())),
            None => all.push(value),
        }
    }
    all
}
