//! International bank account numbers (ISO 13616): is one well-formed, and do its check digits fit?

/// Shortest and longest of all countries.
const LENGTHS: std::ops::RangeInclusive<usize> = 15..=34;

/// Whether a text is an IBAN, written together or in groups: two letters, two check digits, letters and digits, and the
/// remainder modulo 97 that ISO 7064 asks for.
pub fn is_valid(text: &str) -> bool {
    let plain: Vec<u8> = text.bytes().filter(|b| !matches!(b, b' ' | b'-')).collect();
    let Some((head, account)) = plain.split_at_checked(4) else { return false };
    let well_formed = matches!(head, [a, b, c, d] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic()
        && c.is_ascii_digit() && d.is_ascii_digit());
    well_formed
        && LENGTHS.contains(&plain.len())
        && plain.iter().all(u8::is_ascii_alphanumeric)
        && remainder(account.iter().chain(head)) == Some(1)
}

/// Of the number that the characters stand for, a letter for two digits, modulo 97.
fn remainder<'a>(characters: impl Iterator<Item = &'a u8>) -> Option<u32> {
    characters.copied().map(char::from).try_fold(0_u32, |sum, c| {
        let value = c.to_digit(36)?;
        Some((if value < 10 { sum * 10 + value } else { sum * 100 + value }) % 97)
    })
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn examples_of_the_registry_are_valid_however_they_are_written() {
        for good in [
            "ES9121000418450200051332",
            "ES91 2100 0418 4502 0005 1332",
            "es91-2100-0418-4502-0005-1332",
            "DE89370400440532013000",
            "FR1420041010050500013M02606",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
        ] {
            assert!(is_valid(good), "{good}");
        }
    }

    #[test]
    fn one_wrong_character_or_another_form_is_not() {
        for bad in [
            "",
            "ES",
            "ES9121000418450200051333",
            "ES9021000418450200051332",
            "9121000418450200051332",
            "ESX121000418450200051332",
            "ES91 2100_0418 4502 0005 1332",
            "ES91210004184502000513321234567890123456",
            "ÑS9121000418450200051332",
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
