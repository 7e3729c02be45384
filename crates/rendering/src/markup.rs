//! From text to HTML and back, for the two halves of an e-mail.

mod entities;

use entities::{Value, decode};

/// Characters of an attribute that are read; longer addresses are not shown in a plain text.
const MAX_VALUE: usize = 2_048;

/// The plain text of an HTML fragment or document: blocks become lines, links keep their address, what is not shown
/// (`style`, `script`, `head`, comments) is dropped, entities become characters.
pub fn text_of(html: &str) -> String {
    let mut out = Lines::default();
    let mut link: Option<String> = None;
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.text(&decode(before));
        if let Some(comment) = tag.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let Some((inner, after)) = tag.strip_prefix('<').and_then(|t| t.split_once('>')) else {
            out.text(&decode(tag));
            rest = "";
            break;
        };
        rest = after;
        let name: String = inner
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '/')
            .collect::<String>()
            .to_ascii_lowercase();
        match name.trim_end_matches('/') {
            "" if !name.starts_with('/') && !inner.starts_with(['!', '?']) => {
                out.text(&decode(&format!("<{inner}>")))
            }
            hidden @ ("style" | "script" | "head" | "title") => rest = skip(rest, hidden),
            "br" => out.line(),
            "li" => {
                out.line_if_any();
                out.text("- ");
            }
            "p" | "/p" | "table" | "/table" | "ul" | "/ul" | "ol" | "/ol" | "blockquote" | "/blockquote"
            | "h1" | "/h1" | "h2" | "/h2" | "h3" | "/h3" | "h4" | "/h4" => out.paragraph(),
            "div" | "/div" | "tr" | "/tr" | "/li" | "hr" | "section" | "/section" => out.line_if_any(),
            "/td" | "/th" => out.text(" "),
            "a" => link = attribute(inner, "href"),
            "/a" => {
                if let Some(url) = link.take().filter(|url| !out.ends_with(url)) {
                    out.text(&format!(" ({url})"));
                }
            }
            _ => {}
        }
    }
    out.text(&decode(rest));
    out.finish()
}

/// Whether a link or a source in HTML would run code: data that were printed into an address may have brought a
/// scheme of their own.
pub fn has_unsafe_link(html: &str) -> bool {
    let lower = html.to_ascii_lowercase();
    ["href", "src", "action", "background"].into_iter().any(|name| {
        lower.match_indices(name).any(|(at, _)| {
            let value = lower
                .get(at.saturating_add(name.len())..)
                .and_then(|rest| rest.trim_start().strip_prefix('='));
            value.is_some_and(|value| runs_code(Value::of(value.trim_start())))
        })
    })
}

/// Whether an address would run code instead of leading somewhere.
pub fn is_unsafe_url(url: &str) -> bool {
    runs_code(url.chars())
}

fn runs_code(url: impl Iterator<Item = char>) -> bool {
    // Browsers read over white space and controls in a scheme.
    let scheme: String = url.filter(|c| !c.is_whitespace() && !c.is_control()).take(11).collect();
    let scheme = scheme.to_ascii_lowercase();
    ["javascript:", "vbscript:", "data:"].into_iter().any(|unsafe_scheme| scheme.starts_with(unsafe_scheme))
}

/// Whether a source is meant as HTML: it has something that looks like a tag.
pub fn is_html(source: &str) -> bool {
    source.match_indices('<').any(|(at, _)| {
        source
            .get(at.saturating_add(1)..)
            .and_then(|rest| rest.chars().next())
            .is_some_and(|c| c.is_ascii_alphabetic())
    })
}

/// The HTML of a plain text: a paragraph for each block of lines.
pub fn html_of(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let escaped = escaped.replace("\r\n", "\n");
    let paragraphs = escaped.split("\n\n").map(str::trim).filter(|p| !p.is_empty());
    paragraphs.map(|p| format!("<p>{}</p>", p.replace('\n', "<br>\n"))).collect::<Vec<_>>().join("\n")
}

#[derive(Default)]
struct Lines {
    done: String,
    line: String,
    space: bool,
}

impl Lines {
    fn text(&mut self, text: &str) {
        for c in text.chars() {
            if c.is_whitespace() && c != '\u{a0}' {
                self.space = !self.line.is_empty();
            } else {
                if self.space {
                    self.line.push(' ');
                }
                self.space = false;
                self.line.push(c);
            }
        }
    }

