//! Templates on every kind of channel, in every language they have, and the data that are refused.
#![allow(clippy::unwrap_used, reason = "tests")]

use relevo_rendering::locale::Direction;
use relevo_rendering::{Encoding, Limit, Locales, RenderError, Rendered, Request, TemplateSet};
use serde_json::{Value, json};

fn set() -> TemplateSet {
    let templates = json!({
        "accepted": {
            "data": {
                "number": { "type": "integer", "example": 1042 },
                "name": { "type": "string", "example": "Ana" },
                "due": { "type": "datetime", "example": "2026-11-23T13:00:00Z" },
                "amount": { "type": "money", "example": { "minor": 123_450, "currency": "EUR" }, "optional": true },
            },
            "locales": {
                "es": {
                    "subject": "Caso {{ number }}: {{ name }}",
                    "text": "Hola {{ name }}, caso {{ number }}, antes del {{ due | datetime('short') }}.{% if amount is defined %} Importe: {{ amount }}.{% endif %}\n{% include 'signature' %}",
                    "html": "<p>Hola <b>{{ name }}</b></p>{% include 'signature' %}",
                    "sms": "Caso {{ number }}: {{ name }}{% if amount is defined %} {{ amount }}{% endif %}",
                    "whatsapp": { "name": "caso_recibido", "language": "es", "parameters": ["{{ name }}", "{{ number }}"], "body": "Hola {{1}}, caso {{2}} ({{1}})." },
                    "title": "Caso {{ number }}", "body": "Lo tenemos, {{ name }}",
                    "action": { "label": "Ver", "url": "https://x.es/{{ number }}" },
                },
                "es-MX": { "text": "Qué tal {{ name }}: {{ number }}, {{ due | time }}{% if amount is defined %}, {{ amount }}{% endif %}" },
                "fr": {
                    "subject": "Dossier {{ number }}", "text": "Bonjour {{ name }}, le {{ due | date }}{% if amount is defined %} : {{ amount }}{% endif %}",
                    "html": "<p>Bonjour {{ name }}</p>", "sms": "{{ name }}",
                    "whatsapp": { "name": "dossier", "language": "fr", "parameters": ["{{ name }}"] },
                    "title": "Dossier", "body": "{{ name }}", "action": { "label": "Voir", "url": "https://x.fr/{{ number }}" },
                },
            },
        },
        "plain": { "gsm7": true, "locales": { "es": { "text": "Está aquí – «ya»" } } },
    });
    let partials = json!({ "signature": {
        "locales": { "es": { "text": "— Equipo de {{ name }}", "html": "<i>Equipo de {{ name }}</i>" }, "fr": "L'équipe" },
    } });
    let locales = Locales {
        default: "es".into(),
        fallback: [("ca".to_owned(), vec!["es".to_owned()])].into(),
        ..Locales::default()
    };
    TemplateSet::load(&templates, &partials, locales).unwrap()
}

fn data() -> Value {
    json!({ "number": 1042, "name": "Ana", "due": "2026-11-23T13:00:00Z" })
}

fn render(name: &str, locale: &str, channel: &str, data: &Value) -> Result<Rendered, RenderError> {
    set().render(&Request { name, locale, channel, data, time_zone: Some("Europe/Madrid") })
}

#[test]
fn an_email_has_subject_text_and_html() {
    let mail = render("accepted", "es", "postmark", &data()).unwrap();
    assert_eq!(mail.subject.as_deref(), Some("Caso 1042: Ana"));
    assert_eq!(mail.text, "Hola Ana, caso 1042, antes del 23/11/2026, 14:00.\n— Equipo de Ana");
    assert_eq!(mail.html.as_deref(), Some("<p>Hola <b>Ana</b></p><i>Equipo de Ana</i>"));
    assert_eq!((mail.whatsapp, mail.segments, mail.direction), (None, None, Direction::Ltr));
}

