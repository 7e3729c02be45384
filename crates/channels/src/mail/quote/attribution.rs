//! Who wrote what is quoted: `On … wrote:`, or in Russian the date, the name and the address.

use super::Lines;
use super::words::{ON, WEEKDAYS, WROTE};

/// Lines that it may go over.
const MOST_LINES: usize = 3;

/// The line after the one that says so, which begins here.
pub(super) fn after(lines: &Lines<'_>, i: usize) -> Option<usize> {
    let first = lines.at(i);
    if first.is_empty() || first.starts_with('>') {
        return None;
    }
    let rest = (i..i.saturating_add(MOST_LINES)).take_while(|i| !lines.at(*i).is_empty());
    let mut ends = rest.filter(|i| lines.at(*i).ends_with(':'));
    ends.find(|last| {
        let line = lines.at(*last).to_lowercase();
        if WROTE.iter().any(|word| line.ends_with(word)) {
            return begins(first) && first.bytes().any(|byte| byte.is_ascii_digit());
        }
        line.ends_with(">:") && is_bare(&(i..=*last).map(|i| lines.at(i)).collect::<Vec<_>>().join(" "))
    })
    .map(|last| last + 1)
}

fn begins(line: &str) -> bool {
    let begin: String = line.chars().take(16).flat_map(char::to_lowercase).collect();
    ON.iter().any(|word| begin.starts_with(word))
        || is_weekday(&begin)
        || begin.starts_with(|c: char| c.is_ascii_digit())
}

fn is_weekday(begin: &str) -> bool {
    let end = begin.find(|c: char| !c.is_alphabetic()).unwrap_or(begin.len());
    begin.get(..end).is_some_and(|word| WEEKDAYS.contains(&word))
}

/// `пн, 2 мар. 2026 г. в 10:00, Имя <a@b>:` (Gmail) and `02.03.2026, 10:00, "Имя" <a@b>:` (Yandex): nothing in it says that
/// somebody wrote, so day, year, time and address must all be there.
fn is_bare(text: &str) -> bool {
    let begin: String = text.chars().take(16).flat_map(char::to_lowercase).collect();
    let Some((first, _)) = begin.split_once(',') else { return false };
    let day = first.split('.').map(str::len).eq([2, 2, 4])
        && first.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let address = text
        .rsplit_once('<')
        .is_some_and(|(_, address)| address.contains('@') && !address.trim().contains(' '));
    let numbers = || text.split(|c: char| !c.is_ascii_digit());
    let year =
        numbers().any(|number| number.len() == 4 && (number.starts_with("20") || number.starts_with("19")));
    let time = text.split([' ', ',']).any(|word| {
        word.split_once(':').is_some_and(|(hours, minutes)| {
            let digits =
                |text: &str| text.len() <= 5 && text.bytes().all(|b| b.is_ascii_digit() || b == b':');
            matches!(hours.len(), 1 | 2) && minutes.len() >= 2 && digits(hours) && digits(minutes)
        })
    });
    (is_weekday(&begin) || day) && address && year && time
}
