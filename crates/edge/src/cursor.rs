//! Cursors of lists: where the next page begins. Texts that clients pass on as they are.

use crate::problem::Problem;

/// The cursor of a list that goes down by number: what follows is below it.
pub fn below(number: u64) -> String {
    format!("n{number}")
}

/// Reads a cursor that [`below`] wrote.
///
/// # Errors
/// 400 for anything else.
pub fn parse_below(text: &str) -> Result<u64, Problem> {
    text.strip_prefix('n').and_then(|number| number.parse().ok()).ok_or_else(bad)
}

/// The cursor of a list that goes by time and, within one instant, by name.
pub fn after(at_ms: i64, name: &str) -> String {
    format!("{at_ms}.{name}")
}

/// Reads a cursor that [`after`] wrote.
///
/// # Errors
/// 400 for anything else.
pub fn parse_after(text: &str) -> Result<(i64, &str), Problem> {
    text.split_once('.').and_then(|(ms, name)| Some((ms.parse().ok()?, name))).ok_or_else(bad)
}

fn bad() -> Problem {
    Problem::bad_request("bad_cursor", "pass on `next` of an earlier answer as it is")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_place_and_anything_else_is_refused() {
        assert_eq!(parse_below(&below(17)), Ok(17));
        assert!(
            ["", "n", "17", "n-1", "n1.a", "n18446744073709551616"].iter().all(|c| parse_below(c).is_err())
        );
        assert_eq!(parse_after(&after(1_772_000_000_000, "abc")), Ok((1_772_000_000_000, "abc")));
        assert!(["", "x", "1", "n5", ".a", "9223372036854775808.a"].iter().all(|c| parse_after(c).is_err()));
    }
}