#[test]
fn a_layout_becomes_html_and_its_text_is_derived() {
    let layout = "<mjml><mj-body>{% include 'top' %}<mj-section><mj-column>\
        <mj-text>Hola <b>{{ name }}</b>{% if vip %}, gracias{% endif %}</mj-text>\
        <mj-button href=\"{{ url }}\">Ver el caso</mj-button></mj-column></mj-section></mj-body></mjml>";
    let templates = json!({ "t": {
        "data": {
            "name": { "type": "string", "example": "Ana" }, "vip": { "type": "boolean", "example": true },
            "url": { "type": "string", "example": "https://x.es/a" },
        },
        "locales": {
            "es": { "subject": "Caso", "mjml": layout },
            "es-MX": { "html": "<p>Qué tal {{ name }}{% if vip %}!{% endif %}: {{ url }}</p>" },
        },
    } });
    let partials = json!({ "top": { "html": "<mj-section><mj-column><mj-text>Relevo</mj-text></mj-column></mj-section>", "text": "x" } });
    let set =
        TemplateSet::load(&templates, &partials, Locales { default: "es".into(), ..Locales::default() })
            .unwrap();
    let render = |locale: &str, name: &str, url: &str| {
        let data = json!({ "name": name, "vip": false, "url": url });
        set.render(&Request { name: "t", locale, channel: "mailgun", data: &data, time_zone: None })
    };
    let mail = render("es", "Ana", "https://x.es/?a=1&b=2").unwrap();
    assert_eq!(mail.text, "Relevo\n\nHola Ana\n\nVer el caso (https://x.es/?a=1&b=2)");
    let html = mail.html.unwrap();
    assert!(html.starts_with("<!doctype html><html lang=\"es\" dir=\"ltr\""), "{html}");
    assert!(html.contains("role=\"presentation\"") && !html.contains("mj-text"), "{html}");
    assert_eq!(
        render("es-MX", "Ana", "x").unwrap().html.unwrap(),
        "<p>Qué tal Ana: x</p>",
        "the region's own"
    );
    // Data are text by the time the layout is read.
    let evil = "</mj-text><mj-raw><script>alert(1)</script></mj-raw>{{ url }}\" onclick=\"x";
    let html = render("es", evil, evil).unwrap().html.unwrap();
    assert!(!html.contains("<script") && !html.contains("\" onclick"), "{html}");
    assert!(html.contains("&lt;script&gt;"), "{html}");
    assert!(matches!(render("es", "Ana", "javascript:alert(1)"), Err(RenderError::UnsafeLink(_))));
}

#[test]
fn an_sms_has_segments_and_plain_spaces() {
    let mut with = data();
    with["amount"] = json!({ "minor": 123_450, "currency": "EUR" });
    let sms = render("accepted", "es", "twilio-sms", &with).unwrap();
    assert_eq!(sms.text, "Caso 1042: Ana 1234,50 €");
    let segments = sms.segments.unwrap();
    assert_eq!((segments.encoding, segments.count, segments.units), (Encoding::Gsm7, 1, 25));
    assert_eq!((sms.subject, sms.html), (None, None));
}

#[test]
fn an_sms_is_transliterated_where_the_template_says_so() {
    assert_eq!(render("plain", "es", "sms", &json!({})).unwrap().text, "Esta aqui - \"ya\"");
    assert_eq!(render("plain", "es", "text", &json!({})).unwrap().text, "Está aquí – «ya»");
}

#[test]
fn whatsapp_has_the_provider_s_template_and_the_text_as_the_contact_sees_it() {
    let message = render("accepted", "es", "whatsapp", &data()).unwrap();
    assert_eq!(message.text, "Hola Ana, caso 1042 (Ana).");
    let whatsapp = message.whatsapp.unwrap();
    assert_eq!((whatsapp.name.as_str(), whatsapp.language.as_str()), ("caso_recibido", "es"));
    assert_eq!(whatsapp.parameters, ["Ana", "1042"]);
    let french = render("accepted", "fr", "twilio-whatsapp", &data()).unwrap();
    assert_eq!(french.text, "Bonjour Ana, le 23 novembre 2026");
    assert_eq!(french.whatsapp.unwrap().parameters, ["Ana"]);
    assert_eq!(render("plain", "es", "whatsapp", &json!({})).unwrap().whatsapp, None);
}

