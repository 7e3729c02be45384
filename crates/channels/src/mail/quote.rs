//! Tells what a person wrote in a mail from what they quoted and from their signature. Nothing is lost: the three
//! parts one after the other are the text. What is doubtful stays in the text: a quotation too much is read past, and what
//! a customer wrote must not vanish. So does what they forward: it is what they want read.

mod attribution;
mod header;
mod words;

use std::borrow::Cow;
use words::{FORWARDED, ORIGINAL, SENT_FROM};

/// A text, taken apart. The parts are slices of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    pub text: &'a str,
    pub signature: Option<&'a str>,
    pub quoted: Option<&'a str>,
}

/// What a text ends with.
enum End {
    /// The line that a quotation begins with.
    Quotation(usize),
    /// A mail that is passed on.
    Forwarded,
}

/// What the subject says that a mail is, in the abbreviations of mail programs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stated {
    Reply,
    Forward,
    Nothing,
}

/// Splits a text. Where people answer between the quoted lines, or pass a mail on, it is left whole.
pub(super) fn split<'a>(text: &'a str, subject: Option<&str>) -> Parts<'a> {
    let lines = lines(text);
    let clear: Vec<_> = lines.iter().map(|(_, line)| clear(line)).collect();
    let end = end(&lines, &Lines(&clear), stated(subject));
    if matches!(end, Some(End::Forwarded)) {
        return Parts { text, signature: None, quoted: None };
    }
    let cut = match end {
        Some(End::Quotation(line)) => offset(&lines, line, text.len()),
        _ => text.len(),
    };
    let (body, quoted) = text.split_at(cut);
    let own: Vec<_> = lines.iter().take_while(|(at, _)| *at < cut).copied().collect();
    let sign = signature(&own).map(|line| offset(&own, line, cut)).unwrap_or(cut);
    let (text, signature) = body.split_at(sign);
    Parts {
        text,
        signature: (!signature.is_empty()).then_some(signature),
        quoted: (!quoted.is_empty()).then_some(quoted),
    }
}

/// Lines without the blanks around them, with plain blanks in them; beyond the last they are empty.
struct Lines<'a>(&'a [Cow<'a, str>]);

impl Lines<'_> {
    fn at(&self, i: usize) -> &str {
        self.0.get(i).map_or("", AsRef::as_ref)
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// The blanks that French sets before a colon and mail programs around dates become plain ones; marks of the direction of
/// writing, which are not seen, go.
fn clear(line: &str) -> Cow<'_, str> {
    let line = line.trim();
    if line.is_ascii() {
        return line.into();
    }
    let kept =
        line.chars().filter(|c| !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{feff}'));
    let plain: String = kept.map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    match plain.trim() {
        trimmed if trimmed == line => line.into(),
        trimmed => trimmed.to_owned().into(),
    }
}

/// The lines with the place where each begins.
fn lines(text: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    let place = |line: &'_ str| {
        let start = at;
        at += line.len();
        start
    };
    let starts: Vec<usize> = text.split_inclusive('\n').map(place).collect();
    starts.into_iter().zip(text.lines()).collect()
}

fn offset(lines: &[(usize, &str)], line: usize, end: usize) -> usize {
    lines.get(line).map_or(end, |(at, _)| *at)
}

fn stated(subject: Option<&str>) -> Stated {
    let Some((first, _)) = subject.and_then(|subject| subject.split_once(':')) else {
        return Stated::Nothing;
    };
    let first = first.trim().to_lowercase();
    // `Re[2]:`
    match first.split('[').next().unwrap_or_default().trim_end() {
        word if words::REPLY.contains(&word) => Stated::Reply,
        word if words::FORWARD.contains(&word) => Stated::Forward,
        _ => Stated::Nothing,
    }
}

fn end(raw: &[(usize, &str)], lines: &Lines<'_>, stated: Stated) -> Option<End> {
    for i in 0..lines.len() {
        let line = lines.at(i);
        if is_one_of(&FORWARDED, line.trim_start_matches(['>', ' '])) {
            return Some(End::Forwarded);
        }
        let bare = is_one_of(&ORIGINAL, line) && line.starts_with(['-', '_']);
        if bare || header::is_block(lines, i) {
            // The rule that Outlook draws above belongs to it.
            let ruled = i.checked_sub(1).filter(|above| header::is_rule(lines.at(*above)));
            let first = ruled.filter(|_| !bare).unwrap_or(i);
            let alone = (0..first).all(|i| lines.at(i).is_empty());
            return match stated {
                Stated::Forward => Some(End::Forwarded),
                Stated::Nothing if alone => Some(End::Forwarded),
                _ => Some(End::Quotation(first)),
            };
        }
        let attributed = attribution::after(lines, i);
        if attributed.is_some() || line.starts_with('>') {
            let first = attributed.unwrap_or(i);
            let mut rest = first..lines.len();
            let is_marked = |i: usize| lines.at(i).starts_with('>');
            // Wholly quoted to the end, or else there are answers in between.
            if rest.clone().all(|i| lines.at(i).is_empty() || is_marked(i)) {
                return Some(End::Quotation(i));
            }
            // Without marks: some programs indent instead, others do nothing at all. All of the rest is the quotation, if
            // it can be nothing else.
            let indented = |i: usize| raw.get(i).is_none_or(|(_, line)| line.starts_with([' ', '\t']));
            let named = (i..first).any(|i| lines.at(i).contains('@'));
            let unmarked = attributed.is_some() && !rest.any(is_marked);
            let sure = named || (first..lines.len()).all(|i| lines.at(i).is_empty() || indented(i));
            return (unmarked && sure).then_some(End::Quotation(i));
        }
    }
    None
}

/// Whether a line is one of these but for dashes and a colon.
fn is_one_of(words: &[&str], line: &str) -> bool {
    let bare = line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '_' | ':' | '*'));
    // Most lines are longer or shorter than any of them.
    (8..=96).contains(&bare.len()) && words.contains(&bare.to_lowercase().as_str())
}

/// The first line of the signature: `-- ` (RFC 3676), or what a telephone adds as the last line.
fn signature(lines: &[(usize, &str)]) -> Option<usize> {
    let dashes = lines.iter().rposition(|(_, line)| matches!(line.trim_end_matches('\r'), "-- " | "--"));
    if let Some(at) = dashes.filter(|at| lines.len() - at <= 20) {
        return Some(at);
    }
    let last = lines.iter().rposition(|(_, line)| !line.trim().is_empty())?;
    let text = lines.get(last)?.1.trim().to_lowercase();
    SENT_FROM.iter().any(|words| text.starts_with(words)).then_some(last)
}

#[cfg(test)]
mod tests;
