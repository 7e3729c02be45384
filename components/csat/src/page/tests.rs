//! The page as it is written: what axe finds in a browser and can be seen without one.

use super::frame::{Ink, STYLE, direction, luminance};
use super::*;
use http_body_util::BodyExt;
use relevo_domain::survey::rgb;
use std::collections::BTreeSet;

fn body(response: Response) -> String {
    let bytes = futures::executor::block_on(response.into_body().collect()).map(|body| body.to_bytes());
    String::from_utf8(bytes.unwrap_or_default().to_vec()).unwrap_or_default()
}

fn page(kind: SurveyKind, locale: &str, text: &str) -> Page {
    let texts = SurveyPage {
        title: text.to_owned(),
        question: text.to_owned(),
        labels: vec![text.to_owned(); kind.scores().count()],
        comment: text.to_owned(),
        submit: text.to_owned(),
        thanks: text.to_owned(),
        closed: text.to_owned(),
        unknown: text.to_owned(),
        follow_up: relevo_domain::pack::FollowUp {
            negative: Some(text.to_owned()),
            neutral: Some(text.to_owned()),
            positive: Some(text.to_owned()),
            submit: Some(text.to_owned()),
        },
        choose: Some(text.to_owned()),
        opt_out: Some(text.to_owned()),
        opted_out: Some(text.to_owned()),
    };
    Page {
        kind,
        locale: locale.to_owned(),
        texts: Some(texts),
        brand: Brand { name: Some(text.to_owned()), color: Some("#0b4f6c".to_owned()) },
        may_decline: true,
        shows_vote: true,
    }
}

/// Every state of a page.
fn states(page: &Page) -> Vec<String> {
    let comment = Private("\"</textarea><script>".to_owned());
    vec![
        body(page.form(None, None, None)),
        body(page.form(Some(1), Some(&comment), None)),
        body(page.form(None, Some(&comment), Some(StatusCode::UNPROCESSABLE_ENTITY))),
        body(page.thanks(Some(1))),
        body(page.thanks(None)),
        body(page.opted_out()),
        body(page.closed(StatusCode::GONE)),
        body(unknown(None)),
    ]
}

/// The value of an attribute in a tag.
fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    tag.split_once(&format!(" {name}=\""))?.1.split_once('"').map(|(value, _)| value)
}

/// What is wrong with a page for somebody who cannot see it, or has an old telephone.
fn faults(html: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut say = |fault: &str, tag: &str| faults.push(format!("{fault}: {tag}"));
    let tags: Vec<&str> =
        html.split('<').skip(1).filter_map(|piece| piece.split_once('>').map(|(tag, _)| tag)).collect();
    let named = |name: &str| -> Vec<&str> {
        tags.iter().copied().filter(|tag| tag.split(' ').next() == Some(name)).collect()
    };
    let root = named("html").first().copied().unwrap_or_default();
    if attribute(root, "lang").is_none_or(str::is_empty) || attribute(root, "dir").is_none() {
        say("no language or direction", root);
    }
    if !html.contains("<title>") || html.contains("<title></title>") {
        say("no title", "");
    }
    if named("h1").len() != 1 || named("main").len() != 1 {
        say("not one heading and one main part", "");
    }
    let levels: Vec<u8> = tags.iter().filter_map(|tag| tag.strip_prefix('h')?.parse().ok()).collect();
    if levels.windows(2).any(|pair| pair[1] > pair[0] + 1) || levels.first() != Some(&1) {
        say("a level of headings is left out", "");
    }
    for tag in &tags {
        if tag.contains("http:") || tag.contains("https:") || tag.contains("src=") || tag.contains(" on") {
            say("asks something of somebody", tag);
        }
        if matches!(tag.split(' ').next(), Some("script" | "link" | "img" | "iframe")) {
            say("does not belong here", tag);
        }
        if attribute(tag, "tabindex").is_some() || tag.contains("maximum-scale") || tag.contains("autofocus")
        {
            say("gets in the reader's way", tag);
        }
    }
    let ids: Vec<&str> = tags.iter().filter_map(|tag| attribute(tag, "id")).collect();
    if ids.iter().collect::<BTreeSet<_>>().len() != ids.len() {
        say("an id occurs twice", "");
    }
    let labelled: BTreeSet<&str> = named("label").iter().filter_map(|tag| attribute(tag, "for")).collect();
    for area in named("textarea") {
        if attribute(area, "id").is_none_or(|id| !labelled.contains(id)) {
            say("no label", area);
        }
    }
    for (before, rest) in html.match_indices("<input ").map(|(at, _)| html.split_at(at)) {
        let tag = rest.split('>').next().unwrap_or_default();
        let inside = before.rfind("<label") > before.rfind("</label");
        if attribute(tag, "type") != Some("hidden") && !inside {
            say("no label", tag);
        }
    }
    for (name, what) in [("button", "says nothing"), ("legend", "says nothing"), ("label", "says nothing")] {
        let opening = format!("<{name}");
        for piece in html.split(opening.as_str()).skip(1) {
            let text = piece.split_once('>').map_or("", |(_, rest)| rest);
            let text = text.split(&format!("</{name}>")).next().unwrap_or_default();
            let words: String =
                text.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect();
            if words.trim().is_empty() {
                say(what, name);
            }
        }
    }
    if named("fieldset").len() != named("legend").len() {
        say("a group without a name", "fieldset");
    }
    faults
}

