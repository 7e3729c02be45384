//! A table of accounts or people as CSV.

use super::{Kind, MAX_ROWS, Placed, of_kind};
use relevo_domain::directory::Members;
use relevo_edge::problem::Problem;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What every entry may say whether it fills a field or not.
const NAME: &str = "name";

/// A table with a line of names. Accounts: `id`, `domains`; people: `addresses`, `account`; several in one cell are
/// separated by `;`, and by `,` where that does not separate cells. Every other column is something that is known: a member
/// that fills a field, or `name`; whatever it is called at a desk whose fields these entries do not fill. An empty cell says
/// nothing.
pub fn rows(kind: Kind, members: Members<'_>, bytes: &[u8]) -> Result<Vec<Placed>, Problem> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let separator = separator(text);
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).delimiter(separator).from_reader(text);
    let unreadable =
        || Problem::bad_request("bad_table", "a table in UTF-8 whose first line names its columns");
    let names: Vec<String> = reader.headers().map_err(|_| unreadable())?.iter().map(str::to_owned).collect();
    if let Some(what) = wrong_names(kind, members, &names) {
        return Err(Problem::bad_request("bad_table", what));
    }
    if let Some(line) = misquoted(text, separator) {
        let what = format!("line {line}: a cell begins with a quotation mark and does not end with one");
        return Err(Problem::bad_request("bad_table", what));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                rows.push(Placed::unreadable(line, "a line in UTF-8"));
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() > names.len() {
            rows.push(Placed::unreadable(line, "more cells than columns"));
            continue;
        }
        let (mut id, mut account, mut listed, mut values) = (String::new(), None, Vec::new(), Map::new());
        for (name, cell) in names.iter().zip(record.iter()).filter(|(_, cell)| !cell.is_empty()) {
            match (kind, name.as_str()) {
                (Kind::Accounts, "id") => id = cell.to_owned(),
                (Kind::People, "account") => account = Some(cell.to_owned()),
                (Kind::Accounts, "domains") | (Kind::People, "addresses") => {
                    let is_between = |c| c == ';' || c == ',' && separator != b',';
                    let parts = cell.split(is_between).map(str::trim).filter(|part| !part.is_empty());
                    listed = parts.map(str::to_owned).collect();
                }
                _ => {
                    values.insert(name.clone(), value(members, name, cell));
                }
            }
        }
        let about = if kind == Kind::Accounts { vec![id.clone()] } else { listed.clone() };
        rows.push(Placed { line, about, row: of_kind(kind, id, account, values, listed) });
        if rows.len() > MAX_ROWS {
            break;
        }
    }
    Ok(rows)
}

/// What separates the cells: of `,`, `;` and tabs the one that the line of names has most of.
fn separator(text: &[u8]) -> u8 {
    let line = text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let count = |separator: u8| line.iter().filter(|byte| **byte == separator).count();
    // Of equals the last one: a comma.
    [b'\t', b';', b','].into_iter().max_by_key(|separator| count(*separator)).unwrap_or(b',')
}

/// What is wrong with the line of names.
fn wrong_names(kind: Kind, members: Members<'_>, names: &[String]) -> Option<String> {
    let own = if kind == Kind::Accounts { ["id", "domains"] } else { ["addresses", "account"] };
    let [needed, _] = own;
    if !names.iter().any(|name| name == needed) {
        return Some(format!(
            "the first line names the columns, {needed} among them, separated by , ; or tabs"
        ));
    }
    let mut once = BTreeSet::new();
    if let Some(name) = names.iter().find(|name| !name.is_empty() && !once.insert(*name)) {
        return Some(format!("line 1 names the column {name:?} twice"));
    }
    let known = members.known();
    let is_known = |name: &String| {
        name.is_empty() || own.contains(&name.as_str()) || name == NAME || members.fills(name)
    };
    let unknown = names.iter().find(|name| !members.fill_nothing() && !is_known(name))?;
    let is_further = |member: &&str| *member != NAME && !own.contains(member);
    let all: Vec<&str> = own.into_iter().chain([NAME]).chain(known.into_iter().filter(is_further)).collect();
    Some(format!(
        "line 1: the column {unknown:?} fills no field; correct it, take it out, or add it to /enrichment/directory; \
         known are {}",
        all.join(", ")
    ))
}

/// A cell: an object or an amount of money where it is one, else its text.
fn value(members: Members<'_>, name: &str, cell: &str) -> Value {
    let object = || serde_json::from_str(cell).ok().map(Value::Object);
    members.read_money(name, cell).or_else(object).unwrap_or_else(|| Value::String(cell.to_owned()))
}

