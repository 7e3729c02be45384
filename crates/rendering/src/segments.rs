//! How many SMS a text becomes.
//!
//! A text is sent in the GSM 7-bit default alphabet (3GPP TS 23.038, with its extension table) if every character
//! has a place there, else in UCS-2, that is in UTF-16 units. One message holds 160 septets or 70 units. A longer
//! text is cut into parts that carry a six-byte header and hold 153 septets or 67 units each; a pair (escape and
//! extension character, or two surrogates) is never cut in two, so a part may stay one short.
//!
//! An empty text is one message, as in Twilio's own calculator: it is still sent and paid for.

mod hint;

pub use hint::{Hint, Outside, hint};

use serde::{Deserialize, Serialize};

/// Alphabets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// 7-bit default alphabet and its extension table.
    #[serde(rename = "GSM-7")]
    Gsm7,
    /// Sixteen-bit units.
    #[serde(rename = "UCS-2")]
    Ucs2,
}

/// Segments of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segments {
    /// The alphabet that it needs.
    pub encoding: Encoding,
    /// Messages that are sent and paid for; at least 1.
    pub count: usize,
    /// Septets (an extension character is two) or UTF-16 units; without the headers of parts.
    pub units: usize,
}

/// Counts the segments of a text.
///
/// ```
/// use relevo_rendering::segments::{Encoding, Segments, segments};
/// assert_eq!(segments("Su vehículo"), Segments { encoding: Encoding::Ucs2, count: 1, units: 11 });
/// assert_eq!(segments("12 €"), Segments { encoding: Encoding::Gsm7, count: 1, units: 5 });
/// ```
pub fn segments(text: &str) -> Segments {
    let septets: Option<Vec<usize>> = text.chars().map(septets).collect();
    match septets {
        Some(sizes) => count(Encoding::Gsm7, sizes.into_iter(), 160, 153),
        None => count(Encoding::Ucs2, text.chars().map(char::len_utf16), 70, 67),
    }
}

/// Septets of a character in the 7-bit alphabet: 1, 2 for one of the extension table, none if it has no place.
pub fn septets(c: char) -> Option<usize> {
    match c {
        '\n' | '\r' | ' '..='Z' | '_' | 'a'..='z' => Some(1),
        '£' | '¥' | 'è' | 'é' | 'ù' | 'ì' | 'ò' | 'Ç' | 'Ø' | 'ø' | 'Å' | 'å' => Some(1),
        'Δ' | 'Φ' | 'Γ' | 'Λ' | 'Ω' | 'Π' | 'Ψ' | 'Σ' | 'Θ' | 'Ξ' => Some(1),
        'Æ' | 'æ' | 'ß' | 'É' | '¤' | '¡' | 'Ä' | 'Ö' | 'Ñ' | 'Ü' | '§' | '¿' | 'ä' | 'ö' | 'ñ' | 'ü'
        | 'à' => Some(1),
        '\u{c}' | '^' | '{' | '}' | '\\' | '[' | '~' | ']' | '|' | '€' => Some(2),
        _ => None,
    }
}

fn count(encoding: Encoding, sizes: impl Iterator<Item = usize>, single: usize, part: usize) -> Segments {
    let (mut units, mut parts, mut filled) = (0usize, 1usize, 0usize);
    for size in sizes {
        units = units.saturating_add(size);
        filled = filled.saturating_add(size);
        if filled > part {
            parts = parts.saturating_add(1);
            filled = size;
        }
    }
    Segments { encoding, count: if units <= single { 1 } else { parts }, units }
}
