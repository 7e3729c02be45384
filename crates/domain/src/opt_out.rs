//! Words by which people ask not to be written to, and to be written to again.

/// What a message asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Not to be written to any more.
    Stop,
    /// To be written to again.
    Start,
}

/// The word that carriers define, with its translations into the desks' languages. Words that answer a question of
/// ours in everyday use (“no”, “cancelar”, “fin”) are not among them.
const STOP: &[&str] = &[
    "stop",
    "stopall",
    "stop all",
    "unsubscribe",
    "optout",
    "opt out",
    "opt-out",
    "baja",
    "dar de baja",
    "darme de baja",
    "alto",
    "arret",
    "arrêt",
    "desabonner",
    "désabonner",
    "desinscrire",
    "désinscrire",
    "стоп",
    "отписаться",
    "отписка",
];

/// Further words of carriers: only in SMS.
const STOP_IN_SMS: &[&str] = &["cancel", "end", "quit", "revoke"];

const START: &[&str] = &[
    "start",
    "unstop",
    "subscribe",
    "alta",
    "darme de alta",
    "reabonner",
    "réabonner",
    "старт",
    "подписаться",
];

/// What a message asks for, if it says nothing else: a word in a sentence is a customer talking.
pub fn wish(text: &str, is_sms: bool) -> Option<Wish> {
    let trimmed = text.trim_matches(|c: char| c.is_whitespace() || ".!¡'\"«»*".contains(c));
    // No such word is longer; a long message need not be put into lower case.
    if trimmed.is_empty() || trimmed.chars().count() > 24 {
        return None;
    }
    let word = trimmed.to_lowercase();
    let word = word.as_str();
    if STOP.contains(&word) || (is_sms && STOP_IN_SMS.contains(&word)) {
        Some(Wish::Stop)
    } else if START.contains(&word) {
        Some(Wish::Start)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_count_in_every_language_of_the_desks_and_in_any_case() {
        for stop in
            ["STOP", " stop. ", "Baja", "BAJA", "¡ALTO!", "ARRÊT", "arret", "СТОП", "Отписаться", "«стоп»"]
        {
            assert_eq!(wish(stop, false), Some(Wish::Stop), "{stop}");
        }
        for start in ["START", "unstop", "Alta", "СТАРТ", "réabonner"] {
            assert_eq!(wish(start, false), Some(Wish::Start), "{start}");
        }
    }

    #[test]
    fn the_carriers_further_words_count_in_sms_alone() {
        assert_eq!((wish("CANCEL", true), wish("CANCEL", false)), (Some(Wish::Stop), None));
    }

    #[test]
    fn a_word_in_a_sentence_is_a_customer_talking() {
        for text in [
            "",
            "  ",
            "no",
            "fin",
            "Quiero dar de baja mi cuenta",
            "please stop the scooter",
            "stop it",
            "¿baja?",
            "Мой самокат стоп",
            &"стоп ".repeat(2000),
        ] {
            assert_eq!(wish(text, true), None, "{text}");
        }
    }
}
