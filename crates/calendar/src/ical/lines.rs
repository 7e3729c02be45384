//! Content lines: folding, parameters, escapes.

use chrono::NaiveDate;

/// A line as it was before it was folded.
pub(super) struct Unfolded {
    /// Where it starts, from 1.
    pub number: usize,
    pub text: String,
}

/// `NAME;PARAM=VALUE:value`.
pub(super) struct Line {
    /// In capitals.
    pub name: String,
    params: Vec<(String, String)>,
    pub value: String,
}

/// The lines with their folds undone; empty ones are left out.
pub(super) fn unfold(text: &str) -> Vec<Unfolded> {
    let mut lines: Vec<Unfolded> = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (n, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(more), Some(last)) => last.text.push_str(more),
            _ if line.trim().is_empty() => {}
            _ => lines.push(Unfolded { number: n + 1, text: line.to_owned() }),
        }
    }
    lines
}

impl Line {
    /// Reads a line.
    pub fn parse(line: &Unfolded) -> Result<Self, String> {
        let mut quoted = false;
        let colon = line.text.find(|c| {
            quoted ^= c == '"';
            c == ':' && !quoted
        });
        let (head, value) = colon
            .and_then(|at| Some((line.text.get(..at)?, line.text.get(at + 1..)?)))
            .ok_or("a line is NAME:value; this one has no colon")?;
        let mut parts = head.split(';');
        let name = parts.next().unwrap_or_default().trim().to_ascii_uppercase();
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err("a line is NAME:value; this one has no name".to_owned());
        }
        let param = |part: &str| {
            let (name, value) = part.split_once('=')?;
            Some((name.trim().to_ascii_uppercase(), value.trim_matches('"').to_ascii_uppercase()))
        };
        Ok(Self { name, params: parts.filter_map(param).collect(), value: value.to_owned() })
    }

    /// The one date of the value.
    pub fn date(&self) -> Result<NaiveDate, String> {
        match self.dates()?.as_slice() {
            [date] => Ok(*date),
            _ => Err(format!("{} has one date", self.name)),
        }
    }

    /// The dates of the value, with commas between.
    pub fn dates(&self) -> Result<Vec<NaiveDate>, String> {
        let kind = self.params.iter().find(|(name, _)| name == "VALUE").map(|(_, value)| value.as_str());
        if kind.is_some_and(|kind| kind != "DATE") || self.value.contains('T') {
            return Err(format!(
                "{} has a time of the day; a holiday is an all-day event, as {};VALUE=DATE:20260106",
                self.name, self.name
            ));
        }
        self.value.split(',').map(date).collect()
    }

    /// The value as text, its escapes undone, on one line.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut chars = self.value.chars();
        while let Some(c) = chars.next() {
            match (c, if c == '\\' { chars.next() } else { None }) {
                (_, Some('n' | 'N')) => text.push(' '),
                (_, Some(escaped)) => text.push(escaped),
                (c, None) => text.push(c),
            }
        }
        text.trim().to_owned()
    }
}

/// `20260106`.
pub(super) fn date(text: &str) -> Result<NaiveDate, String> {
    let text = text.trim();
    let digits = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
    let date = digits.then(|| NaiveDate::parse_from_str(text, "%Y%m%d").ok()).flatten();
    date.ok_or_else(|| format!("{text:?} is not a date; write it as 20260106"))
}
