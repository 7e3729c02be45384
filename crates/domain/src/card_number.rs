//! Full numbers of payment cards (PAN, ISO/IEC 7812) in what people write: found, and masked but for the last four
//! digits.
//!
//! A card number is 13 to 19 digits, written together or in groups, that begins as an issuer's do in that length and
//! ends with the right check digit (Luhn). What is an IBAN, or is written as a telephone number (`+…`), is none. Other
//! numbers that fit by chance (one in ten of those that begin as a card's do) count as card numbers: a mask too many
//! can be asked about, a number too many is kept.

mod inbound;
mod issuer;

pub use inbound::mask_inbound;

use serde_json::Value;
use std::ops::Range;

/// Fewest and most digits.
const DIGITS: std::ops::RangeInclusive<usize> = 13..=19;

/// Most digits of a telephone number that is in use. E.164 would allow one more, which is a card's.
const PHONE_DIGITS: usize = 14;

/// Most characters between two groups of one number.
const BETWEEN: usize = 3;

/// Longest text, in bytes, that may be an IBAN with its spaces.
const IBAN_BYTES: usize = 42;

/// Whether a text has a full card number in it.
pub fn is_in(text: &str) -> bool {
    !places(text).is_empty()
}

/// The text with every card number masked: all of its digits but the last four are stars. None: there is none in it.
pub fn mask(text: &str) -> Option<String> {
    let places = places(text);
    if places.is_empty() {
        return None;
    }
    let mut masked = String::with_capacity(text.len());
    let mut done = 0;
    for place in places {
        masked.push_str(text.get(done..place.start)?);
        let number = text.get(place.clone())?;
        let mut hidden = number.chars().filter_map(digit).count().saturating_sub(4);
        for character in number.chars() {
            let hide = digit(character).is_some() && hidden > 0;
            hidden -= usize::from(hide);
            masked.push(if hide { '*' } else { character });
        }
        done = place.end;
    }
    masked.push_str(text.get(done..)?);
    Some(masked)
}

/// Masks a document's texts and numbers. True: something was masked.
pub fn mask_value(value: &mut Value) -> bool {
    let masked = match value {
        Value::String(text) => mask(text),
        Value::Number(number) => mask(&number.to_string()),
        Value::Array(items) => return items.iter_mut().fold(false, |any, item| mask_value(item) | any),
        Value::Object(members) => {
            return members.values_mut().fold(false, |any, member| mask_value(member) | any);
        }
        Value::Bool(_) | Value::Null => None,
    };
    let any = masked.is_some();
    if let Some(masked) = masked {
        *value = Value::String(masked);
    }
    any
}

/// Where a document has a card number: the JSON pointer of the first. A member's name that is one is told by the place
/// of its object, because the answer must not repeat it.
pub fn place_in(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => is_in(text).then(String::new),
        Value::Number(number) => is_in(&number.to_string()).then(String::new),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(n, item)| Some(format!("/{n}{}", place_in(item)?)))
        }
        Value::Object(members) => members.iter().find_map(|(name, member)| match is_in(name) {
            true => Some(String::new()),
            false => Some(format!("/{}{}", crate::pack::escape(name), place_in(member)?)),
        }),
        Value::Bool(_) | Value::Null => None,
    }
}

/// Digits that are written together.
struct Group {
    place: Range<usize>,
    /// Joined to the group before as groups of one number are.
    joined: bool,
}

/// Where the card numbers are, in order.
fn places(text: &str) -> Vec<Range<usize>> {
    let groups = groups(text);
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut next = 0;
    while next < groups.len() {
        // The longest that begins here; a group belongs to one number.
        let end = (next..groups.len())
            .take_while(|n| *n == next || groups.get(*n).is_some_and(|group| group.joined))
            .take(*DIGITS.end())
            .filter(|n| groups.get(next..=*n).is_some_and(|some| is_card(text, some)))
            .last();
        if let (Some(end), Some(first)) = (end, groups.get(next))
            && let Some(last) = groups.get(end)
        {
            found.push(first.place.start..last.place.end);
        }
        next = end.unwrap_or(next).saturating_add(1);
    }
    found
}