#[test]
fn every_state_can_be_used_by_everybody() {
    for kind in SurveyKind::ALL {
        for locale in ["es-MX", "ru", "ar"] {
            for html in states(&page(kind, locale, "¿Qué tal?")) {
                assert_eq!(faults(&html), [""; 0], "{html}");
            }
        }
    }
}

#[test]
fn the_check_sees_what_it_is_for() {
    let good = body(page(SurveyKind::Csat, "es", "x").form(None, None, None));
    for (from, to) in [
        ("<html lang=\"es\"", "<html"),
        ("<title>x</title>", ""),
        ("<h1>", "<h2>"),
        ("<label for=\"comment\">", "<label>"),
        ("<button>x</button>", "<button></button>"),
        ("<legend>x</legend>", ""),
        ("<label class=\"s\">", "<p class=\"s\">"),
        ("<main>", "<main><img src=\"x\">"),
        ("<main>", "<main><script>"),
        ("width=device-width", "maximum-scale=1"),
    ] {
        assert!(good.contains(from), "{from}");
        assert_ne!(faults(&good.replacen(from, to, 1)), [""; 0], "{from} → {to}");
    }
}

/// The contrast of two colours, by WCAG 2.
fn contrast(one: &str, other: &str) -> f64 {
    let light = |color: &str| {
        let long = match color.strip_prefix('#') {
            Some(short) if short.len() == 3 => {
                short.chars().fold("#".to_owned(), |long, c| format!("{long}{c}{c}"))
            }
            _ => color.to_owned(),
        };
        rgb(&long).map(luminance).unwrap_or_else(|| panic!("{color} is a colour")) + 0.05
    };
    let (one, other) = (light(one), light(other));
    one.max(other) / one.min(other)
}

/// The value of a property in a rule.
fn property<'s>(rule: &'s str, name: &str) -> Option<&'s str> {
    let of = |part: &'s str| part.split_once(':').filter(|(n, _)| *n == name).map(|(_, value)| value);
    rule.split(';').find_map(of)
}

#[test]
fn every_text_and_every_edge_can_be_told_from_what_is_behind() {
    let rules: Vec<(&str, &str)> = STYLE.split('}').filter_map(|rule| rule.split_once('{')).collect();
    let (_, page) = rules[0];
    let (ink, paper) = (property(page, "color").unwrap(), property(page, "background").unwrap());
    assert!(contrast(ink, paper) >= 7.0);
    let mut seen = 0;
    for (selector, rule) in rules {
        let behind = property(rule, "background").filter(|color| color.starts_with('#')).unwrap_or(paper);
        assert!(contrast(property(rule, "color").unwrap_or(ink), behind) >= 7.0, "{selector}");
        for edge in ["border", "outline"] {
            let color =
                property(rule, edge).and_then(|value| value.split(' ').find(|part| part.starts_with('#')));
            if let Some(color) = color {
                assert!(contrast(color, paper) >= 3.0, "{selector}");
                seen += 1;
            }
        }
        for side in ["left", "right"] {
            assert!(!rule.contains(side), "{selector} knows of no {side}: it is the other one in Arabic");
        }
    }
    assert!(seen >= 4, "edges are declared");
}

#[test]
fn what_is_written_on_the_brand_s_colour_can_be_read() {
    for n in 0..4_096_u32 {
        let color = format!("#{:02x}{:02x}{:02x}", (n >> 8) * 17, (n >> 4 & 15) * 17, (n & 15) * 17);
        let css = Ink::of(&Brand { name: None, color: Some(color.clone()) }).css();
        let button = css.split_once('{').and_then(|(_, rest)| rest.split_once('}')).unwrap().0;
        let on_it = property(button, "color").unwrap();
        assert_eq!(property(button, "background"), Some(color.as_str()));
        assert!(contrast(&color, on_it) >= 4.5, "{color}");
    }
    let evil = Brand { name: None, color: Some("#000;}</style>".to_owned()) };
    assert!(!Ink::of(&evil).css().contains("</style>"));
}

#[test]
fn what_people_wrote_stays_text() {
    let evil = "</textarea></title></style><script>\"'&{{ x }}";
    for html in states(&page(SurveyKind::Csat, "es", evil)) {
        assert_eq!(faults(&html), [""; 0], "{html}");
        assert_eq!(html.matches("</style>").count(), 1);
        assert!(!html.contains("<script"));
    }
}

#[test]
fn a_page_is_in_its_reader_s_language_and_direction() {
    assert_eq!(
        (direction("ar-EG"), direction("he"), direction("es"), direction("")),
        ("rtl", "rtl", "ltr", "ltr")
    );
    let arabic = body(page(SurveyKind::Csat, "ar", "كيف كانت خدمتنا؟").form(None, None, None));
    assert!(arabic.contains("<html lang=\"ar\" dir=\"rtl\">"), "{arabic}");
    for (accepts, lang) in [
        (Some("ru-RU,ru;q=0.9,en;q=0.8"), "ru"),
        (Some("de, fr;q=0.5"), "fr"),
        (Some("xx"), "es"),
        (None, "es"),
    ] {
        let html = body(unknown(accepts));
        assert!(html.contains(&format!("<html lang=\"{lang}\"")), "{accepts:?}: {html}");
        let spoken =
            ["es", "fr", "ru", "en"].map(|tag| html.matches(&format!("<section lang=\"{tag}\">")).count());
        assert_eq!(spoken, [1; 4], "every language is spoken");
    }
}
