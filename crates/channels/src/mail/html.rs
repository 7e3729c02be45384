//! An HTML mail as text, as a person would read it: blocks and rows on lines of their own, points of lists marked, where
//! links lead, and what is quoted behind `>`, so that it is known for a quotation.
//!
//! (A library that lays HTML out as text brings a browser's parser with it, ten times this component's share.)

use crate::html::{Tag, entities, past_end};

/// Elements that stand on lines of their own.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "body",
    "caption",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "header",
    "hr",
    "legend",
    "main",
    "nav",
    "section",
    "summary",
    "table",
    "tbody",
    "tfoot",
    "thead",
    "tr",
];

/// Elements with an empty line before and after them.
const SPACED: &[&str] = &["h1", "h2", "h3", "h4", "h5", "h6", "p", "pre"];

/// Elements whose content is not text of the mail.
const DROPPED: &[&str] = &["iframe", "script", "style", "template", "textarea", "title"];

/// Quotations within quotations that are marked each by a `>` more.
const DEEPEST_QUOTE: usize = 8;

/// Lists within lists whose points are numbered each for itself.
const DEEPEST_LIST: usize = 32;

/// Longest address of a link that is shown.
const LINK_BYTES: usize = 2_000;

/// The text of an HTML mail.
pub(crate) fn html_text(html: &str) -> String {
    let mut writer = Writer::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        writer.text(text);
        rest = match Tag::read(tag) {
            Some((tag, after)) => writer.tag(&tag, after),
            None => {
                writer.put('<');
                tag.get(1..).unwrap_or_default()
            }
        };
    }
    writer.text(rest);
    writer.end_link();
    writer.out.truncate(writer.out.trim_end().len());
    writer.out
}

#[derive(Default)]
struct Writer {
    out: String,
    /// Line breaks to write before what comes next.
    breaks: usize,
    /// A blank to write before what comes next, if it stands on the same line.
    space: bool,
    /// There is something on this line.
    filled: bool,
    /// There is nothing on this line but what keeps it from vanishing.
    held_open: bool,
    /// The last paragraph stands without empty lines around it.
    close_set: bool,
    /// Open `<pre>`.
    verbatim: usize,
    /// Open `<blockquote>`.
    quotes: usize,
    /// The numbers of the points of open lists, where they have numbers.
    lists: Vec<Option<usize>>,
    /// Where the link that is open leads, and where its text begins.
    link: Option<(String, usize)>,
}

impl Writer {
    fn text(&mut self, text: &str) {
        for c in entities(text).chars() {
            match c {
                '\n' if self.verbatim > 0 => self.line_break(),
                ' ' | '\t' if self.verbatim > 0 => self.put(c),
                c if c.is_ascii_whitespace() => self.space = true,
                '\u{a0}' if !self.filled => self.held_open = true,
                '\u{a0}' => self.put(' '),
                c if c.is_control() => {}
                c => self.put(c),
            }
        }
    }

    /// Takes a tag; gives where reading goes on.
    fn tag<'h>(&mut self, tag: &Tag<'_>, after: &'h str) -> &'h str {
        let name = tag.name.as_str();
        match name {
            name if DROPPED.contains(&name) && !tag.is_end => return past_end(after, name),
            "br" => self.line_break(),
            "td" | "th" => self.space = true,
            "blockquote" => {
                self.block(1);
                self.quotes = level(self.quotes, tag.is_end);
            }
            "ol" | "ul" | "menu" => {
                self.block(1);
                match tag.is_end {
                    true => _ = self.lists.pop(),
                    false if self.lists.len() < DEEPEST_LIST => self.lists.push((name == "ol").then_some(0)),
                    false => {}
                }
            }
            "li" => {
                self.block(1);
                if !tag.is_end {
                    self.point();
                }
            }
            "a" => {
                self.end_link();
                let address = if tag.is_end { None } else { tag.attribute("href") };
                self.link = address.and_then(shown_address).map(|address| (address, self.out.len()));
            }
            // Pictures that stand for a character.
            "img" => {
                let alt = tag.attribute("alt").filter(|alt| !alt.chars().any(char::is_alphanumeric));
                self.text(alt.as_deref().unwrap_or_default());
            }
            name if SPACED.contains(&name) => {
                if !tag.is_end {
                    self.close_set = is_close_set(tag);
                }
                self.block(if self.close_set { 1 } else { 2 });
                if name == "pre" {
                    self.verbatim = level(self.verbatim, tag.is_end);
                }
            }
            name if BLOCKS.contains(&name) => self.block(1),
            _ => {}
        }
        after
    }

