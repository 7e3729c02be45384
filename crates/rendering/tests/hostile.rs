//! Hostile templates meet a limit, hostile data come out inert, and nothing panics or overflows a small stack.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;
use relevo_rendering::{
    Documents, Limit, Locales, Parts, Preview, Previewed, Problem, RenderError, Request, Template,
    TemplateSet,
};
use serde_json::{Value, json};

/// A component has 512 KB of stack for compiled code; unoptimised native frames are larger than those.
const STACK: usize = 512 * 1024;

fn on_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(STACK).spawn(work).unwrap().join().unwrap()
}

fn preview(channel: &str, source: &str, data: &Value) -> Result<Previewed, Vec<Problem>> {
    TemplateSet::default().preview(&Preview { source, channel, data, locale: "es", time_zone: None })
}

/// Renders a part without validation before: a pack that was published by an older version.
fn unvalidated(text: &str, partials: &Value) -> Result<String, RenderError> {
    let locales = Locales { default: "es".into(), ..Locales::default() };
    let (mut documents, _) = Documents::parse(&json!({}), partials, locales);
    let parts = Parts { text: Some(text.to_owned()), ..Parts::default() };
    let template = Template { locales: [("es".to_owned(), parts)].into(), ..Template::default() };
    documents.templates.insert("t".to_owned(), template);
    let data = json!({});
    let request = Request { name: "t", locale: "es", channel: "email", data: &data, time_zone: None };
    let text = Request { channel: "text", ..request };
    TemplateSet::new(documents).render(&text).map(|done| done.text)
}

fn nest(open: &str, close: &str, n: usize) -> String {
    format!("{}{}", open.repeat(n), close.repeat(n))
}

#[test]
fn hostile_templates_meet_a_limit() {
    let long = "x".repeat(100);
    let cases: Vec<(String, Value, Limit)> = vec![
        (
            "{% for a in range(9999) %}{% for b in range(9999) %}.{% endfor %}{% endfor %}".into(),
            json!({}),
            Limit::Fuel,
        ),
        ("{% for a in range(99999) %}{% set x = a * 2 %}{% endfor %}".into(), json!({}), Limit::Fuel),
        ("{% set s = 'x' * 99999999 %}{{ s }}".into(), json!({}), Limit::Fuel),
        ("{% set s = range(9000) | list %}{{ (s * 9999) | list | length }}".into(), json!({}), Limit::Fuel),
        (
            format!(
                "{{% set ns = namespace(s='{long}') %}}{{% for i in range(60) %}}{{% set ns.s = ns.s ~ ns.s %}}{{% endfor %}}"
            ),
            json!({}),
            Limit::Fuel,
        ),
        ("{% for a in range(900) %}{{ 'x' * 1000 }}{% endfor %}".into(), json!({}), Limit::Output),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}".into(), json!({}), Limit::Depth),
        ("{% macro a(f) %}{{ f(f) }}{% endmacro %}{{ a(a) }}".into(), json!({}), Limit::Depth),
        (
            "{% set tree = [1] %}{% for a in tree recursive %}{{ loop(tree) }}{% endfor %}".into(),
            json!({}),
            Limit::Depth,
        ),
        (
            "{% include 'a' %}".into(),
            json!({ "a": "{% include 'b' %}", "b": "{% include 'a' %}" }),
            Limit::Depth,
        ),
        ("{% import 'a' as a %}".into(), json!({ "a": "{% import 'a' as a %}" }), Limit::Depth),
        ("{% extends 'a' %}".into(), json!({ "a": "{% extends 'a' %}" }), Limit::Fuel),
        ("x".repeat(200_000), json!({}), Limit::Source),
        (format!("{{{{ {} }}}}", nest("(", ")", 100_000 / 2)), json!({}), Limit::Nesting),
        (format!("{{{{ {}1 }}}}", "-".repeat(100_000)), json!({}), Limit::Nesting),
        (format!("{{{{ {}1 }}}}", "not ".repeat(20_000)), json!({}), Limit::Nesting),
        (format!("{{{{ 1{} }}}}", "+1".repeat(50_000)), json!({}), Limit::Nesting),
        (format!("{{{{ 1{} }}}}", "|abs".repeat(20_000)), json!({}), Limit::Nesting),
        (format!("{{{{ x{} }}}}", ".a".repeat(50_000)), json!({}), Limit::Nesting),
        (format!("{{{{ x{} }}}}", "[0]".repeat(40_000)), json!({}), Limit::Nesting),
        (format!("{{{{ 1{} }}}}", " if 1 else 2".repeat(9_000)), json!({}), Limit::Nesting),
        (nest("{% if 1 %}", "{% endif %}", 5_000), json!({}), Limit::Nesting),
        (nest("{% set a %}", "{% endset %}", 5_000), json!({}), Limit::Nesting),
        (nest("{% for a in [1] %}", "{% endfor %}", 4_000), json!({}), Limit::Nesting),
        (format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}".repeat(9_000)), json!({}), Limit::Nesting),
    ];
    for (source, partials, expected) in cases {
        let shown: String = source.chars().take(60).collect();
        let done = on_small_stack(move || unvalidated(&source, &partials));
        match done {
            Err(RenderError::Limit { limit, at }) => {
                assert_eq!(limit, expected, "{shown}");
                assert!(at.is_some(), "{shown}");
            }
            other => panic!("{shown}: {:?}", other.map(|text| text.len())),
        }
    }
}

