//! What an author may do about a text that costs more than it must.

use super::{Encoding, Segments, segments, septets};
use crate::problem::line_and_column;
use crate::transliterate::transliterate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Characters that are named at most.
const MAX_NAMED: usize = 20;

/// Why a text is sent in UCS-2, and what it would come to without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// The characters that the 7-bit alphabet lacks, each once, where it first stands.
    pub outside: Vec<Outside>,
    /// With near letters in their place (`í` → `i`), if that helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transliterated: Option<Segments>,
}

/// A character that the 7-bit alphabet lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    /// It.
    pub character: char,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

/// The hint for a text; none if it is sent in the 7-bit alphabet.
///
/// ```
/// use relevo_rendering::segments::hint;
/// let hint = hint("Su vehículo está aquí").unwrap();
/// assert_eq!(hint.outside.iter().map(|o| (o.character, o.column)).collect::<Vec<_>>(), [('í', 7), ('á', 16)]);
/// assert_eq!(hint.transliterated.unwrap().units, 21);
/// ```
pub fn hint(text: &str) -> Option<Hint> {
    let mut seen = BTreeSet::new();
    let outside: Vec<Outside> = text
        .char_indices()
        .filter(|(_, c)| septets(*c).is_none() && seen.insert(*c))
        .take(MAX_NAMED)
        .map(|(at, character)| {
            let (line, column) = line_and_column(text, at);
            Outside { character, line, column }
        })
        .collect();
    if outside.is_empty() {
        return None;
    }
    let transliterated = Some(segments(&transliterate(text))).filter(|s| s.encoding == Encoding::Gsm7);
    Some(Hint { outside, transliterated })
}