/// The line on which a cell begins that is quoted and not closed, or goes on after it was closed: which rows follow it is
/// anybody's guess.
fn misquoted(text: &[u8], separator: u8) -> Option<u64> {
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
            (_, b'\n' | b'\r') => At::Begin,
            (_, byte) if *byte == separator => At::Begin,
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
#[allow(clippy::panic, clippy::expect_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::directory::row::Row;
    use relevo_domain::directory::Of;
    use relevo_domain::pack::{Pack, Role, parse};
    use serde_json::json;

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
            assert_eq!(misquoted(text.as_bytes(), b','), line, "{text}");
        }
    }

    fn pack() -> Pack {
        parse(json!({
            "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
            "queues": {"general": {"name": "General"}},
            "fields": {"fee": {"name": {"es": "Cuota"}, "type": "money"}, "csm": {"name": {"es": "CSM"}, "type": "text"},
                       "account": {"name": {"es": "Cuenta"}, "type": "text"},
                       "secret": {"name": {"es": "S"}, "type": "text", "seen_by": "manager"}},
            "enrichment": {"directory": {"account": "account.id", "fee": "account.fee", "csm": "account.csm", "secret": "account.secret"}}
        }))
        .expect("a pack")
    }

    fn read(of: Of, text: &str) -> Result<Vec<Placed>, Problem> {
        let kind = if of == Of::Account { Kind::Accounts } else { Kind::People };
        rows(kind, Members::new(&pack(), of, Role::Lead), text.as_bytes())
    }

    #[test]
    fn no_row_is_lost_in_another_and_no_column_in_one_of_its_name() {
        let rows = |text: &str| read(Of::Account, text).map(|rows| rows.len());
        assert_eq!(rows("id,name\nZ3,\"abc\"\nZ4,x\n"), Ok(2));
        let lines = |text: &str| rows(text).expect_err("refused").detail;
        assert!(lines("id,name\nZ3,\"abc\nZ4,x\n").starts_with("line 2:"));
        assert!(lines("id;name\nZ3;\"abc\nZ4;x\n").starts_with("line 2:"));
        assert!(lines("id,name,name\nZ3,a,b\n").contains("\"name\" twice"));
        assert_eq!(rows("id,name,,\nZ3,abc,,\n"), Ok(1), "columns without a name are empty");
    }

    #[test]
    fn a_column_that_fills_nothing_is_a_mistake_where_others_fill_fields() {
        let told = read(Of::Account, "id,cms\nZ3,x\n").map(|_| ()).expect_err("refused").detail;
        assert!(
            told.contains("\"cms\"") && told.ends_with("known are id, domains, name, csm, fee"),
            "{told}"
        );
        assert!(read(Of::Account, "id,csm,fee,secret,name,domains\nZ3\n").is_ok());
        // What people are said to be fills no field of this desk: whatever is said is kept.
        assert!(read(Of::Person, "addresses,hobby\nana@example.org,x\n").is_ok());
    }

    #[test]
    fn cells_are_separated_as_the_line_of_names_says() {
        for text in [
            "id,csm,domains\nZ3,Eva,a.org; b.org\n",
            "\u{feff}id;csm;domains\r\nZ3;Eva;\"a.org;b.org\"\r\n",
            "id;csm;domains\nZ3;Eva;a.org, b.org\n",
            "id\tcsm\tdomains\nZ3\tEva\ta.org,b.org\n",
        ] {
            let rows = read(Of::Account, text).expect(text);
            let Some(Ok(Row::Account(row))) = rows.first().map(|placed| placed.row.as_ref()) else {
                panic!("{text}")
            };
            assert_eq!((row.id.as_str(), &row.values["csm"]), ("Z3", &json!("Eva")), "{text}");
            assert_eq!(row.domains, ["a.org", "b.org"], "{text}");
        }
        assert_eq!(read(Of::Account, "id\nZ3\n").map(|rows| rows.len()), Ok(1), "one column");
    }

    #[test]
    fn money_and_objects_are_what_they_are() {
        for (cell, expected) in [
            ("1200.00 EUR", json!({"minor": 120_000, "currency": "EUR"})),
            ("1200,00 EUR", json!({"minor": 120_000, "currency": "EUR"})),
            ("\"{\"\"minor\"\": 5, \"\"currency\"\": \"\"EUR\"\"}\"", json!({"minor": 5, "currency": "EUR"})),
            ("a lot", json!("a lot")),
        ] {
            let rows = read(Of::Account, &format!("id;fee;csm\nZ3;{cell};12 EUR\n")).expect(cell);
            let values = rows[0].row.as_ref().map(|row| row.values().clone()).expect(cell);
            assert_eq!((&values["fee"], &values["csm"]), (&expected, &json!("12 EUR")), "{cell}");
        }
    }
}