#[test]
fn what_is_just_within_the_limits_fits_a_small_stack() {
    for source in [
        format!("{{{{ {} }}}}", nest("(", ")", 16).replace("()", "(1)")),
        format!("{{{{ {} }}}}", nest("[", "]", 16) + "|length"),
        nest("{% if 1 %}", "{% endif %}", 16),
        nest("{% for a in [1] %}", "{% endfor %}", 16),
        format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}".repeat(15)),
        format!("{{{{ 1{} }}}}", "+1".repeat(120)),
        format!("{{{{ 'a'{} }}}}", "|upper".repeat(120)),
        format!("{{{{ {}1 }}}}", "-".repeat(16)),
        format!("{{{{ 1{} }}}}", " if 1 else 2".repeat(16)),
        "{% macro m(n) %}{% if n %}{{ m(n-1) }}{% endif %}{% endmacro %}{{ m(8) }}".to_owned(),
    ] {
        let shown: String = source.chars().take(40).collect();
        eprintln!("{shown}");
        let done = on_small_stack(move || preview("text", &source, &json!({})));
        assert!(done.is_ok(), "{shown}: {done:?}");
    }
}

#[test]
fn deep_layouts_fit_a_small_stack() {
    let inside = |n: usize| {
        let column = "<mj-column><mj-text><p>{{ x }}</p></mj-text></mj-column>";
        format!(
            "<mjml><mj-body>{}<mj-section>{column}</mj-section>{}</mj-body></mjml>",
            "<mj-wrapper>".repeat(n),
            "</mj-wrapper>".repeat(n)
        )
    };
    let good = inside(14);
    let done = on_small_stack(move || preview("email", &good, &json!({ "x": "Hola" })));
    assert_eq!(done.map(|done| done.text), Ok("Hola".to_owned()));
    for n in [15, 1_000, 5_000] {
        let deep = inside(n);
        let refused = on_small_stack(move || preview("email", &deep, &json!({ "x": "Hola" })));
        assert_eq!(refused.map_err(|problems| problems[0].code).map(drop), Err("mjml"));
    }
}

#[test]
fn data_too_large_or_deep() {
    let request = |data: &Value| {
        let set = TemplateSet::load(
            &json!({ "t": { "data": { "x": { "type": "list", "example": ["a"] } }, "locales": { "es": { "text": "{{ x | length }}" } } } }),
            &Value::Null,
            Locales { default: "es".into(), ..Locales::default() },
        );
        set.unwrap().render(&Request { name: "t", locale: "es", channel: "text", data, time_zone: None })
    };
    let large = json!({ "x": vec!["y".repeat(60_000); 10] });
    assert_eq!(request(&large), Err(Limit::Data.into()));
    assert_eq!(preview("text", "", &large).unwrap_err()[0].code, "limit");
    let deep = nest("[", "]", 120);
    let deep: Value = serde_json::from_str(&format!("{{\"x\":{deep}}}")).unwrap();
    let done = on_small_stack(move || preview("text", "{{ x | length }}", &deep));
    assert_eq!(done.unwrap().text, "1");
}

