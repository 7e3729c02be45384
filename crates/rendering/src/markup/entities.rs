//! Characters of HTML as a reader sees them.

/// The characters of an attribute's value, quoted or not.
pub struct Value<'a> {
    text: Decoded<'a>,
    quote: Option<char>,
}

impl<'a> Value<'a> {
    /// Of a text that begins with one.
    pub fn of(text: &'a str) -> Self {
        let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
        let rest = quote.and_then(|_| text.get(1..)).unwrap_or(text);
        Self { text: Decoded { rest }, quote }
    }
}

impl Iterator for Value<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let c = self.text.rest.chars().next()?;
        let ends = self.quote.map_or(c.is_whitespace() || c == '>', |quote| c == quote);
        if ends { None } else { self.text.next() }
    }
}

/// A text with its entities as characters.
pub fn decode(text: &str) -> String {
    Decoded { rest: text }.collect()
}

/// The characters of a text with entities.
struct Decoded<'a> {
    rest: &'a str,
}

/// Bytes that an entity has at most.
const MAX_ENTITY: usize = 10;

impl Iterator for Decoded<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = self.rest.get(c.len_utf8()..).unwrap_or("");
        if c != '&' {
            return Some(c);
        }
        let end = self.rest.bytes().take(MAX_ENTITY).position(|b| b == b';');
        let decoded = end
            .and_then(|end| self.rest.split_at_checked(end))
            .and_then(|(name, tail)| Some((entity(name)?, tail.strip_prefix(';')?)));
        let Some((decoded, tail)) = decoded else { return Some(c) };
        self.rest = tail;
        Some(decoded)
    }
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|c| !c.is_control() || *c == '\n');
    }
    Some(match name {
        "amp" => '&',
        "apos" => '\'',
        "copy" => '©',
        "euro" => '€',
        "gt" => '>',
        "hellip" => '…',
        "iexcl" => '¡',
        "iquest" => '¿',
        "laquo" => '«',
        "lt" => '<',
        "mdash" => '—',
        "middot" => '·',
        "nbsp" => '\u{a0}',
        "ndash" => '–',
        "quot" => '"',
        "raquo" => '»',
        _ => return None,
    })
}
