//! Tags and entities of HTML, for those who write it anew or as text. Whatever the input, reading it once takes time in
//! proportion to its length.

use mail_parser::decoders::html::add_html_token;

/// Longest name of an entity.
const ENTITY_BYTES: usize = 32;

/// Attributes of a tag that are read; the rest is passed over.
const MOST_ATTRIBUTES: usize = 64;

/// What 128 and the numbers after it stand for.
const WINDOWS: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";

/// A tag as far as it is of use.
pub(crate) struct Tag<'h> {
    /// In small letters.
    pub name: String,
    pub is_end: bool,
    /// Names in small letters, values as written.
    pub attributes: Vec<(String, &'h str)>,
}

impl<'h> Tag<'h> {
    /// Reads what begins with `<`; none if it is text after all. A comment is a tag without a name.
    pub(crate) fn read(html: &'h str) -> Option<(Self, &'h str)> {
        let nameless = |after| (Tag { name: String::new(), is_end: false, attributes: Vec::new() }, after);
        if let Some(comment) = html.strip_prefix("<!--") {
            return Some(nameless(comment.split_once("-->").map_or("", |(_, after)| after)));
        }
        if html.starts_with("<!") || html.starts_with("<?") {
            return Some(nameless(html.split_once('>').map_or("", |(_, after)| after)));
        }
        let rest = html.get(1..)?;
        let (is_end, rest) = rest.strip_prefix('/').map_or((false, rest), |rest| (true, rest));
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).unwrap_or(rest.len());
        let (name, mut rest) = rest.split_at(end);
        let mut tag = Tag { name: name.to_ascii_lowercase(), is_end, attributes: Vec::new() };
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            if rest.is_empty() {
                return Some((tag, ""));
            }
            if let Some(after) = rest.strip_prefix('>') {
                return Some((tag, after));
            }
            let end =
                rest.char_indices().skip(1).find(|(_, c)| c.is_whitespace() || matches!(c, '=' | '>' | '/'));
            let (name, after) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
            rest = after.trim_start();
            let Some(value) = rest.strip_prefix('=') else { continue };
            let value = value.trim_start();
            let quoted = ['"', '\''].iter().find_map(|quote| {
                let inner = value.strip_prefix(*quote)?;
                Some(inner.split_once(*quote).unwrap_or((inner, "")))
            });
            let bare = || {
                let end = value.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(value.len());
                value.split_at(end)
            };
            let (value, after) = quoted.unwrap_or_else(bare);
            if tag.attributes.len() < MOST_ATTRIBUTES {
                tag.attributes.push((name.to_ascii_lowercase(), value));
            }
            rest = after;
        }
    }

    /// The value of an attribute, without entities; the first one counts.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| entities(value))
    }
}

/// What follows the end of an element that is left out whole.
pub(crate) fn past_end<'h>(html: &'h str, name: &str) -> &'h str {
    let mut rest = html;
    while let Some(at) = rest.find("</") {
        let after = rest.get(at + 2..).unwrap_or_default();
        if after.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return after.split_once('>').map_or("", |(_, after)| after);
        }
        rest = after;
    }
    ""
}

/// What stands between the ampersand that a text begins with and the semicolon that ends an entity.
pub(crate) fn entity_name(text: &str) -> Option<&str> {
    let end = text.bytes().take(ENTITY_BYTES + 2).position(|byte| byte == b';')?;
    text.get(1..end)
}

/// A value without its entities, so that an address is seen for what it is. Names that are not known stay. An ampersand
/// that was itself escaped may be read as the beginning of an entity by whoever shows the value.
pub(crate) fn entities(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some(at) = rest.find('&') {
        let (text, entity) = rest.split_at(at);
        out.push_str(text);
        let decoded =
            entity_name(entity).and_then(|name| Some((character(name)?, entity.get(name.len() + 2..)?)));
        rest = match decoded {
            Some((c, after)) => {
                out.push(c);
                after
            }
            None => {
                out.push('&');
                entity.get(1..).unwrap_or_default()
            }
        };
    }
    out.push_str(rest);
    out
}

/// Names as the standard writes them, and in small letters for those who do not.
fn character(name: &str) -> Option<char> {
    let Some(number) = name.strip_prefix('#') else {
        return named(name).or_else(|| named(&name.to_ascii_lowercase()));
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    // Numbers that mean characters of Windows-1252, as browsers have it.
    let windows = code.checked_sub(0x80).and_then(|at| WINDOWS.chars().nth(usize::try_from(at).ok()?));
    windows.or_else(|| char::from_u32(code))
}

/// By the mail reader's table of names, which gives what it does not know as it was.
fn named(name: &str) -> Option<char> {
    let mut out = String::new();
    add_html_token(&mut out, format!("&{name};").as_bytes(), false);
    let mut found = out.chars();
    found.next().filter(|_| found.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_what_they_stand_for() {
        let text =
            "&lt;b&gt; &amp; &euro;&laquo;&raquo; &ntilde;&Ntilde; &#8364;&#x20AC;&#X20ac; &#150;&#128; &LT;";
        assert_eq!(entities(text), "<b> & €«» ñÑ €€€ –€ <");
        let text = "a & b &; &unknown; &#xFFFFFFF; &#; &copy=1; &amp";
        assert_eq!(entities(text), text);
    }

    #[test]
    fn attributes_of_a_tag_have_an_end() {
        let html = format!("<a {}>x", "b=c ".repeat(10_000));
        let (tag, after) = Tag::read(&html).expect("a tag");
        assert_eq!((tag.attributes.len(), after), (MOST_ATTRIBUTES, "x"));
        assert_eq!(tag.attribute("b").as_deref(), Some("c"));
        assert_eq!(tag.attribute("d"), None);
    }
}