#[test]
fn a_whatsapp_template_has_names_a_header_and_buttons() {
    let templates = json!({ "due": {
        "data": {
            "name": { "type": "string", "example": "Ana" },
            "amount": { "type": "money", "example": { "minor": 123_450, "currency": "EUR" } },
            "file": { "type": "string", "example": "https://x.es/recibo.pdf" },
            "token": { "type": "string", "example": "abc" },
        },
        "locales": {
            "es": { "whatsapp": {
                "name": "vence", "language": "es",
                "header": { "type": "text", "text": "Recibo de {{quien}}", "value": "{{ name }}" },
                "parameters": { "quien": "{{ name }}", "importe": "{{ amount }}" },
                "body": "Hola, {{quien}}: debe {{ importe }}. Gracias, {{quien}}.",
                "buttons": [
                    { "type": "quick_reply", "text": "Ya pagué" },
                    { "type": "url", "url": "https://x.es/{{1}}", "value": "{{ token }}" },
                    { "type": "quick_reply", "value": "call-{{ token }}" },
                ],
            } },
            "fr": { "whatsapp": {
                "name": "echeance", "language": "fr", "body": "Bonjour {{1}}, {{2}}.",
                "parameters": ["{{ name }}", "{{ amount }}"],
                "header": { "type": "document", "value": "{{ file }}" },
            } },
        },
    } });
    let set =
        TemplateSet::load(&templates, &Value::Null, Locales { default: "es".into(), ..Locales::default() });
    let set = set.unwrap();
    let render = |locale: &str, file: &str| {
        let amount = json!({ "minor": 123_450, "currency": "EUR" });
        let data = json!({ "name": "Ana", "amount": amount, "file": file, "token": "t0k" });
        set.render(&Request { name: "due", locale, channel: "whatsapp", data: &data, time_zone: None })
    };
    let message = render("es", "https://x.es/a").unwrap();
    assert_eq!(message.text, "Recibo de Ana\n\nHola, Ana: debe 1234,50\u{a0}€. Gracias, Ana.");
    assert_eq!(
        serde_json::to_value(message.whatsapp).unwrap(),
        json!({
            "name": "vence", "language": "es",
            "parameters": ["1234,50\u{a0}€", "Ana"], "names": ["importe", "quien"],
            "header": { "type": "text", "value": "Ana", "name": "quien" },
            "buttons": [
                { "index": 1, "type": "url", "value": "t0k" },
                { "index": 2, "type": "quick_reply", "value": "call-t0k" },
            ],
        })
    );
    let french = render("fr", "https://x.es/a.pdf").unwrap().whatsapp.unwrap();
    assert_eq!(french.header.unwrap().value, "https://x.es/a.pdf");
    assert!(french.names.is_empty() && french.buttons.is_empty());
    let error = render("fr", "javascript:alert(1)").unwrap_err();
    assert!(matches!(error, RenderError::Parameter { ref path, .. } if path == "header/value"), "{error}");
}

#[test]
fn an_in_app_message_has_title_body_and_action() {
    let message = render("accepted", "es", "in-app", &data()).unwrap();
    assert_eq!(message.subject.as_deref(), Some("Caso 1042"));
    assert_eq!(message.text, "Lo tenemos, Ana");
    assert_eq!(message.action.unwrap().url, "https://x.es/1042");
}

#[test]
fn the_language_falls_back_and_is_never_mixed() {
    for (locale, resolved, text) in [
        ("es", "es", "Hola Ana"),
        ("es-MX", "es-MX", "Qué tal Ana: 1042, 14:00"),
        ("es_mx", "es-MX", "Qué tal Ana"),
        ("es-AR", "es", "Hola Ana"),
        ("fr-CA", "fr", "Bonjour Ana"),
        ("ca", "es", "Hola Ana"),
        ("zh-Hans-CN", "es", "Hola Ana"),
        ("", "es", "Hola Ana"),
        ("not a tag/../x", "es", "Hola Ana"),
    ] {
        let message = render("accepted", locale, "telegram", &data()).unwrap();
        assert_eq!(message.locale, resolved, "{locale}");
        assert!(message.text.starts_with(text), "{locale}: {}", message.text);
    }
    let mail = render("accepted", "es-MX", "email", &data()).unwrap();
    assert_eq!(
        mail.subject.as_deref(),
        Some("Caso 1042: Ana"),
        "a region takes what it lacks from its language"
    );
}