    /// Ends the line, if there is one, with so many breaks at least.
    fn block(&mut self, breaks: usize) {
        let breaks = if self.held_open { 2 } else { breaks };
        self.breaks = self.breaks.max(breaks);
        (self.space, self.filled, self.held_open) = (false, false, false);
    }

    /// Ends the line; one more empty line is kept of any number.
    fn line_break(&mut self) {
        self.block(if self.filled { 1 } else { 2 });
    }

    fn point(&mut self) {
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{number}. ")
            }
            _ => "- ".to_owned(),
        };
        mark.chars().for_each(|c| self.put(c));
    }

    /// Where a link leads, unless its text says so.
    fn end_link(&mut self) {
        let Some((address, start)) = self.link.take() else { return };
        let label = self.out.get(start..).unwrap_or_default().trim();
        let bare = |text: &str| {
            let text = text.strip_prefix("https://").or(text.strip_prefix("http://")).unwrap_or(text);
            text.trim_end_matches('/').to_owned()
        };
        if label.len() <= LINK_BYTES && bare(label) == bare(&address) {
            return;
        }
        self.space = self.filled;
        ["<", &address, ">"].iter().for_each(|piece| piece.chars().for_each(|c| self.put(c)));
    }

    fn put(&mut self, c: char) {
        if self.out.is_empty() || self.breaks > 0 {
            // Blanks at the end of a line are nothing.
            self.out.truncate(self.out.trim_end_matches(' ').len());
            if !self.out.is_empty() {
                self.out.extend(std::iter::repeat_n('\n', self.breaks));
            }
            if self.quotes > 0 {
                self.out.extend(std::iter::repeat_n('>', self.quotes.min(DEEPEST_QUOTE)));
                self.out.push(' ');
            }
        } else if self.space && self.filled && !self.out.ends_with(' ') {
            self.out.push(' ');
        }
        self.out.push(c);
        (self.breaks, self.space, self.filled, self.held_open) = (0, false, true, false);
    }
}

/// How many are open after one more begins or ends.
fn level(open: usize, is_end: bool) -> usize {
    if is_end { open.saturating_sub(1) } else { open.saturating_add(1) }
}

/// Lines of their own without an empty one: how Outlook writes every line.
fn is_close_set(tag: &Tag<'_>) -> bool {
    tag.attribute("class").is_some_and(|class| class.starts_with("Mso"))
        || tag.attribute("style").is_some_and(|style| style.replace(' ', "").contains("margin:0"))
}

