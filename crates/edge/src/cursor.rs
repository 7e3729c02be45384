//! Cursors of lists: where the next page begins. Texts that clients pass on as they are.

use crate::problem::Problem;
use relevo_domain::worklist::{Key, Order};

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

/// The cursor of a work list: the place of the last item in its order.
pub fn in_order(order: Order, key: Key) -> String {
    match order {
        Order::Newest => below(u64::MAX - key.2),
        _ => format!("{}.{}.{}.{}", order.as_str(), key.0, key.1, key.2),
    }
}

/// Reads a cursor that [`in_order`] wrote for the same order.
///
/// # Errors
/// 400 for anything else.
pub fn parse_in_order(order: Order, text: &str) -> Result<Key, Problem> {
    if order == Order::Newest {
        return Ok(Key(0, 0, u64::MAX - parse_below(text)?));
    }
    let mut parts =
        text.strip_prefix(order.as_str()).and_then(|rest| rest.strip_prefix('.')).ok_or_else(bad)?.split('.');
    let mut part = || parts.next().ok_or_else(bad);
    let (first, second, third) = (part()?, part()?, part()?);
    let key = Key(
        first.parse().map_err(|_| bad())?,
        second.parse().map_err(|_| bad())?,
        third.parse().map_err(|_| bad())?,
    );
    if parts.next().is_some() { Err(bad()) } else { Ok(key) }
}

/// The refusal of a cursor that no answer gave.
pub fn bad() -> Problem {
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

    #[test]
    fn a_cursor_of_one_order_is_refused_by_another() {
        let key = Key(1, i64::MAX, 17);
        for order in [Order::Oldest, Order::Due, Order::Priority] {
            let text = in_order(order, key);
            assert_eq!(parse_in_order(order, &text), Ok(key));
            for other in Order::ALL.into_iter().filter(|other| *other != order) {
                assert_eq!(parse_in_order(other, &text).unwrap_err().code, "bad_cursor", "{other:?}");
            }
        }
        let newest = Key(0, 0, u64::MAX - 17);
        assert_eq!(in_order(Order::Newest, newest), below(17));
        assert_eq!(parse_in_order(Order::Newest, &below(17)), Ok(newest));
        for bad in ["", "due", "due.", "due.1", "due.1.2", "due.1.2.3.4", "due.1.2.-3", "due.a.2.3"] {
            assert!(parse_in_order(Order::Due, bad).is_err(), "{bad}");
        }
    }
}
