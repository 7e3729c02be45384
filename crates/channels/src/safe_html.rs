//! The HTML of a mail made safe for display.
//!
//! Nothing of what was sent is passed on: what is understood of it is written anew, with elements and attributes of
//! a short list, every `<`, `>`, `&` and quote of text and values escaped, and every element closed. So it does not
//! matter whether a browser would read the original otherwise than this reader does: it reads only what was written
//! here. (A sanitiser that parses as browsers do is ten times this component's share; what it would add is fidelity.)
//!
//! Pictures are shown only if they came with the mail: fetching others tells their sender who reads, when and where.

use crate::html::{Tag, entities, entity_name, past_end};

/// Elements that are passed on. All others are left out and what is in them stays.
const KEPT: &[&str] = &[
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
];

/// Elements that are left out with what is in them.
const DROPPED: &[&str] = &[
    "applet",
    "audio",
    "canvas",
    "embed",
    "frameset",
    "head",
    "iframe",
    "math",
    "noembed",
    "noframes",
    "noscript",
    "object",
    "plaintext",
    "script",
    "select",
    "style",
    "svg",
    "template",
    "textarea",
    "title",
    "video",
    "xmp",
];

/// Elements without an end.
const VOID: &[&str] = &["br", "hr", "img"];

/// Elements that may be open at once: a browser's own limit is 512.
const DEEPEST: usize = 100;

/// Largest result, in bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// Makes HTML safe. `picture` gives the address of a picture that came with the mail, by its content id.
pub fn safe_html(html: &str, picture: impl Fn(&str) -> Option<String>) -> String {
    let mut writer = Writer { out: String::new(), open: Vec::new(), picture: &picture };
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        writer.text(text);
        rest = match Tag::read(tag) {
            Some((tag, after)) => writer.tag(&tag, after),
            None => {
                writer.text("<");
                tag.get(1..).unwrap_or_default()
            }
        };
        if writer.out.len() > MAX_BYTES {
            rest = "";
        }
    }
    writer.text(rest);
    writer.finish()
}

struct Writer<'a> {
    out: String,
    open: Vec<String>,
    picture: &'a dyn Fn(&str) -> Option<String>,
}

impl Writer<'_> {
    /// Writes text; entities in it are kept as such.
    fn text(&mut self, text: &str) {
        escape(text, &mut self.out);
    }

    /// Takes a tag; gives where reading goes on.
    fn tag<'h>(&mut self, tag: &Tag<'_>, after: &'h str) -> &'h str {
        if DROPPED.contains(&tag.name.as_str()) && !tag.is_end {
            return past_end(after, &tag.name);
        }
        if !KEPT.contains(&tag.name.as_str()) {
            return after;
        }
        match (tag.is_end, VOID.contains(&tag.name.as_str())) {
            (true, true) => {}
            (true, false) => self.close(&tag.name),
            (false, is_void) => self.begin(tag, is_void),
        }
        after
    }

    fn begin(&mut self, tag: &Tag<'_>, is_void: bool) {
        if !is_void && self.open.len() >= DEEPEST {
            return;
        }
        let mut attributes = String::new();
        let mut put = |name: &str, value: &str| {
            attributes.extend([" ", name, "=\""]);
            escape(value, &mut attributes);
            attributes.push('"');
        };
        for (name, value) in &tag.attributes {
            let value = entities(value);
            match (tag.name.as_str(), name.as_str()) {
                ("a", "href") if is_harmless_link(&value) => {
                    put("href", value.trim());
                    put("rel", "noopener noreferrer nofollow");
                    put("target", "_blank");
                }
                ("img", "src") => {
                    let id = value.trim().strip_prefix("cid:").map(|id| id.trim_matches(['<', '>']));
                    if let Some(address) = id.and_then(self.picture) {
                        put("src", &address);
                    }
                }
                ("img", "alt") | ("a" | "td" | "th" | "span", "title") => put(name, &value),
                ("td" | "th", "colspan" | "rowspan")
                    if value.len() < 4 && value.bytes().all(|b| b.is_ascii_digit()) =>
                {
                    put(name, &value);
                }
                _ => {}
            }
        }
        self.out.extend(["<", &tag.name, &attributes, ">"]);
        if !is_void {
            self.open.push(tag.name.clone());
        }
    }

    /// Closes an element and what is open in it; an end without a beginning is nothing.
    fn close(&mut self, name: &str) {
        let Some(at) = self.open.iter().rposition(|open| open == name) else { return };
        for open in self.open.drain(at..).rev() {
            self.out.extend(["</", &open, ">"]);
        }
    }

    fn finish(mut self) -> String {
        for open in self.open.drain(..).rev() {
            self.out.extend(["</", &open, ">"]);
        }
        self.out
    }
}

/// Addresses that a click may go to. Control characters and blanks are not looked past: browsers do that.
fn is_harmless_link(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    ["https://", "http://", "mailto:", "tel:"].iter().any(|scheme| value.starts_with(scheme))
        && !value.contains(char::is_control)
}

/// Escapes text; entities in it stay entities.
fn escape(text: &str, out: &mut String) {
    for (at, c) in text.char_indices() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '&' if !is_entity(text.get(at..).unwrap_or_default()) => out.push_str("&amp;"),
            '\0' => {}
            c => out.push(c),
        }
    }
}

