//! Keeps a text in the 7-bit alphabet of SMS where its sense allows.
//!
//! One `í` makes a Spanish text cost more than twice as much. Transliteration replaces a letter by the nearest one
//! that the alphabet has (`í` → `i`, `ç` → `c`), typographic marks by plain ones, and leaves everything else as it
//! is: Cyrillic or an emoji still make the text UCS-2, and nothing is ever dropped.

use crate::segments::septets;

/// Pairs of what is replaced and by what. Characters that the alphabet has are never looked up.
const REPLACEMENTS: [(&str, &str); 37] = [
    ("áâãāăą", "a"),
    ("ÁÀÂÃĀĂĄ", "A"),
    ("çćčċ", "c"),
    ("ĆČĊ", "C"),
    ("ďđ", "d"),
    ("ĎĐ", "D"),
    ("êëēėęě", "e"),
    ("ÈÊËĒĖĘĚ", "E"),
    ("ğģ", "g"),
    ("ĞĢ", "G"),
    ("íîïīįı", "i"),
    ("ÍÌÎÏĪĮİ", "I"),
    ("łľĺ", "l"),
    ("ŁĽĹ", "L"),
    ("ńňņ", "n"),
    ("ŃŇŅ", "N"),
    ("óôõōő", "o"),
    ("ÓÒÔÕŌŐ", "O"),
    ("œ", "oe"),
    ("Œ", "OE"),
    ("řŕ", "r"),
    ("ŘŔ", "R"),
    ("śšşș", "s"),
    ("ŚŠŞȘ", "S"),
    ("ťţț", "t"),
    ("ŤŢȚ", "T"),
    ("úûūůűų", "u"),
    ("ÚÙÛŪŮŰŲ", "U"),
    ("ýÿ", "y"),
    ("ÝŸ", "Y"),
    ("źžż", "z"),
    ("ŹŽŻ", "Z"),
    ("‘’‚‛`´ʼ", "'"),
    ("“”„«»", "\""),
    ("‐‑‒–—−", "-"),
    ("…", "..."),
    ("\u{a0}\u{202f}\u{2009}\u{2007}\t", " "),
];

/// Replaces what has a near equivalent in the 7-bit alphabet.
///
/// ```
/// use relevo_rendering::transliterate::transliterate;
/// assert_eq!(transliterate("Su vehículo está «aquí»… ñ é €"), "Su vehiculo esta \"aqui\"... ñ é €");
/// assert_eq!(transliterate("Ваш тикет"), "Ваш тикет");
/// ```
pub fn transliterate(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match replacement(c) {
            Some(plain) if septets(c).is_none() => out.push_str(plain),
            _ => out.push(c),
        }
    }
    out
}

fn replacement(c: char) -> Option<&'static str> {
    REPLACEMENTS.iter().find(|(from, _)| from.contains(c)).map(|(_, to)| *to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segments::{Encoding, segments};

    #[test]
    fn every_replacement_is_in_the_alphabet_and_replaces_what_is_not() {
        for (from, to) in REPLACEMENTS {
            assert!(to.chars().all(|c| septets(c).is_some()), "{to}");
            assert!(from.chars().all(|c| septets(c).is_none()), "{from} has a place in the alphabet");
        }
    }

    #[test]
    fn spanish_french_and_portuguese_fit() {
        for text in [
            "¿Está ahí? Mañana, según acordó, recibirá 12 €.",
            "Où êtes-vous ? Ça coûte 5 €, cœur…",
            "Não há ações",
        ] {
            assert_eq!(segments(&transliterate(text)).encoding, Encoding::Gsm7, "{text}");
        }
    }

    #[test]
    fn what_has_no_equivalent_stays() {
        assert_eq!(transliterate("😀 Привет"), "😀 Привет");
    }
}