/// The address of a link as a person would write it; none if it is not one to go to.
fn shown_address(address: String) -> Option<String> {
    let address = address.trim();
    let scheme = |name: &str| address.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name));
    let bare = match () {
        () if scheme("http://") || scheme("https://") => address,
        () if scheme("mailto:") => address.get("mailto:".len()..)?,
        () if scheme("tel:") => address.get("tel:".len()..)?,
        () => return None,
    };
    let plain = !bare.is_empty() && bare.len() <= LINK_BYTES && !bare.contains(char::is_control);
    plain.then(|| bare.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(html: &str, expected: &str) {
        assert_eq!(html_text(html), expected, "{html}");
    }

    #[test]
    fn blocks_stand_on_lines_of_their_own() {
        check("<div>Línea uno</div><div>Línea dos</div>", "Línea uno\nLínea dos");
        check("<p>Uno</p><p>Dos<br>Tres</p>Cuatro", "Uno\n\nDos\nTres\n\nCuatro");
        check("Uno<br></div><div>Dos<br><br>Tres", "Uno\nDos\n\nTres");
        check("<div>Uno</div><div><br></div><div>Dos</div>", "Uno\n\nDos");
        check("<p>Uno</p><p>&nbsp;</p><p>Dos</p>", "Uno\n\nDos");
        check("<p class=MsoNormal>Uno</p><p class=MsoNormal>Dos</p>", "Uno\nDos");
        check("<p style=\"margin: 0px\">Uno</p><p style='margin:0'>Dos</p>", "Uno\nDos");
        check("Un <b>gran</b>\r\n  problema<i>!</i>", "Un gran problema!");
        check("<pre>a\n  b</pre>c", "a\n  b\n\nc");
    }

    #[test]
    fn cells_and_points_are_not_glued() {
        check(
            "<table><tr><th>Nombre</th><td>Ana</td></tr>\n<tr><th>Matrícula</th> <td>1234 BCD</td></tr></table>",
            "Nombre Ana\nMatrícula 1234 BCD",
        );
        check("Faltan:<ul><li>casco</li><li>llave</ul>Gracias", "Faltan:\n- casco\n- llave\nGracias");
        check("<ol><li>a<ul><li>b</li></ul><li>c</ol>", "1. a\n- b\n2. c");
    }

    #[test]
    fn links_say_where_they_lead() {
        check(
            "Pague <a href='https://x.example/?a=1&amp;b=2'>aquí</a>.",
            "Pague aquí <https://x.example/?a=1&b=2>.",
        );
        check("<a href=\"https://x.example/\">x.example</a>", "x.example");
        check("<a href='mailto:ana@example.org'>ana@example.org</a>", "ana@example.org");
        check("<a href='mailto:ana@example.org'>Ana</a>, <a href=#top>top</a>", "Ana <ana@example.org>, top");
        check("<a href='javascript:alert(1)'>x</a><a name=y>y</a>", "xy");
        check(
            "<a href='https://a.example'>a<a href='https://b.example'>b",
            "a <https://a.example>b <https://b.example>",
        );
    }

    #[test]
    fn entities_are_read_and_what_is_no_text_left_out() {
        check("&lt;b&gt; &amp;amp; 10&nbsp;&euro; &laquo;sí&raquo; &#x41;&#0;", "<b> &amp; 10 € «sí» A");
        check(
            "<head><title>Newsletter</title><style>p{}</style></head><body><!-- no --><p>Hola</p><script>x</script>",
            "Hola",
        );
        check("5 < 6 & 7 > 2 <3", "5 < 6 & 7 > 2 <3");
        check("<img alt='🙂'><img alt='Logo'> bien", "🙂 bien");
        check("", "");
    }

    #[test]
    fn quotations_are_marked() {
        check(
            "<div>Sí</div><blockquote><div>¿Es suyo?</div><blockquote>Antes</blockquote></blockquote><p>Fin</p>",
            "Sí\n> ¿Es suyo?\n>> Antes\n\nFin",
        );
    }

    #[test]
    fn a_large_or_deep_one_ends() {
        assert_eq!(html_text(&"<div>".repeat(400_000)), "");
        let deep = html_text(&"<blockquote>x".repeat(200_000));
        assert!(deep.len() < 200_000 * (DEEPEST_QUOTE + 3));
        assert_eq!(html_text(&"<ol>".repeat(200_000)), "");
        assert_eq!(html_text(&"<".repeat(200_000)).len(), 200_000);
        assert_eq!(html_text(&"&".repeat(200_000)).len(), 200_000);
        assert_eq!(html_text(&"<!--".repeat(200_000)), "");
        assert_eq!(html_text(&"<a href=x ".repeat(200_000)), "");
        assert_eq!(
            html_text(&"<a href='https://x'>".repeat(100_000)).len(),
            100_000 * "<https://x> ".len() - 1
        );
        assert_eq!(html_text(&"<br>".repeat(200_000)), "");
        assert!(html_text(&"<br>x".repeat(100_000)).len() == 100_000 * 2 - 1);
    }

    proptest! {
        /// What is written between tags comes out, in its order.
        #[test]
        fn no_word_is_lost(pieces in prop::collection::vec(("[a-z]{1,8}", "</?(div|p|td|li|a|b|blockquote|ol|pre|o:p|font size=2)( class=x)?>|<br/>| "), 0..40)) {
            let html: String = pieces.iter().flat_map(|(word, tag)| [word.as_str(), tag.as_str()]).collect();
            let expected: String = pieces.iter().map(|(word, _)| word.as_str()).collect();
            let found: String = html_text(&html).chars().filter(char::is_ascii_alphabetic).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
