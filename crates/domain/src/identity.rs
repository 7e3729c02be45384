//! By what a person is known across channels: one form for every way in which an address is written.
//!
//! Only for recognising people. Replies go to the address as it was received, and nothing that a provider sends is refused
//! because of how an address looks; what somebody types in is.

use crate::message::{Address, AddressKind};

/// The form of an address that two ways of writing it have in common.
pub fn of(address: &Address) -> String {
    let value = address.value.0.as_str();
    match address.kind {
        AddressKind::Phone => digits(value).unwrap_or_else(|| value.to_owned()),
        AddressKind::Email => value.trim().to_lowercase(),
        AddressKind::User | AddressKind::Group => value.to_owned(),
    }
}

/// A telephone number in E.164, if it is written internationally.
pub fn e164(address: &Address) -> Option<String> {
    let value = address.value.0.trim();
    let digits = digits(value).filter(|_| address.kind == AddressKind::Phone)?;
    ((8..=15).contains(&digits.len()) && !digits.starts_with('0')).then(|| format!("+{digits}"))
}

/// An address that somebody typed in: could anything be sent to it?
///
/// # Errors
/// What is wrong with it.
pub fn check(address: &Address) -> Result<(), &'static str> {
    let value = address.value.0.as_str();
    match address.kind {
        AddressKind::Phone if e164(address).is_none() => {
            Err("a telephone number with its country code is expected, such as +34 600 111 222")
        }
        AddressKind::Email if !is_mail(value) => {
            Err("an e-mail address is expected, such as ana@example.org")
        }
        _ if value.chars().any(char::is_control) => Err("an address has no control characters"),
        _ => Ok(()),
    }
}

/// Something, an at sign and a domain, without what would end an address in a header.
fn is_mail(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else { return false };
    let ends =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';' | '"' | '@');
    let labels = || domain.split('.');
    !local.is_empty()
        && !value.replacen('@', "", 1).contains(ends)
        && labels().all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'))
}

/// The digits of a number that is written with `+`, with `00` or (as WhatsApp does) with neither.
fn digits(value: &str) -> Option<String> {
    let punctuation = |c: char| matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}' | '\u{202f}');
    let written: String = value.trim().chars().filter(|c| !punctuation(*c)).collect();
    let international = written.strip_prefix('+').or_else(|| written.strip_prefix("00")).unwrap_or(&written);
    if international.is_empty() || !international.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // Mobile numbers of Mexico were dialled with a 1 after the country code until 2019; WhatsApp still has it.
    match international.strip_prefix("521") {
        Some(national) if national.len() == 10 => Some(format!("52{national}")),
        _ => Some(international.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(kind: AddressKind, value: &str) -> Address {
        Address { kind, value: value.into() }
    }

    #[test]
    fn one_number_is_one_person_however_it_is_written() {
        for written in
            ["+34600111222", "34600111222", "0034 600 11 12 22", "+34 (600) 111-222", " +34.600.111.222 "]
        {
            let phone = address(AddressKind::Phone, written);
            assert_eq!(of(&phone), "34600111222", "{written}");
            assert_eq!(e164(&phone).as_deref(), Some("+34600111222"), "{written}");
        }
        assert_eq!(of(&address(AddressKind::Phone, "5215512345678")), "525512345678");
        assert_eq!(of(&address(AddressKind::Phone, "+52 55 1234 5678")), "525512345678");
    }

    #[test]
    fn what_is_no_number_is_kept_as_it_is_and_has_no_form_of_its_own() {
        for written in ["anonymous", "+", "", "12345", "60011122a", "+٣٤٦٠٠"] {
            let phone = address(AddressKind::Phone, written);
            assert_eq!(e164(&phone), None, "{written}");
        }
        assert_eq!(of(&address(AddressKind::Phone, "anonymous")), "anonymous");
    }

    #[test]
    fn what_somebody_types_in_is_an_address() {
        use AddressKind::{Email, Group, Phone, User};
        for (kind, good) in [
            (Phone, "+34 600 111 222"),
            (Email, "ana@example.org"),
            (Email, "josé.núñez+x@bücher.example"),
            (Email, "root@localhost"),
            (User, "U0123"),
            (Group, "C0123/1700000000.000100"),
        ] {
            assert_eq!(check(&address(kind, good)), Ok(()), "{good}");
        }
        for (kind, bad) in [
            (Phone, "abc"),
            (Phone, "12345"),
            (Phone, "+34600111222333444"),
            (Email, "ana"),
            (Email, "@example.org"),
            (Email, "ana@"),
            (Email, "ana@example..org"),
            (Email, "ana@example.org, eva@example.org"),
            (Email, "Ana <ana@example.org>"),
            (Email, "a b@example.org"),
            (Email, "ana@example.org\r\nBcc: eva@example.org"),
            (User, "U\u{0}1"),
        ] {
            assert!(check(&address(kind, bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn mail_addresses_do_not_depend_on_case_and_ids_of_providers_do() {
        assert_eq!(of(&address(AddressKind::Email, "Ana@Example.ORG")), "ana@example.org");
        assert_eq!(of(&address(AddressKind::User, "AbC")), "AbC");
    }
}
