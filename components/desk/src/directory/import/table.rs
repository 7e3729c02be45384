//! A table of accounts or people as CSV.

use super::{Kind, MAX_ROWS, Placed, of_kind};
use relevo_edge::problem::Problem;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A table with a line of names. Accounts: `id`, `domains`; people: `addresses`, `account`; several in one cell are
/// separated by `;`. Every other column is something that is known; an empty cell says nothing.
pub fn rows(kind: Kind, bytes: &[u8]) -> Result<Vec<Placed>, Problem> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text);
    let unreadable =
        || Problem::bad_request("bad_table", "a table in UTF-8 whose first line names its columns");
    let names: Vec<String> = reader.headers().map_err(|_| unreadable())?.iter().map(str::to_owned).collect();
    let needed = if kind == Kind::Accounts { "id" } else { "addresses" };
    if !names.iter().any(|name| name == needed) {
        let what = format!("the first line names the columns, {needed} among them");
        return Err(Problem::bad_request("bad_table", what));
    }
    let mut once = BTreeSet::new();
    if let Some(name) = names.iter().find(|name| !name.is_empty() && !once.insert(*name)) {
        let what = format!("line 1 names the column {name:?} twice");
        return Err(Problem::bad_request("bad_table", what));
    }
    if let Some(line) = misquoted(text) {
        let what = format!("line {line}: a cell begins with a quotation mark and does not end with one");
        return Err(Problem::bad_request("bad_table", what));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                rows.push((line, Err(vec![(String::new(), "a line in UTF-8".to_owned())])));
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() > names.len() {
            rows.push((line, Err(vec![(String::new(), "more cells than columns".to_owned())])));
            continue;
        }
        let (mut id, mut account, mut listed, mut values) = (String::new(), None, Vec::new(), Map::new());
        for (name, cell) in names.iter().zip(record.iter()).filter(|(_, cell)| !cell.is_empty()) {
            match (kind, name.as_str()) {
                (Kind::Accounts, "id") => id = cell.to_owned(),
                (Kind::People, "account") => account = Some(cell.to_owned()),
                (Kind::Accounts, "domains") | (Kind::People, "addresses") => {
                    let parts = cell.split(';').map(str::trim).filter(|part| !part.is_empty());
                    listed = parts.map(str::to_owned).collect();
                }
                _ => {
                    values.insert(name.clone(), Value::String(cell.to_owned()));
                }
            }
        }
        rows.push((line, of_kind(kind, id, account, values, listed)));
        if rows.len() > MAX_ROWS {
            break;
        }
    }
    Ok(rows)
}

/// The line on which a cell begins that is quoted and not closed, or goes on after it was closed: which rows follow it is
/// anybody's guess.
fn misquoted(text: &[u8]) -> Option<u64> {
    #[derive(Clone, Copy)]
    enum At {
        Begin,
        Plain,
        Quoted(u64),
        Closed(u64),
    }
    let (mut at, mut line) = (At::Begin, 1_u64);
    for byte in text {
        at = match (at, byte) {
            (At::Begin, b'"') => At::Quoted(line),
            (At::Quoted(since), b'"') => At::Closed(since),
            (At::Quoted(since), _) => At::Quoted(since),
            // Two of them stand for one.
            (At::Closed(since), b'"') => At::Quoted(since),
            (_, b',' | b'\n' | b'\r') => At::Begin,
            (At::Closed(since), b' ' | b'\t') => At::Closed(since),
            (At::Closed(since), _) => return Some(since),
            (At::Begin | At::Plain, _) => At::Plain,
        };
        line = line.saturating_add(u64::from(*byte == b'\n'));
    }
    match at {
        At::Quoted(since) => Some(since),
        At::Begin | At::Plain | At::Closed(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotation_mark_that_is_not_closed_is_found_with_its_line() {
        for (text, line) in [
            ("id,name\nZ3,\"abc\nZ4,x\n", Some(2)),
            ("id,name\nZ3,\"abc\nZ4,\"x\"\n", Some(2)),
            ("id,name\r\nZ3,\"a\nb\"\r\nZ4,\"x", Some(4)),
            ("id,name\nZ3,\"\"\"\n", Some(2)),
            ("id,name\nZ3,\"a \"\"b\"\", c\"\nZ4,5\" tubo\n\"Z5\" ,\"\"\n", None),
            ("id,name\nZ3,\"a, b\"", None),
        ] {
            assert_eq!(misquoted(text.as_bytes()), line, "{text}");
        }
    }

    #[test]
    fn no_row_is_lost_in_another_and_no_column_in_one_of_its_name() {
        let rows = |text: &str| rows(Kind::Accounts, text.as_bytes()).map(|rows| rows.len());
        assert_eq!(rows("id,name\nZ3,\"abc\"\nZ4,x\n"), Ok(2));
        let lines = |text: &str| rows(text).expect_err("refused").detail;
        assert!(lines("id,name\nZ3,\"abc\nZ4,x\n").starts_with("line 2:"));
        assert!(lines("id,name,name\nZ3,a,b\n").contains("\"name\" twice"));
        assert_eq!(rows("id,name,,\nZ3,abc,,\n"), Ok(1), "columns without a name are empty");
    }
}