/// (hostile, as it may appear in a text)
const HOSTILE: [(&str, &str); 14] = [
    ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ("\"><img src=x onerror=alert(1)>", "\"><img src=x onerror=alert(1)>"),
    ("' onmouseover='x", "' onmouseover='x"),
    ("{{ 7 * 7 }}", "{{ 7 * 7 }}"),
    ("{% include 'secret' %}", "{% include 'secret' %}"),
    ("{# gone #}", "{# gone #}"),
    ("{{1}} {{2}}", "{{1}} {{2}}"),
    ("Ana\r\nBcc: eve@example.com", "Ana\r\nBcc: eve@example.com"),
    ("\u{202e}gpj.exe", "gpj.exe"),
    ("a\u{200b}d\u{2060}m\u{feff}in", "admin"),
    ("\u{200f}x\u{2066}y\u{2069}", "xy"),
    ("\u{0}\u{7}\u{1b}[2J", "[2J"),
    ("a\u{2028}b", "a\nb"),
    ("&lt;b&gt; &amp;", "&lt;b&gt; &amp;"),
];

fn set() -> TemplateSet {
    let templates = json!({ "t": {
        "data": { "x": { "type": "string", "example": "Ana" } },
        "locales": { "es": {
            "subject": "S {{ x }}", "text": "T {{ x }}", "html": "<p title=\"{{ x }}\">{{ x }}</p>{% include 'p' %}{{ '<i>' ~ x }}",
            "sms": "M {{ x }}", "title": "I {{ x }}", "body": "B {{ x }}", "action": { "label": "L {{ x }}", "url": "https://x.es/?q={{ x | urlencode }}" },
            "whatsapp": { "name": "n", "language": "es", "parameters": ["{{ x }}", "z"], "body": "W {{1}}, {{2}}" },
        } },
    } });
    let partials = json!({ "p": "{% macro m(v) %}<u>{{ v }}</u>{% endmacro %}{{ m(x) }}" });
    TemplateSet::load(&templates, &partials, Locales { default: "es".into(), ..Locales::default() }).unwrap()
}

#[test]
fn hostile_data_are_inert_in_every_channel() {
    let set = set();
    for (hostile, inert) in HOSTILE {
        let data = json!({ "x": hostile });
        let render =
            |channel| set.render(&Request { name: "t", locale: "es", channel, data: &data, time_zone: None });
        let line = inert.split_whitespace().collect::<Vec<_>>().join(" ");

        let mail = render("email").unwrap();
        assert_eq!(mail.text, format!("T {inert}"));
        let subject = mail.subject.unwrap();
        assert_eq!(subject, format!("S {line}"));
        assert!(!subject.contains(char::is_control));
        let html = mail.html.unwrap();
        for tag in ["<script", "<img", "onmouseover='x"] {
            assert!(!html.contains(tag), "{html}");
        }
        let tags = html.matches('<').count();
        assert_eq!(tags, 4, "only the template's own tags: {html}");
        assert_eq!(html.matches('"').count(), 2, "{html}");

        assert_eq!(render("sms").unwrap().text, format!("M {inert}"));
        assert_eq!(render("telegram").unwrap().text, format!("T {inert}"));
        let app = render("in-app").unwrap();
        assert_eq!((app.subject.unwrap(), app.text), (format!("I {line}"), format!("B {inert}")));
        let action = app.action.unwrap();
        assert_eq!(action.label, format!("L {line}"));
        assert!(!action.url.contains(|c: char| c.is_whitespace() || "<>\"'{".contains(c)), "{}", action.url);
        match render("whatsapp") {
            Ok(message) => {
                assert_eq!(message.text, format!("W {inert}, z"), "a value is never read as a placeholder");
                assert_eq!(message.whatsapp.unwrap().parameters, [inert, "z"]);
            }
            Err(error) => assert!(inert.contains('\n'), "{error}"),
        }
    }
}