    fn line(&mut self) {
        self.done.push_str(&self.line);
        self.done.push('\n');
        self.line.clear();
        self.space = false;
    }

    fn line_if_any(&mut self) {
        if !self.line.is_empty() {
            self.line();
        }
    }

    fn paragraph(&mut self) {
        self.line_if_any();
        if !self.done.is_empty() && !self.done.ends_with("\n\n") {
            self.done.push('\n');
        }
    }

    fn ends_with(&self, text: &str) -> bool {
        self.line.ends_with(text)
    }

    fn finish(mut self) -> String {
        self.line_if_any();
        self.done.trim().to_owned()
    }
}

/// What follows the element's content; nothing if it is not closed.
fn skip<'a>(html: &'a str, name: &str) -> &'a str {
    let closes = |at: usize| {
        let tag = html.get(at.saturating_add(2)..).and_then(|rest| rest.get(..name.len()));
        tag.is_some_and(|tag| tag.eq_ignore_ascii_case(name))
    };
    html.match_indices("</").find(|(at, _)| closes(*at)).and_then(|(at, _)| html.get(at..)).unwrap_or("")
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let at = tag.to_ascii_lowercase().find(&format!("{name}="))?;
    let value = tag.get(at.saturating_add(name.len()).saturating_add(1)..)?;
    Some(Value::of(value).take(MAX_VALUE).collect::<String>()).filter(|url| !url.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_lines() {
        for (html, text) in [
            ("<p>Hola <b>Ana</b>,</p>\n<p>uno<br>dos</p>", "Hola Ana,\n\nuno\ndos"),
            ("<ul><li>a</li><li>b</li></ul>fin", "- a\n- b\n\nfin"),
            ("<a href=\"https://x.es/?a=1&amp;b=2\">aquí</a>.", "aquí (https://x.es/?a=1&b=2)."),
            ("<a href='https://x.es'>https://x.es</a>", "https://x.es"),
            (
                "<head><style>p{}</style></head><!-- no --><p>s&iacute; &#233; &lt;b&gt; &nope;</p>",
                "s&iacute; é <b> &nope;",
            ),
            ("<table><tr><td>1</td><td>2</td></tr></table>", "1 2"),
            ("a < b y 3 > 2", "a < b y 3 > 2"),
            ("cortado <p", "cortado <p"),
            ("<script>alert(1)", ""),
        ] {
            assert_eq!(text_of(html), text, "{html}");
        }
    }

    #[test]
    fn links_that_run_code_are_seen() {
        for html in [
            "<a href=\"javascript:alert(1)\">",
            "<A HREF = ' JavaScript:x'>",
            "<a href=javascript:x>",
            "<img src=\"java\nscr\tipt:x\">",
            "<a href=\"java&#115;cript:x\">",
            "<a href=\"&#x6a;avascript&#58;x\">",
            "<form action=\"data:text/html,x\">",
            "<p>a</p><a title=\"href\" href=\"vbscript:x\">",
        ] {
            assert!(has_unsafe_link(html), "{html}");
        }
        for html in [
            "<a href=\"https://x.es/?javascript:\">",
            "<a href='mailto:a@b.es'>",
            "href javascript:",
            "<p>src</p>",
        ] {
            assert!(!has_unsafe_link(html), "{html}");
        }
    }

    #[test]
    fn hostile_html_comes_to_an_end_and_does_not_grow() {
        for piece in [
            "&",
            "<style></style>",
            "<style>",
            "<a href=",
            "href=",
            "href='",
            "<",
            "<!--",
            "</a>",
            "&#",
            "<p>",
            "<a href='x'></a>",
        ] {
            let html = piece.repeat(128 * 1024 / piece.len());
            assert!(text_of(&html).len() <= html.len(), "{piece}");
            has_unsafe_link(&html);
            html_of(&html);
        }
    }

    #[test]
    fn text_becomes_escaped_paragraphs() {
        assert_eq!(html_of("Hola <b>\n& más\n\n\nfin\n"), "<p>Hola &lt;b&gt;<br>\n&amp; más</p>\n<p>fin</p>");
        assert!(is_html("a <b>c</b>") && is_html("<!doctype html><html>") && !is_html("a < b, 1<2 <3"));
    }
}
