//! Every mistake an author can make, with the place where it is found.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use relevo_rendering::{Locales, Problem, TemplateSet};
use serde_json::{Value, json};

fn locales() -> Locales {
    Locales { default: "es".into(), ..Locales::default() }
}

fn problems(templates: &Value, partials: &Value) -> Vec<Problem> {
    TemplateSet::load(templates, partials, locales()).err().unwrap_or_default()
}

/// Data with one variable of each type, all of which `text` uses.
fn data() -> Value {
    json!({
        "name": { "type": "string", "example": "Ana" },
        "count": { "type": "integer", "example": 3 },
        "vip": { "type": "boolean", "example": true },
        "amount": { "type": "money", "example": { "minor": 1250, "currency": "EUR" } },
        "due": { "type": "datetime", "example": "2026-11-23T10:00:00Z" },
        "contact": { "type": "object", "fields": { "first": { "type": "string", "example": "Ana" } } },
        "items": { "type": "list", "items": { "type": "object", "example": { "title": "Uno" } } },
        "nick": { "type": "string", "example": "Anita", "optional": true },
    })
}

const USES_ALL: &str = "{{ name }}{{ count }}{% if vip %}{{ amount }}{% endif %}{{ due | date }}{{ contact.first }}\
                        {% for item in items %}{{ item.title }}{% endfor %}{{ nick | default('') }}\n";

/// The problems of a source that stands on the second line, as (line, column, code, message).
fn of(source: &str) -> Vec<(u32, u32, &'static str, String)> {
    let partials = json!({
        "brand": "{% macro firma(quien) %}— {{ quien }}{% endmacro %}{% set lema = 'x' %}",
        "loop": "{% include 'loop' %}",
        "html_only": { "html": "<b>x</b>" },
    });
    let text = format!("{USES_ALL}{source}");
    let templates = json!({ "t": { "data": data(), "locales": { "es": { "text": text } } } });
    problems(&templates, &partials)
        .into_iter()
        .filter(|p| p.pointer == "/templates/t/locales/es/text")
        .inspect(|p| {
            assert_eq!((p.template.as_str(), p.locale.as_str(), p.part.as_str()), ("t", "es", "text"))
        })
        .map(|p| (p.line, p.column, p.code, p.message))
        .collect()
}

#[test]
fn a_sound_source_has_no_problems() {
    for source in [
        "",
        "sin variables, 100 % y { } {",
        "{# {{ nothing }} #}{% raw %}{{ nothing }}{% endraw %}",
        "{% set saludo = 'Hola' %}{{ saludo }}",
        "{% for i in items %}{{ loop.index }}{{ i.title | upper }}{% else %}nada{% endfor %}",
        "{% for i in range(3) %}{{ i }}{% endfor %}",
        "{% if nick is defined %}{{ nick }}{% endif %}",
        "{% with n = contact %}{{ n.first }}{% endwith %}",
        "{% macro m(a, b='x') %}{{ a }}{{ b }}{{ name }}{% endmacro %}{{ m('1') }}",
        "{% import 'brand' as b %}{{ b.firma(name) }}{{ b.lema }}",
        "{% from 'brand' import firma as f %}{{ f(name) }}",
        "{{ contact['first'] }}{{ amount.minor }}{% if items %}{{ items[0].title }}{% endif %}",
        "{{ items | map(attribute='title') | join(', ') }}",
        "{% set ns = namespace(n=0) %}{% for i in items %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}",
        "{{ 'a' if vip else 'b' }}{{ 'solo' if vip }}",
        "{{ count | plural(one='{} día', other='{} días') }}{% if count > 2 and not vip %}x{% endif %}",
    ] {
        assert_eq!(of(source), [], "{source}");
    }
}

