//! Markdown as HTML that may be shown, and what stands above it in a file.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, html};

/// Ways to which links may lead.
const SCHEMES: [&str; 4] = ["http", "https", "mailto", "tel"];

/// As HTML: tags that were written stay text, and links that run something lead nowhere.
pub fn to_html(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let events = Parser::new_ext(markdown, options).map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Link { link_type, dest_url: safe(dest_url), title, id })
        }
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Image { link_type, dest_url: safe(dest_url), title, id })
        }
        other => other,
    });
    let mut page = String::with_capacity(markdown.len().saturating_mul(2));
    html::push_html(&mut page, events);
    page
}

/// What is said, without how it looks.
pub fn to_text(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            Event::Text(piece) | Event::Code(piece) | Event::Html(piece) | Event::InlineHtml(piece) => {
                text.push_str(&piece);
            }
            Event::End(_) | Event::SoftBreak | Event::HardBreak => text.push(' '),
            _ => {}
        }
    }
    text
}

fn safe(address: CowStr<'_>) -> CowStr<'_> {
    // Browsers pass over control characters and spaces in a scheme.
    let plain: String = address.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    let before_path = plain.split(['/', '?', '#']).next().unwrap_or_default();
    match before_path.split_once(':') {
        Some((scheme, _)) if !SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) => {
            CowStr::Borrowed("#")
        }
        _ => address,
    }
}

/// What stands above the text of a file, between two lines of `---`: names and values.
pub struct Matter {
    /// Names and values, in order.
    pub values: Vec<(String, String)>,
    /// The text below.
    pub body: String,
}

/// Splits a file. One without such lines is all text.
pub fn split(file: &str) -> Result<Matter, String> {
    let file = file.strip_prefix('\u{feff}').unwrap_or(file).replace("\r\n", "\n");
    let Some(rest) = file.strip_prefix("---\n") else {
        return Ok(Matter { values: Vec::new(), body: file });
    };
    let Some((above, body)) = rest.split_once("\n---\n").or_else(|| Some((rest.strip_suffix("\n---")?, "")))
    else {
        return Err("the lines above the text are not closed by ---".to_owned());
    };
    let mut values = Vec::new();
    for line in above.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')) {
        let Some((name, value)) = line.split_once(':') else {
            return Err(format!("no name and value: {}", line.chars().take(40).collect::<String>()));
        };
        let value = value.trim();
        // One pair: the text within may begin or end in quotes of its own.
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        values.push((name.trim().to_owned(), value.to_owned()));
    }
    Ok(Matter { values, body: body.trim_start_matches('\n').to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_written_runs() {
        for (markdown, never) in [
            ("<script>alert(1)</script>", "<script"),
            ("hola <img src=x onerror=alert(1)>", "<img"),
            ("[pulse](javascript:alert(1))", "javascript:"),
            ("[pulse](<JaVa\u{9}Script:alert(1)>)", "cript:"),
            ("[pulse](data:text/html;base64,AAAA)", "data:"),
            ("![x](vbscript:x)", "vbscript:"),
            ("<a href=\"javascript:x\">y</a>", "<a href=\"javascript"),
            ("[x](https://example.org \"\\\" onclick=x\")", "\" onclick"),
        ] {
            let page = to_html(markdown);
            assert!(!page.contains(never), "{markdown}: {page}");
        }
        assert_eq!(
            to_html("# Claves\n\n- [aquí](https://example.org/a?b=1)\n- [cerca](otra.md)\n")
                .replace('\n', ""),
            "<h1>Claves</h1><ul><li><a href=\"https://example.org/a?b=1\">aquí</a></li><li><a href=\"otra.md\">cerca</a></li></ul>"
        );
    }

    #[test]
    fn of_markdown_what_is_said_is_left() {
        let text =
            to_text("# Claves\n\nSe **cambia** en `Ajustes`.\n\n| a | b |\n|---|---|\n| uno | dos |\n");
        let words: Vec<&str> = text.split_whitespace().collect();
        assert_eq!(words, ["Claves", "Se", "cambia", "en", "Ajustes.", "a", "b", "uno", "dos"]);
    }

    #[test]
    fn what_stands_above_the_text_is_read_and_what_is_not_closed_refused() {
        let matter =
            split("---\ntitle: \"Claves: \"todas\"\"\n# nota\ntags: a, b\n---\n\n# Hola\n").expect("closed");
        let value = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(matter.values, [value("title", "Claves: \"todas\""), value("tags", "a, b")]);
        assert_eq!(matter.body, "# Hola\n");
        assert_eq!(split("# Hola").expect("text").body, "# Hola");
        assert!(split("---\ntitle: x\n").is_err() && split("---\nhola\n---\nx").is_err());
    }
}
