//! What is wrong with a template, and exactly where.

use serde::Serialize;

/// A fault that the author of a template can mend. It always has a position: a fault that concerns no particular
/// character has that of the beginning of what `pointer` names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// Template or partial by name; empty in a preview.
    pub template: String,
    /// The locale concerned; empty if none.
    pub locale: String,
    /// The part of the template (`text`, `subject`, `whatsapp/parameters/0`, `data/due` …); empty if none.
    pub part: String,
    /// From 1, within the string that `pointer` names.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// JSON pointer into the pack.
    pub pointer: String,
    /// Stable name of the kind of fault.
    pub code: &'static str,
    /// What is wrong and what to do, in English.
    pub message: String,
}

/// Where a source text comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Template or partial by name.
    pub template: String,
    /// Locale.
    pub locale: String,
    /// Part of the template.
    pub part: String,
    /// JSON pointer into the pack.
    pub pointer: String,
}

impl Place {
    /// A problem at the beginning of this place.
    pub fn problem(&self, code: &'static str, message: impl Into<String>) -> Problem {
        self.problem_at((1, 1), code, message)
    }

    /// A problem at a line and column of this place's text.
    pub fn problem_at(&self, at: (u32, u32), code: &'static str, message: impl Into<String>) -> Problem {
        Problem {
            template: self.template.clone(),
            locale: self.locale.clone(),
            part: self.part.clone(),
            line: at.0,
            column: at.1,
            pointer: self.pointer.clone(),
            code,
            message: message.into(),
        }
    }
}

/// Line and column, both from 1, of a byte offset; columns count characters. An offset past the end is the end.
pub fn line_and_column(source: &str, offset: usize) -> (u32, u32) {
    let mut offset = offset.min(source.len());
    while !source.is_char_boundary(offset) {
        offset = offset.saturating_sub(1);
    }
    let before = source.get(..offset).unwrap_or(source);
    let line = before.matches('\n').count().saturating_add(1);
    let column = before.rsplit('\n').next().unwrap_or("").chars().count().saturating_add(1);
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

/// One step of a JSON pointer, escaped (RFC 6901).
pub fn pointer_step(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

/// `; did you mean "x"?` when a known name is close to the one that was written, else nothing.
pub fn suggestion<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    if written.len() > 64 {
        return String::new();
    }
    let closest = known.into_iter().map(|name| (distance(written, name), name)).min();
    match closest {
        Some((d, name)) if d <= written.chars().count().div_ceil(3) => format!("; did you mean \"{name}\"?"),
        _ => String::new(),
    }
}

/// Levenshtein distance in characters.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut left = i.saturating_add(1);
        let mut diagonal = i;
        let mut next = vec![left];
        for (above, cb) in row.iter().skip(1).zip(b.chars()) {
            let cost = diagonal.saturating_add(usize::from(ca != cb));
            left = cost.min(above.saturating_add(1)).min(left.saturating_add(1));
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let source = "año\nsegún {{ x }}";
        assert_eq!(line_and_column(source, 0), (1, 1));
        assert_eq!(line_and_column(source, source.find('{').unwrap()), (2, 7));
        assert_eq!(line_and_column(source, 2), (1, 2), "inside a character: its beginning");
        assert_eq!(line_and_column(source, 999), (2, 14));
    }

    #[test]
    fn pointers_are_escaped() {
        assert_eq!(pointer_step("a/b~c"), "a~1b~0c");
    }

    #[test]
    fn a_close_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(suggestion("tiket", ["ticket", "name"]), "; did you mean \"ticket\"?");
        assert_eq!(suggestion("zzz", ["ticket", "name"]), "");
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