#[test]
fn mistakes_in_a_source() {
    let mut wrong = Vec::new();
    for (source, column, code, message) in [
        // Syntax.
        ("Hola {{ name", 9, "syntax", "syntax error: unexpected end of input"),
        ("Hola {{ }}", 9, "syntax", "unexpected end of variable block"),
        ("{% if vip %}x", 13, "syntax", "unexpected end of input"),
        ("{% endif %}", 4, "syntax", "unknown statement endif"),
        ("{% frob %}", 4, "syntax", "unknown statement frob"),
        ("{{ 'a }}", 9, "syntax", "unexpected end of string"),
        // Names.
        (
            "Hola {{ nmae }}",
            9,
            "unknown_variable",
            "\"nmae\" is not declared in the template's data; did you mean \"name\"?",
        ),
        ("{{ xyz }}", 4, "unknown_variable", "\"xyz\" is not declared in the template's data"),
        (
            "ñandú {{ contact.frist }}",
            18,
            "unknown_variable",
            "there is no \"frist\" in this value; did you mean \"first\"?",
        ),
        ("{{ contact['frist'] }}", 12, "unknown_variable", "there is no \"frist\""),
        ("{{ name.first }}", 9, "unknown_variable", "there is no \"first\" in this value"),
        ("{{ amount.cents }}", 11, "unknown_variable", "there is no \"cents\""),
        ("{% for i in items %}{{ i.titel }}{% endfor %}", 26, "unknown_variable", "did you mean \"title\"?"),
        ("{% for i in items %}{% endfor %}{{ i }}", 36, "unknown_variable", "\"i\" is not declared"),
        ("{{ items[0].titel }}", 13, "unknown_variable", "did you mean \"title\"?"),
        ("{% if false %}{{ nmae }}{% endif %}", 18, "unknown_variable", "did you mean \"name\"?"),
        ("{{ name | uper }}", 11, "unknown_filter", "no filter \"uper\"; did you mean \"upper\"?"),
        ("{{ name | safe }}", 11, "unknown_filter", "no filter \"safe\""),
        ("{{ name | escape }}", 11, "unknown_filter", "no filter \"escape\""),
        ("{% filter uper %}x{% endfilter %}", 11, "unknown_filter", "no filter \"uper\""),
        ("{% if name is empty %}{% endif %}", 15, "unknown_test", "no test \"empty\""),
        ("{{ debug() }}", 4, "unknown_function", "no function or macro \"debug\""),
        ("{{ rnage(3) }}", 4, "unknown_function", "did you mean \"range\"?"),
        ("{{ range }}", 4, "unknown_variable", "\"range\" is a function: call it"),
        ("{{ name.upper() }}", 9, "unknown_method", "use a filter instead of \".upper()\""),
        // Partials.
        ("{% include 'brnad' %}", 12, "missing_include", "no partial \"brnad\"; did you mean \"brand\"?"),
        ("{% include ['brand', 'other'] %}", 12, "missing_include", "no partial \"other\""),
        ("{% include 'nope' ignore missing %}", 12, "missing_include", "no partial \"nope\""),
        ("{% include 'html_only' %}", 12, "missing_include", "has no text for es here"),
        ("{% include name %}", 12, "dynamic_include", "computed name"),
        ("{% extends 'nope' %}", 12, "missing_include", "no partial \"nope\""),
        ("{% import 'nope' as b %}", 11, "missing_include", "no partial \"nope\""),
        (
            "{% from 'brand' import frima %}",
            24,
            "unknown_import",
            "defines no \"frima\"; did you mean \"firma\"?",
        ),
        ("{% import 'brand' as b %}{{ b.frima('x') }}", 31, "unknown_variable", "did you mean \"firma\"?"),
        ("{% autoescape false %}x{% endautoescape %}", 4, "escaping_fixed", "cannot be changed"),
        // What only rendering shows.
        ("Hola {{ nick }}", 9, "may_be_missing", "nick"),
        ("{% if nick %}x{% endif %}", 7, "may_be_missing", "nick"),
        ("{{ items[0].title }}", 9, "may_be_missing", "(when \"items\" is empty)"),
        ("{{ name | date }}", 11, "render", "expected a date"),
        ("{{ due | date('tiny') }}", 10, "render", "no style \"tiny\""),
        ("{{ count | plural(one='a') }}", 12, "render", "\"other\" is missing for es"),
        ("{{ vip }}", 4, "render", "a bool cannot be printed"),
        ("{{ items }}", 4, "render", "use `join` or a loop"),
        ("{{ contact }}", 4, "render", "print one of its fields"),
        ("{{ count / 0 }}", 4, "render", ""),
        ("{{ 1.0 / 0 }}", 4, "render", "unable to calculate"),
        ("{{ name + 1 }}", 4, "render", "unsupported types"),
        ("{% if not vip %}{{ due | date('tiny') }}{% endif %}", 26, "render", "(when \"vip\" is false)"),
        ("{% if items | length == 0 %}{{ vip }}{% endif %}", 32, "render", "(when \"items\" is empty)"),
        ("{% for i in range(9999999) %}x{% endfor %}", 13, "render", "too many elements"),
    ] {
        let found = of(source);
        let right = match found.as_slice() {
            [(line, at, is, says)] => (*line, *at, *is) == (2, column, code) && says.contains(message),
            _ => false,
        };
        if !right {
            wrong.push(format!("{source}\n  expected {column} {code} {message}\n  found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_limit_is_located() {
    let t =
        json!({ "t": { "locales": { "es": { "text": "Hola\n{% for i in range(99999) %}{% endfor %}" } } } });
    let found = problems(&t, &Value::Null);
    let [problem] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (problem.pointer.as_str(), problem.line, problem.code),
        ("/templates/t/locales/es/text", 2, "limit")
    );
    assert!(problem.message.contains("shorten the loops"));
}

#[test]
fn partials_that_multiply_are_refused() {
    let mut partials: serde_json::Map<String, Value> = (0..9)
        .map(|n| (format!("p{n}"), json!(format!("{{% include 'p{}' %}}", n + 1).repeat(99))))
        .collect();
    partials.insert("p9".into(), json!("x"));
    let t = json!({ "t": { "locales": { "es": { "text": "{% include 'p0' %}" } } } });
    let found = problems(&t, &Value::Object(partials));
    assert!(!found.is_empty() && found.iter().all(|p| p.code == "limit"), "{found:?}");
}

#[test]
fn thousands_of_mistakes_are_cut_short() {
    let text = "{{ a | b }}".repeat(10_000);
    let t = json!({ "t": { "locales": { "es": { "text": text, "sms": "{{ c }}".repeat(10_000) } } } });
    assert_eq!(problems(&t, &Value::Null).len(), relevo_rendering::limits::PROBLEMS);
}

#[test]
fn every_mistake_of_a_source_is_reported_at_once() {
    let found: Vec<_> =
        of("{{ a }}{{ b }}\n{{ name | nope }}").into_iter().map(|(l, c, code, _)| (l, c, code)).collect();
    assert_eq!(found, [(2, 4, "unknown_variable"), (2, 11, "unknown_variable"), (3, 11, "unknown_filter")]);
}

/// (pointer, code) of all problems.
fn places(templates: &Value, partials: &Value) -> Vec<(String, &'static str)> {
    let found = problems(templates, partials);
    assert!(found.iter().all(|p| p.line >= 1 && p.column >= 1));
    found.into_iter().map(|p| (p.pointer, p.code)).collect()
}

fn place(pointer: &str, code: &'static str) -> (String, &'static str) {
    (pointer.to_owned(), code)
}

#[test]
fn mistakes_of_shape() {
    let good = json!({ "text": "x" });
    for (templates, partials, pointer, code) in [
        (json!([]), json!({}), "/templates", "wrong_shape"),
        (json!({ "a/b": {} }), json!({}), "/templates/a~1b", "bad_name"),
        (json!({ "t": 5 }), json!({}), "/templates/t", "wrong_shape"),
        (json!({ "t": {} }), json!({}), "/templates/t/locales", "wrong_shape"),
        (json!({ "t": { "locales": {} } }), json!({}), "/templates/t/locales", "wrong_shape"),
        (
            json!({ "t": { "locales": { "es": good, "fr": { "txt": "x" } } } }),
            json!({}),
            "/templates/t/locales/fr",
            "wrong_shape",
        ),
        (
            json!({ "t": { "locals": {}, "locales": { "es": good } } }),
            json!({}),
            "/templates/t",
            "wrong_shape",
        ),
        (
            json!({ "t": { "locales": { "es": good, "es_MX": good } } }),
            json!({}),
            "/templates/t/locales/es_MX",
            "bad_name",
        ),
        (json!({}), json!({ "p": 5 }), "/partials/p", "wrong_shape"),
        (json!({}), json!({ "p": { "txt": "x" } }), "/partials/p", "wrong_shape"),
        (json!({}), json!({ "p": "{% if %}" }), "/partials/p", "syntax"),
        (json!({}), json!({ "p": { "html": "{{" } }), "/partials/p/html", "syntax"),
        (json!({}), json!({ "p": { "locales": { "es": "{{" } } }), "/partials/p/locales/es", "syntax"),
    ] {
        assert_eq!(places(&templates, &partials), [place(pointer, code)], "{templates} {partials}");
    }
}

#[test]
fn mistakes_of_data() {
    let with =
        |field: Value| json!({ "t": { "data": { "x": field }, "locales": { "es": { "text": "{{ x }}" } } } });
    for (field, pointer, code) in [
        (json!({ "type": "string" }), "/templates/t/data/x", "missing_example"),
        (json!({ "type": "strnig", "example": "a" }), "/templates/t/data/x", "wrong_shape"),
        (json!({ "type": "string", "example": 5 }), "/templates/t/data/x/example", "bad_example"),
        (json!({ "type": "money", "example": { "minor": 1 } }), "/templates/t/data/x/example", "bad_example"),
        (
            json!({ "type": "datetime", "example": "2026-01-01" }),
            "/templates/t/data/x/example",
            "bad_example",
        ),
        (json!({ "type": "date", "example": "2026-02-30" }), "/templates/t/data/x/example", "bad_example"),
        (json!({ "type": "integer", "example": 1.5 }), "/templates/t/data/x/example", "bad_example"),
    ] {
        let found = places(&with(field.clone()), &json!({}));
        assert!(found.contains(&place(pointer, code)), "{field}: {found:?}");
    }
    let unused = json!({ "t": { "data": { "x": { "type": "string", "example": "a" } }, "locales": { "es": { "text": "" } } } });
    assert_eq!(places(&unused, &json!({})), [place("/templates/t/data/x", "unused_variable")]);
    let named = json!({ "t": { "data": { "a-b": { "type": "string", "example": "a" } }, "locales": { "es": { "text": "" } } } });
    assert_eq!(places(&named, &json!({})), [place("/templates/t/data/a-b", "bad_name")]);
}

#[test]
fn what_could_not_be_read_may_use_every_variable() {
    let t = |text: &str| {
        json!({ "t": {
        "data": { "x": { "type": "string", "example": "a" } },
        "locales": { "es": { "text": text } },
    } })
    };
    let pointer = "/templates/t/locales/es/text";
    assert_eq!(places(&t("{% if x"), &json!({})), [place(pointer, "syntax")]);
    assert_eq!(places(&t("{% include 'p' %}"), &json!({})), [place(pointer, "missing_include")]);
}

#[test]
fn mistakes_of_translation() {
    let t = |locales: Value| json!({ "t": { "locales": locales } });
    let text = json!({ "text": "x" });
    let mail = json!({ "text": "x", "subject": "s" });
    let found = |templates: Value| places(&templates, &json!({}));
    assert_eq!(found(t(json!({ "es-MX": text }))), []);
    assert_eq!(found(t(json!({ "fr": text }))), [place("/templates/t/locales", "missing_translation")]);
    assert_eq!(
        found(t(json!({ "es": mail, "fr": text }))),
        [place("/templates/t/locales/fr", "missing_part")]
    );
    assert_eq!(
        found(t(json!({ "es": mail, "es-MX": text }))),
        [],
        "a region takes what it lacks from its language"
    );
    assert_eq!(
        found(t(json!({ "es": { "subject": "s" } }))),
        [place("/templates/t/locales/es", "missing_part")]
    );
    assert_eq!(
        found(t(json!({ "es": { "html": "<p>x</p>" } }))),
        [place("/templates/t/locales/es", "missing_part")]
    );
    let required = Locales { required: vec!["ru".into()], ..locales() };
    let problems = TemplateSet::load(&t(json!({ "es": text })), &Value::Null, required).unwrap_err();
    assert_eq!((problems[0].code, problems[0].locale.as_str()), ("missing_translation", "ru"));
}

#[test]
fn mistakes_of_a_layout() {
    let t = |mjml: &str| {
        json!({ "t": {
            "data": { "x": { "type": "string", "example": "a" } },
            "locales": { "es": { "subject": "{{ x }}", "mjml": mjml } },
        } })
    };
    let wrap = |inner: &str| format!("<mjml><mj-body>\n{inner}</mj-body></mjml>");
    for (source, line, column, code) in [
        (wrap("<mj-section>{{ y }}</mj-section>"), 2, 16, "unknown_variable"),
        (wrap("{{ x }}<mj-sction></mj-sction>"), 2, 8, "mjml"),
        (wrap("<mj-section>{% if x %}</mj-section>"), 2, 23, "syntax"),
        ("<mjml><mj-body>".to_owned(), 1, 16, "mjml"),
        ("<p>{{ x }}</p>".to_owned(), 1, 1, "mjml"),
        (wrap("<mj-include path=\"x\"/>"), 2, 1, "mjml"),
        (wrap(&"<mj-wrapper>".repeat(500)), 2, 217, "mjml"),
    ] {
        let found = problems(&t(&source), &json!({}));
        let places: Vec<_> = found.iter().map(|p| (p.line, p.column, p.code)).collect();
        assert_eq!(places, [(line, column, code)], "{source}: {found:?}");
        assert_eq!(found[0].pointer, "/templates/t/locales/es/mjml");
    }
    let both =
        json!({ "t": { "locales": { "es": { "subject": "s", "html": "<p>a</p>", "mjml": wrap("") } } } });
    assert_eq!(places(&both, &json!({})), [place("/templates/t/locales/es/mjml", "wrong_shape")]);
}

#[test]
fn mistakes_of_whatsapp_templates() {
    let t = |whatsapp: Value| {
        json!({ "t": {
            "data": { "x": { "type": "string", "example": "a\nb" } },
            "locales": { "es": { "text": "{{ x }}", "whatsapp": whatsapp } },
        } })
    };
    let at = |part: &str| format!("/templates/t/locales/es/whatsapp/{part}");
    let with = |mut more: Value| {
        more["name"] = json!("n");
        more["language"] = json!("es");
        more
    };
    let (count, refused) = ("whatsapp_parameter_count", "whatsapp_parameter");
    for (whatsapp, part, code) in [
        (
            json!({ "name": "n", "language": "es", "parameters": [], "body": "Hola {{1}}" }),
            "parameters",
            "whatsapp_parameter_count",
        ),
        (
            json!({ "name": "n", "language": "es", "parameters": ["a", "b"], "body": "Hola {{1}}" }),
            "parameters",
            "whatsapp_parameter_count",
        ),
        (
            json!({ "name": "n", "language": "es", "parameters": ["a", "b"], "body": "{{1}} {{3}}" }),
            "parameters",
            "whatsapp_parameter_count",
        ),
        (
            json!({ "name": "n", "language": "es", "parameters": ["{{ x }}"] }),
            "parameters/0",
            "whatsapp_parameter",
        ),
        (
            json!({ "name": "n", "language": "es", "parameters": ["a", "b    c"] }),
            "parameters/1",
            "whatsapp_parameter",
        ),
        (
            json!({ "name": "n", "language": "es", "parameters": ["a", " "] }),
            "parameters/1",
            "whatsapp_parameter",
        ),
        (
            json!({ "name": "n", "language": "es", "parameters": ["{{ y }}"] }),
            "parameters/0",
            "unknown_variable",
        ),
        (json!({ "name": "mi plantilla", "language": "es" }), "name", "bad_name"),
        (with(json!({ "parameters": { "quien": "a" }, "body": "Hola {{1}}" })), "parameters", count),
        (
            with(json!({ "parameters": { "quien": "a" }, "body": "Hola {{quien}}, {{que}}" })),
            "parameters",
            count,
        ),
        (with(json!({ "parameters": ["a"], "body": "Hola {{quien}}" })), "parameters", count),
        (with(json!({ "parameters": { "Quien": "a" } })), "parameters/Quien", "bad_name"),
        (with(json!({ "parameters": { "1": "a" } })), "parameters/1", "bad_name"),
        (with(json!({ "parameters": { "quien": "{{ y }}" } })), "parameters/quien", "unknown_variable"),
        (with(json!({ "parameters": { "quien": " " } })), "parameters/quien", "whatsapp_parameter"),
        (with(json!({ "header": { "type": "text" } })), "header", count),
        (with(json!({ "header": { "type": "text", "text": "Caso", "value": "a" } })), "header", count),
        (with(json!({ "header": { "type": "text", "text": "Caso {{1}}" } })), "header", count),
        (with(json!({ "header": { "type": "text", "text": "{{1}} {{2}}", "value": "a" } })), "header", count),
        (with(json!({ "header": { "type": "image" } })), "header", count),
        (
            with(json!({ "header": { "type": "image", "text": "x", "value": "https://x.es/a" } })),
            "header",
            count,
        ),
        (with(json!({ "header": { "type": "video", "value": "http://x.es/a" } })), "header/value", refused),
        (
            with(json!({ "header": { "type": "video", "value": "{{ z }}" } })),
            "header/value",
            "unknown_variable",
        ),
        (with(json!({ "buttons": [{ "type": "url" }] })), "buttons/0", count),
        (
            with(json!({ "buttons": [{ "type": "url", "url": "https://x.es/", "value": "a" }] })),
            "buttons/0",
            count,
        ),
        (with(json!({ "buttons": [{ "type": "url", "url": "https://x.es/{{1}}" }] })), "buttons/0", count),
        (
            with(json!({ "buttons": [{ "type": "url", "url": "https://x.es/{{1}}/a", "value": "a" }] })),
            "buttons/0",
            count,
        ),
        (
            with(json!({ "buttons": [{ "type": "url", "url": "https://x.es/{{1}}", "value": "a b" }] })),
            "buttons/0/value",
            refused,
        ),
        (with(json!({ "buttons": [{ "type": "phone", "value": "a" }] })), "buttons/0", count),
        (with(json!({ "buttons": [{ "type": "copy_code" }] })), "buttons/0", count),
        (with(json!({ "buttons": [{ "type": "quick_reply", "url": "https://x.es" }] })), "buttons/0", count),
        (with(json!({ "buttons": vec![json!({ "type": "phone" }); 11] })), "buttons", count),
        (json!({ "name": "n", "language": "es-MX" }), "language", "bad_name"),
    ] {
        assert_eq!(places(&t(whatsapp.clone()), &json!({})), [(at(part), code)], "{whatsapp}");
    }
    let shape = places(&t(with(json!({ "parameters": "a" }))), &json!({}));
    assert!(shape.contains(&place("/templates/t/locales/es", "wrong_shape")), "{shape:?}");
    let sound = with(json!({
        "parameters": { "quien": "a" }, "body": "Hola {{ quien }}.",
        "header": { "type": "text", "text": "Caso {{caso}}", "value": "1" },
        "buttons": [
            { "type": "quick_reply", "text": "Sí" }, { "type": "url", "url": "https://x.es/{{1}}", "value": "a" },
        ],
    }));
    assert_eq!(places(&t(sound), &json!({})), []);
    let long = json!({ "name": "n", "language": "es", "body": "x".repeat(5_000) });
    assert!(places(&t(long), &json!({})).contains(&(at("body"), "limit")));
    let two = json!({ "t": { "locales": {
        "es": { "text": "x", "whatsapp": { "name": "n", "language": "es", "parameters": ["a"] } },
        "fr": { "text": "x", "whatsapp": { "name": "n", "language": "fr", "parameters": ["a", "b"] } },
    } } });
    let pointer = "/templates/t/locales/fr/whatsapp/parameters";
    assert_eq!(places(&two, &json!({})), [place(pointer, "whatsapp_parameter_count")]);
}

#[test]
fn a_mistake_in_a_partial_is_found_where_it_is_written() {
    let partials = json!({ "firma": { "locales": { "es": "Un saludo,\n{{ agnet }}" } }, "loop": "a{% include 'loop' %}" });
    let t = |text: &str| {
        json!({ "t": {
        "data": { "agent": { "type": "string", "example": "Ana" } },
        "locales": { "es": { "text": format!("{{{{ agent }}}}{text}") } },
    } })
    };
    let found = problems(&t("{% include 'firma' %}"), &partials);
    let [problem] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(problem.pointer, "/partials/firma/locales/es");
    assert_eq!((problem.line, problem.column, problem.code), (2, 4, "unknown_variable"));
    assert!(problem.message.contains("did you mean \"agent\"?"));

    let found = problems(&t("{% include 'loop' %}"), &partials);
    let [problem] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (problem.pointer.as_str(), problem.column, problem.code),
        ("/partials/loop", 13, "include_cycle")
    );
}

#[test]
fn a_mistake_that_a_partial_makes_with_the_examples_is_found_there() {
    let partials = json!({ "p": "x\n {{ agent | date }}" });
    let t = json!({ "t": {
        "data": { "agent": { "type": "string", "example": "Ana" } },
        "locales": { "es": { "text": "{% include 'p' %}" } },
    } });
    let found = problems(&t, &partials);
    let [problem] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((problem.pointer.as_str(), problem.line, problem.column), ("/partials/p", 2, 13));
}