fn groups(text: &str) -> Vec<Group> {
    let ibans = ibans(text);
    let mut groups: Vec<Group> = Vec::new();
    for (at, c) in text.char_indices().filter(|(_, c)| digit(*c).is_some()) {
        let end = at.saturating_add(c.len_utf8());
        match groups.last_mut() {
            Some(last) if last.place.end == at => last.place.end = end,
            last => {
                let between = last.and_then(|last| text.get(last.place.end..at));
                groups.push(Group { place: at..end, joined: between.is_some_and(joins) });
            }
        }
    }
    groups.retain(|group| !ibans.iter().any(|iban| iban.contains(&group.place.start)));
    groups
}

/// What people, and programs that they copy from, put between the groups of one number: spaces of every width and none,
/// line breaks, dashes, marks; not letters, and no plus, which begins a telephone number.
fn joins(between: &str) -> bool {
    between.chars().count() <= BETWEEN && between.chars().all(|c| !c.is_alphanumeric() && c != '+')
}

/// The value of a digit, in the scripts and styles in which numbers are typed.
fn digit(c: char) -> Option<u8> {
    let zero = match c {
        '0'..='9' => '0',
        '\u{660}'..='\u{669}' => '\u{660}',
        '\u{6f0}'..='\u{6f9}' => '\u{6f0}',
        '\u{966}'..='\u{96f}' => '\u{966}',
        '\u{ff10}'..='\u{ff19}' => '\u{ff10}',
        // Mathematical digits: bold, double-struck, sans-serif, sans-serif bold, monospace.
        '\u{1d7ce}'..='\u{1d7ff}' => {
            return u8::try_from((u32::from(c) - 0x1d7ce) % 10).ok();
        }
        _ => return None,
    };
    u8::try_from(u32::from(c) - u32::from(zero)).ok()
}

fn is_card(text: &str, groups: &[Group]) -> bool {
    let (Some(first), Some(last)) = (groups.first(), groups.last()) else { return false };
    let Some(written) = text.get(first.place.start..last.place.end) else { return false };
    let digits: Vec<u8> = written.chars().filter_map(digit).collect();
    let is_phone = digits.len() <= PHONE_DIGITS
        && text.get(..first.place.start).is_some_and(|before| before.trim_end().ends_with('+'));
    DIGITS.contains(&digits.len()) && !is_phone && issuer::issues(&digits) && checks(&digits)
}

/// The check digit (ISO/IEC 7812-1, Luhn).
fn checks(digits: &[u8]) -> bool {
    let sum: u32 = digits.iter().rev().enumerate().fold(0, |sum, (n, digit)| {
        let value = u32::from(*digit) * if n % 2 == 1 { 2 } else { 1 };
        sum + if value > 9 { value - 9 } else { value }
    });
    sum.is_multiple_of(10)
}

/// Where IBANs are: their digits are no card's.
fn ibans(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, four) in bytes.windows(4).enumerate() {
        let begins = matches!(four, [a, b, c, d] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic()
            && c.is_ascii_digit() && d.is_ascii_digit());
        let is_word = at.checked_sub(1).and_then(|n| bytes.get(n)).is_none_or(|b| !b.is_ascii_alphanumeric());
        if !begins || !is_word || found.last().is_some_and(|last| last.contains(&at)) {
            continue;
        }
        let may_be = |end: &usize| text.get(at..*end).is_some_and(crate::iban::is_valid);
        let longest = bytes.len().min(at.saturating_add(IBAN_BYTES));
        found.extend((at..=longest).rev().find(may_be).map(|end| at..end));
    }
    found
}

#[cfg(test)]
mod tests;