#[test]
fn hostile_data_are_inert_in_previews() {
    for (hostile, inert) in HOSTILE {
        let data = json!({ "x": hostile });
        assert_eq!(preview("sms", "{{ x }}", &data).unwrap().text, inert);
        for source in ["<p>{{ x }}</p>", "{{ x }}"] {
            let html = preview("email", source, &data).unwrap().html.unwrap();
            let own =
                html.matches("<p>").count() + html.matches("</p>").count() + html.matches("<br>").count();
            assert_eq!(html.matches('<').count(), own, "{html}");
        }
    }
}

#[test]
fn a_link_from_data_cannot_run_code() {
    let templates = json!({ "t": {
        "data": { "x": { "type": "string", "example": "https://x.es" } },
        "locales": { "es": {
            "subject": "s", "html": "<a href=\"{{ x }}\">x</a>", "body": "x", "action": { "label": "l", "url": "{{ x }}" },
        } },
    } });
    let set =
        TemplateSet::load(&templates, &Value::Null, Locales { default: "es".into(), ..Locales::default() })
            .unwrap();
    for (url, refused) in [
        ("https://y.es/a?b=c&d", false),
        ("javascript:alert(1)", true),
        (" JAVA\tscript:alert(1)", true),
        ("java\u{200b}script:x", true),
        ("data:text/html,x", true),
    ] {
        let data = json!({ "x": url });
        for channel in ["email", "in-app"] {
            let done =
                set.render(&Request { name: "t", locale: "es", channel, data: &data, time_zone: None });
            assert_eq!(done.err().map(|e| e.code()), refused.then_some("unsafe_link"), "{channel} {url}");
        }
        let done = preview("email", "<a href='{{ x }}'>x</a>", &data);
        assert_eq!(done.err().map(|p| p[0].code), refused.then_some("unsafe_link"), "{url}");
    }
}

#[test]
fn no_detour_leaves_html_unescaped() {
    let partials = json!({
        "plain": "{% macro m(v) %}<u>{{ v }}</u>{% endmacro %}",
        "kinds": { "text": "{{ x }}", "html": "<b>{{ x }}</b>" },
        "layout": "<main>{% block body %}{{ x }}{% endblock %}</main>",
    });
    let locales = Locales { default: "es".into(), ..Locales::default() };
    let (documents, problems) = Documents::parse(&Value::Null, &partials, locales);
    assert_eq!(problems, []);
    let set = TemplateSet::new(documents);
    let data = json!({ "x": "<script>", "list": ["<script>", "a"] });
    for source in [
        "<p>{{ x }}",
        "<p>{{ x ~ '<b>' ~ x }}",
        "<p>{% macro m(v) %}<i>{{ v }}</i>{% endmacro %}{{ m(x) ~ x }}{{ x ~ m(x) }}",
        "<p>{% set a %}<i>Z</i>{% endset %}{{ a ~ x }}{{ a | replace('Z', x) }}{{ [a, x] | join(x) }}",
        "<p>{% set a %}<i>{{ x }}</i>{% endset %}{{ a | upper | lower }}{{ a | trim }}{{ a | truncate(30) }}",
        "<p>{% filter upper %}{{ x }}{% endfilter %}",
        "<p>{% filter replace('Z', x) %}Z{% endfilter %}",
        "<p>{{ list | join }}{{ list | join(x) }}{{ list | first }}{{ list | map('upper') | map('lower') | join }}",
        "<p>{{ missing | default(x) if false else x }}",
        "<p>{{ x | truncate(7) }}{{ 1 | plural(one=x, other=x) }}{{ x | reverse | reverse }}",
        "<p>{% import 'plain' as p %}{{ p.m(x) }}{{ p.m(p.m(x)) }}",
        "<p>{% include 'kinds' %}",
        "{% extends 'layout' %}{% block body %}<p>{{ super() }}{{ x }}{% endblock %}",
        "<p>{% call(v) p(x) %}{{ v }}{% endcall %}{% macro p(a) %}{{ caller(a) }}{% endmacro %}",
        "<p>{% macro p(a) %}{{ caller(a) }}{% endmacro %}{% call(v) p(x) %}{{ v }}{% endcall %}",
        "<p>{% with y = x %}{{ y }}{% endwith %}{% for c in x %}{{ c }}{% endfor %}{{ x[0:8] }}",
    ] {
        let preview = Preview { source, channel: "email", data: &data, locale: "es", time_zone: None };
        match set.preview(&preview) {
            Ok(done) => {
                let html = done.html.unwrap();
                assert!(!html.to_lowercase().contains("<script"), "{source}: {html}");
                assert!(html.to_lowercase().contains("&lt;"), "{source}: {html}");
            }
            Err(problems) => assert!(
                problems.iter().any(|p| matches!(p.code, "unknown_variable" | "unknown_function")),
                "{source}: {problems:?}"
            ),
        }
    }
}