#[test]
fn the_region_is_the_reader_s() {
    let mut with = data();
    with["amount"] = json!({ "minor": 123_450, "currency": "MXN" });
    assert!(render("accepted", "es-MX", "text", &with).unwrap().text.ends_with("$1,234.50"));
    assert!(render("accepted", "es-PE", "text", &with).unwrap().text.contains("$1,234.50"));
    assert!(render("accepted", "es", "text", &with).unwrap().text.contains("1234,50\u{a0}MXN"));
    assert!(render("accepted", "ca", "text", &with).unwrap().text.contains("1234,50\u{a0}MXN"));
}

#[test]
fn refusals() {
    let name = |r: Result<Rendered, RenderError>| r.map_err(|e| e.code());
    assert_eq!(name(render("nope", "es", "sms", &data())), Err("unknown_template"));
    assert_eq!(name(render("accepted", "es", "pigeon", &data())), Err("unknown_channel"));
    assert_eq!(name(render("plain", "es", "email", &json!({}))), Err("missing_part"));
    let zone =
        Request { name: "plain", locale: "es", channel: "sms", data: &json!({}), time_zone: Some("Mars") };
    assert_eq!(name(set().render(&zone)), Err("unknown_time_zone"));
    let only = TemplateSet::load(
        &json!({ "t": { "locales": { "fr": { "text": "x" } } } }),
        &Value::Null,
        Locales { default: "fr".into(), ..Locales::default() },
    );
    let mut documents = only.unwrap().documents().clone();
    documents.locales.default = "de".into();
    let set = TemplateSet::new(documents);
    let request = Request { name: "t", locale: "es", channel: "sms", data: &json!({}), time_zone: None };
    assert_eq!(name(set.render(&request)), Err("missing_translation"));
}

#[test]
fn data_are_held_against_the_schema() {
    let mut cases = Vec::new();
    let mut case = |change: &dyn Fn(&mut Value), pointer: &'static str, code: &'static str| {
        let mut data = data();
        change(&mut data);
        cases.push((data, pointer, code));
    };
    case(&|d| drop(d.as_object_mut().unwrap().remove("name")), "/data/name", "missing");
    case(&|d| d["name"] = Value::Null, "/data/name", "missing");
    case(&|d| d["name"] = json!(5), "/data/name", "wrong_type");
    case(&|d| d["number"] = json!("1042"), "/data/number", "wrong_type");
    case(&|d| d["number"] = json!(1.5), "/data/number", "wrong_type");
    case(&|d| d["number"] = json!(u64::MAX), "/data/number", "wrong_type");
    case(&|d| d["due"] = json!("2026-11-23"), "/data/due", "wrong_type");
    case(&|d| d["due"] = json!("2026-11-23 10:00"), "/data/due", "wrong_type");
    case(&|d| d["amount"] = json!({ "minor": 1.5, "currency": "EUR" }), "/data/amount", "wrong_type");
    case(&|d| d["amount"] = json!({ "minor": 1, "currency": "eur" }), "/data/amount", "wrong_type");
    case(&|d| d["amount"] = json!({ "minor": 1, "currency": "EUR", "x": 1 }), "/data/amount", "wrong_type");
    case(&|d| d["nmae"] = json!("x"), "/data/nmae", "unknown_field");
    case(&|d| d["a/b~"] = json!("x"), "/data/a~1b~0", "unknown_field");
    case(&|d| d["name"] = json!("x".repeat(70_000)), "/data/name", "limit");
    case(&|d| *d = json!([]), "/data", "wrong_type");
    for (data, pointer, code) in cases {
        let Err(RenderError::Data(problems)) = render("accepted", "es", "text", &data) else {
            unreachable!("{pointer} {code} was accepted")
        };
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!((problems[0].pointer.as_str(), problems[0].code), (pointer, code));
    }
    let mut null = data();
    null["amount"] = Value::Null;
    assert!(render("accepted", "es", "text", &null).is_ok(), "an optional value may be null");
}

