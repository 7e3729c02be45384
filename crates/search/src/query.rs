//! What somebody typed into a search box.

use crate::words::{folded, words};

/// Longest query in bytes.
pub const LONGEST_QUERY: usize = 400;

/// Most words of a query.
pub const MOST_WORDS: usize = 16;

/// Digits of the shortest telephone number that is taken for one.
const SHORTEST_PHONE: usize = 7;

/// Why a query is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Nothing to look for is in it.
    Empty,
    /// Too long, or of too many words.
    TooLong,
}

impl Refused {
    /// What to do about it.
    pub fn advice(self) -> String {
        match self {
            Self::Empty => "q has no word to look for".to_owned(),
            Self::TooLong => format!("q has at most {LONGEST_QUERY} bytes and {MOST_WORDS} words"),
        }
    }
}

/// A query: all of it must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Words in this order with nothing between them; a single word is a phrase of one.
    pub phrases: Vec<Vec<String>>,
    /// Friendly number: `#123`.
    pub number: Option<u64>,
    /// Custom fields and their folded values: `field.plan:pro`.
    pub fields: Vec<(String, String)>,
    /// An e-mail address or a telephone number as it was typed, if the query is nothing else.
    pub address: Option<String>,
}

impl Query {
    /// Reads a query. A quoted part is a phrase; what has no special form is words.
    ///
    /// # Errors
    /// If there is nothing to look for, or too much.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        if text.len() > LONGEST_QUERY {
            return Err(Refused::TooLong);
        }
        let mut query = Self::default();
        for piece in pieces(text) {
            query.take(&piece);
        }
        if query.terms().len() > MOST_WORDS {
            return Err(Refused::TooLong);
        }
        query.address = address(text.trim()).filter(|_| query.fields.is_empty() && query.number.is_none());
        if query.phrases.is_empty() && query.number.is_none() && query.fields.is_empty() {
            return Err(Refused::Empty);
        }
        Ok(query)
    }

    /// What must be among the terms of whatever fits.
    pub fn terms(&self) -> Vec<String> {
        let fields = self.fields.iter().map(|(name, value)| field_term(name, value));
        let mut terms: Vec<String> = self.phrases.iter().flatten().cloned().chain(fields).collect();
        terms.sort_unstable();
        terms.dedup();
        terms
    }

    fn take(&mut self, piece: &Piece) {
        let number = piece.text.strip_prefix('#').and_then(|digits| digits.parse().ok());
        if let (Some(number), false) = (number, piece.quoted) {
            self.number = Some(number);
            return;
        }
        if let Some((name, value)) = piece.field.as_ref().map(|name| (name, &piece.text)) {
            let value = folded(value);
            if !value.is_empty() {
                self.fields.push((name.clone(), value));
            }
            return;
        }
        let found: Vec<String> = words(&piece.text).into_iter().map(|word| word.folded).collect();
        if !found.is_empty() {
            self.phrases.push(found);
        }
    }
}

/// The term of a custom field with a folded value.
pub fn field_term(name: &str, folded_value: &str) -> String {
    format!("{name}={folded_value}")
}

/// A part of a query between spaces, or between quotation marks.
struct Piece {
    text: String,
    quoted: bool,
    /// The custom field that it is the value of.
    field: Option<String>,
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return found;
        }
        let mut field = None;
        if let Some((name, value)) = rest.strip_prefix("field.").and_then(|rest| rest.split_once(':'))
            && !name.is_empty()
            && !name.contains(|c: char| c.is_whitespace() || c == '"')
        {
            field = Some(name.to_owned());
            rest = value;
        }
        let (piece, quoted, after) = match rest.strip_prefix('"') {
            Some(inner) => {
                let (piece, after) = inner.split_once('"').unwrap_or((inner, ""));
                (piece, true, after)
            }
            None => {
                let (piece, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                (piece, false, after)
            }
        };
        found.push(Piece { text: piece.to_owned(), quoted, field });
        rest = after;
    }
}

/// The text if it looks like an address: how exactly one is written is for whoever looks it up.
fn address(text: &str) -> Option<String> {
    let is_email = text.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty() && domain.contains('.') && !text.contains(|c: char| c.is_whitespace() || c == '"')
    });
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let is_phone =
        digits >= SHORTEST_PHONE && text.chars().all(|c| c.is_ascii_digit() || "+-(). ".contains(c));
    match (is_email, is_phone) {
        (true, _) => Some(text.to_owned()),
        (_, true) => Some(text.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Query {
        Query::parse(text).expect("a query")
    }

    #[test]
    fn words_are_phrases_of_one_and_what_is_quoted_stays_together() {
        let query = parse(r#"Facturación "no puedo  entrar" ayer"#);
        assert_eq!(query.phrases, [vec!["facturacion"], vec!["no", "puedo", "entrar"], vec!["ayer"]]);
        assert_eq!(query.terms(), ["ayer", "entrar", "facturacion", "no", "puedo"]);
        assert_eq!(parse(r#""sin cerrar"#).phrases, [vec!["sin", "cerrar"]]);
    }

    #[test]
    fn numbers_and_fields_have_a_form_of_their_own() {
        let query = parse(r##"#123 field.school:"Colegio San José" field.plan:PRO"##);
        assert_eq!(query.number, Some(123));
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(query.fields, [field("school", "colegio san jose"), field("plan", "pro")]);
        assert_eq!(query.terms(), ["plan=pro", "school=colegio san jose"]);
        assert_eq!(parse(r##""#123""##).phrases, [vec!["123"]]);
        assert_eq!(parse("#12a").phrases, [vec!["12a"]]);
        assert_eq!(parse("field.:x").phrases, [vec!["field", "x"]]);
    }

    #[test]
    fn an_address_is_known_when_there_is_nothing_else() {
        assert_eq!(parse("ana@example.org").address.as_deref(), Some("ana@example.org"));
        assert_eq!(parse(" +34 600-11.22 33 ").address.as_deref(), Some("+34600112233"));
        for none in ["123456", "pedido 1234567", "ana@example", "@example.org", "a b@example.org", "#1234567"]
        {
            assert_eq!(parse(none).address, None, "{none}");
        }
    }

    #[test]
    fn nothing_and_too_much_are_refused() {
        for empty in ["", "  ", "¿?", "\"\"", "field.plan:"] {
            assert_eq!(Query::parse(empty), Err(Refused::Empty), "{empty}");
        }
        assert_eq!(Query::parse(&"a".repeat(LONGEST_QUERY + 1)), Err(Refused::TooLong));
        let many: Vec<String> = (0..=MOST_WORDS).map(|n| format!("w{n}")).collect();
        assert_eq!(Query::parse(&many.join(" ")), Err(Refused::TooLong));
    }
}