#[test]
fn names_cannot_escape_the_pack() {
    for name in ["/etc/passwd", "../t", "t/t/es/text", "p/es/text", "", "a\u{0}b"] {
        let source = format!("{{% include {name:?} %}}").replace("\\0", "\\u0000");
        let problems = preview("text", &source, &json!({})).unwrap_err();
        assert!(matches!(problems[0].code, "missing_include" | "syntax"), "{problems:?}");
        assert!(unvalidated(&source, &json!({})).is_err(), "{name}");
    }
}

fn sources() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(vec![
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        " ",
        "x",
        "name",
        "if",
        "endif",
        "for",
        "in",
        "endfor",
        "else",
        "elif",
        "set",
        "=",
        "macro",
        "endmacro",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ".",
        "|",
        "upper",
        "date",
        "plural",
        "is",
        "defined",
        "not",
        "and",
        "1",
        "0",
        "-",
        "+",
        "*",
        "**",
        "/",
        "//",
        "%",
        "~",
        "'a'",
        "\"",
        "'",
        "include",
        "import",
        "from",
        "as",
        "extends",
        "block",
        "endblock",
        "raw",
        "endraw",
        "range",
        "loop",
        "self",
        "super",
        "call",
        "endcall",
        "with",
        "endwith",
        "filter",
        "endfilter",
        "do",
        "autoescape",
        "endautoescape",
        "ñ",
        "😀",
        "\n",
        "<b>",
        "1e308",
        "99999999999999999999",
        "namespace",
        "dict",
        ":",
        "none",
        "true",
        "truncate",
        "money",
        "number",
        "time",
        "recursive",
        "-%}",
        "{%-",
        "lambda",
        "\u{0}",
    ]);
    prop_oneof![
        4 => proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.join(" ")),
        1 => any::<String>(),
        2 => "\\{\\{ [a-z0-9 |()',.+*=-]{0,40} \\}\\}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_source_panics(source in sources(), channel in proptest::sample::select(vec!["email", "sms", "text", "in-app"])) {
        let data = json!({ "name": "Ana", "x": [1, { "a": 2.5 }, "2026-01-01"] });
        match preview(channel, &source, &data) {
            Ok(_) => {}
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                let lines = u32::try_from(source.split('\n').count()).unwrap();
                for problem in &problems {
                    prop_assert!((1..=lines).contains(&problem.line) && problem.column >= 1, "{problem:?}");
                    prop_assert_eq!(&problem.pointer, "/source");
                }
            }
        }
        let _ = unvalidated(&source, &json!({ "name": source.clone() }));
    }

    #[test]
    fn data_never_reach_html_unescaped(value in any::<String>()) {
        let html = preview("email", "<p>{{ x }}</p>", &json!({ "x": value })).unwrap().html.unwrap();
        let inner = html.strip_prefix("<p>").and_then(|h| h.strip_suffix("</p>")).unwrap();
        prop_assert!(!inner.contains(['<', '>', '"', '\'']));
    }

    #[test]
    fn a_text_without_syntax_is_rendered_as_it_is(text in any::<String>()) {
        prop_assume!(!text.contains("{{") && !text.contains("{%") && !text.contains("{#"));
        let done = preview("sms", &text, &json!({})).unwrap();
        prop_assert_eq!(&done.text, &text);
        prop_assert_eq!(done.segments.unwrap(), relevo_rendering::segments::segments(&text));
    }
}
