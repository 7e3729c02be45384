//! The header fields in front of a quotation: `From: …`, `Sent: …`, `To: …`, `Subject: …`.

use super::Lines;
use super::words::{DATE, FROM, SENT, SUBJECT, TO};

/// Lines that a block has at most: recipients may go over several.
const MOST_LINES: usize = 16;

/// Whether a block of header fields begins here. People write `De: Madrid`, `A: París`, `Fecha: …` themselves; so besides
/// sender and date there must be a recipient or a subject, and an address, or else the words that only Outlook has (it leaves
/// the addresses of colleagues out).
pub(super) fn is_block(lines: &Lines<'_>, i: usize) -> bool {
    let Some(sender) =
        field(lines.at(i)).and_then(|(name, value)| FROM.contains(&name.as_str()).then_some(value))
    else {
        return false;
    };
    let mut has_address = sender.contains('@');
    let (mut sent, mut dated, mut to, mut subject) = (false, false, false, false);
    let rest = (i + 1..i.saturating_add(MOST_LINES)).map(|i| lines.at(i)).take_while(|line| !line.is_empty());
    for (name, value) in rest.filter_map(field) {
        let is = |names: &[&str]| names.contains(&name.as_str());
        let has_digit = value.bytes().any(|byte| byte.is_ascii_digit());
        sent |= is(&SENT) && has_digit;
        dated |= is(&DATE) && has_digit;
        subject |= is(&SUBJECT);
        if is(&TO) {
            to = true;
            has_address |= value.contains('@');
        }
    }
    (has_address && (sent || dated) && (to || subject)) || (sent && to && subject)
}

/// A line that is drawn.
pub(super) fn is_rule(line: &str) -> bool {
    line.len() >= 10 && line.bytes().all(|byte| matches!(byte, b'_' | b'-'))
}

/// The name of a field, in small letters, and its value. Bold letters may have become asterisks.
fn field(line: &str) -> Option<(String, &str)> {
    let (name, value) = line.split_once(':')?;
    let name = name.trim_matches(['*', ' ']);
    (1..=24).contains(&name.len()).then(|| (name.to_lowercase(), value))
}