#[test]
fn nested_data_are_checked_by_declaration_or_example() {
    let templates = json!({ "t": {
        "data": {
            "who": { "type": "object", "fields": { "first": { "type": "string", "example": "Ana" } } },
            "rows": { "type": "list", "example": [{ "title": "Uno", "price": { "minor": 100, "currency": "EUR" } }] },
        },
        "locales": { "es": { "text": "{{ who.first }}:{% for row in rows %} {{ row.title }} {{ row.price }};{% endfor %}" } },
    } });
    let set =
        TemplateSet::load(&templates, &Value::Null, Locales { default: "es".into(), ..Locales::default() })
            .unwrap();
    let render = |data: Value| {
        set.render(&Request { name: "t", locale: "es", channel: "text", data: &data, time_zone: None })
    };
    let row = json!({ "title": "A", "price": { "minor": 5, "currency": "EUR" }, "more": true });
    let good = render(json!({ "who": { "first": "Ana" }, "rows": [row] })).unwrap();
    assert_eq!(good.text, "Ana: A 0,05\u{a0}€;");
    for (data, pointer, code) in [
        (json!({ "who": {}, "rows": [] }), "/data/who/first", "missing"),
        (json!({ "who": { "first": "a", "lsat": "b" }, "rows": [] }), "/data/who/lsat", "unknown_field"),
        (json!({ "who": { "first": "a" }, "rows": [{ "title": "x" }] }), "/data/rows/0/price", "missing"),
        (json!({ "who": { "first": "a" }, "rows": [5] }), "/data/rows/0", "wrong_type"),
        (json!({ "who": { "first": "a" }, "rows": vec![0; 1001] }), "/data/rows", "limit"),
    ] {
        let Err(RenderError::Data(problems)) = render(data) else { unreachable!("{pointer} was accepted") };
        assert_eq!((problems[0].pointer.as_str(), problems[0].code), (pointer, code));
    }
}

#[test]
fn what_the_provider_refuses_is_refused_before_sending() {
    for (name, reason) in [
        ("a\nb", "line break"),
        ("a\tb", "tab"),
        ("a    b", "three spaces"),
        ("", "empty"),
        ("\u{200b}", "empty"),
        (&"x".repeat(1025), "1024"),
    ] {
        let mut data = data();
        data["name"] = json!(name);
        let error = render("accepted", "es", "whatsapp", &data).unwrap_err();
        assert!(
            matches!(error, RenderError::Parameter { ref path, .. } if path == "parameters/0"),
            "{error}"
        );
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn a_message_fits_its_channel() {
    let mut long = data();
    for (channel, length, fits) in [
        ("sms", 1_600, true),
        ("sms", 1_601, false),
        ("telegram", 4_000, true),
        ("telegram", 4_100, false),
        ("messenger", 2_000, false),
        ("email", 4_100, true),
        ("standard", 4_100, true),
    ] {
        long["name"] = json!("x".repeat(length));
        let done = render("accepted", "fr", channel, &long);
        assert_eq!(done.is_ok(), fits, "{channel} {length}: {done:?}");
        if let Err(error) = done {
            assert_eq!(error, Limit::Channel.into());
        }
    }
    long["name"] = json!("x".repeat(256));
    assert_eq!(render("accepted", "es", "email", &long), Err(Limit::Subject.into()));
}

#[test]
fn a_set_can_be_kept_in_a_static() {
    fn shared<T: Send + Sync + 'static>(_: &T) {}
    shared(&set());
}

#[test]
fn the_result_is_the_contract_s_json() {
    let json = serde_json::to_value(render("accepted", "es", "sms", &data()).unwrap()).unwrap();
    assert_eq!(
        json,
        json!({
            "subject": null, "text": "Caso 1042: Ana", "html": null, "whatsapp": null,
            "segments": { "encoding": "GSM-7", "count": 1, "units": 14 }, "locale": "es", "direction": "ltr",
        })
    );
}