fn is_entity(text: &str) -> bool {
    let name = entity_name(text).unwrap_or_default();
    let plain = name.strip_prefix('#').unwrap_or(name);
    !plain.is_empty() && plain.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn safe(html: &str) -> String {
        safe_html(html, |id| (id == "foto@x").then(|| "/api/school/files/abc".to_owned()))
    }

    #[test]
    fn what_people_write_is_kept() {
        let html = "<p>Hola <b>Ana</b>,<br>mire <a href='https://example.org/?a=1&amp;b=2'>esto</a> &ntilde; &lt;3</p>";
        let link = "https://example.org/?a=1&amp;b=2";
        let expected = format!(
            "<p>Hola <b>Ana</b>,<br>mire <a href=\"{link}\" rel=\"noopener noreferrer nofollow\" \
             target=\"_blank\">esto</a> &ntilde; &lt;3</p>"
        );
        assert_eq!(safe(html), expected);
        assert_eq!(
            safe("<img src='cid:foto@x' alt='la \"foto\"'>"),
            "<img src=\"/api/school/files/abc\" alt=\"la &quot;foto&quot;\">"
        );
        assert_eq!(safe("a < b & c > d"), "a &lt; b &amp; c &gt; d");
        assert_eq!(
            safe("<table><tr><td colspan=2 onclick=x>1</td></tr></table>"),
            "<table><tr><td colspan=\"2\">1</td></tr></table>"
        );
    }

    #[test]
    fn what_runs_fetches_or_deceives_is_not() {
        for (html, expected) in [
            ("<script>alert(1)</script>x", "x"),
            ("<SCRIPT src=x></SCRIPT >x", "x"),
            ("<scr<script>ipt>alert(1)</script>", "ipt&gt;alert(1)"),
            ("<p onclick=alert(1)>x</p>", "<p>x</p>"),
            ("<a href=\"javascript:alert(1)\">x</a>", "<a>x</a>"),
            ("<a href=\" java\nscript:alert(1)\">x</a>", "<a>x</a>"),
            ("<a href=\"&#106;avascript&colon;alert(1)\">x</a>", "<a>x</a>"),
            ("<a href=\"data:text/html,x\">x</a>", "<a>x</a>"),
            ("<img src=x onerror=alert(1)>", "<img>"),
            ("<img src=https://spy.example/p.gif>", "<img>"),
            ("<iframe src=https://x></iframe>y", "y"),
            ("<svg><script>alert(1)</script></svg>y", "y"),
            ("<math><mtext><style><img src=x onerror=alert(1)></style></math>y", "y"),
            (
                "<style>p{background:url(https://spy.example)}</style><p style=\"background:url(x)\">y</p>",
                "<p>y</p>",
            ),
            ("<form action=https://x><input name=a>y</form>", "y"),
            ("<base href=https://x><meta http-equiv=refresh content=0><link rel=stylesheet>y", "y"),
            ("<!--[if IE]><script>alert(1)</script><![endif]-->y", "y"),
            ("<!-- --!><script>alert(1)</script> -->y", "y"),
            ("<p title=\"--&gt;\"", "<p></p>"),
            ("</p></div>x</b>", "x"),
            ("<b><i>x</b>y</i>", "<b><i>x</i></b>y"),
            (
                "<a href='https://x' \" onmouseover='alert(1)'>x",
                "<a href=\"https://x\" rel=\"noopener noreferrer nofollow\" target=\"_blank\">x</a>",
            ),
            (
                "<a title='\"><script>alert(1)</script>'>x</a>",
                "<a title=\"&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\">x</a>",
            ),
        ] {
            assert_eq!(safe(html), expected, "{html}");
        }
    }

    #[test]
    fn a_large_or_deep_one_ends() {
        assert!(safe(&"<div>".repeat(100_000)).len() <= DEEPEST * "<div></div>".len());
        assert!(safe(&"<p>x</p>".repeat(400_000)).len() < MAX_BYTES + 100);
        assert_eq!(safe(&"<".repeat(1_000)).len(), 4_000);
        assert!(safe(&"&".repeat(3_000_000)).starts_with("&amp;&amp;"));
        assert!(safe(&format!("<a href=\"https://x/{}\">x</a>", "&".repeat(900_000))).contains('x'));
    }

    proptest! {
        /// Whatever comes in, what goes out is made of the listed tags, with the listed attributes, and of text.
        #[test]
        fn only_what_is_listed_comes_out(html in "(<[/!]?[a-zA-Z]{0,7}|[ =\"'<>/&;:#x0-9a-z-]|script|onerror=|href=|javascript:|cid:foto@x|-->|\\x00|é){0,60}") {
            let out = safe(&html);
            for piece in out.split('<').skip(1) {
                let (tag, text) = piece.split_once('>').expect("every tag ends");
                prop_assert!(!text.contains('>'), "{out}");
                let name = tag.trim_start_matches('/').split(' ').next().unwrap_or_default();
                prop_assert!(KEPT.contains(&name), "{out}");
                // Quotes in values are escaped: each of these ends in an attribute's name.
                let pieces: Vec<&str> = tag.split("=\"").collect();
                for piece in pieces.iter().take(pieces.len() - 1) {
                    let attribute = piece.rsplit(' ').next().unwrap_or_default();
                    let listed = ["href", "rel", "target", "src", "alt", "title", "colspan", "rowspan"];
                    prop_assert!(listed.contains(&attribute), "{attribute} in {out}");
                }
            }
            prop_assert!(!out.to_lowercase().contains("href=\"javascript"), "{out}");
        }
    }
}
