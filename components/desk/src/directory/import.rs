//! `POST …/directory/import`: many entries at once, as a table or a list. A row that is wrong is named with its line and
//! holds up no other; what an entry says already is not written again, so the same import may be sent once more.

mod checks;
mod table;

use super::row::{self, Row, Wrong};
use super::{finish, put_person};
use crate::call::Call;
use http::StatusCode;
use relevo_domain::directory::{DirectoryCall, Members, Of};
use relevo_domain::message::Address;
use relevo_edge::directory::{Asked, Change, Entries};
use relevo_edge::http::{Response, json};
use relevo_edge::identity::Identity;
use relevo_edge::problem::Problem;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Most rows of one call.
const MAX_ROWS: usize = 5_000;

/// Largest import.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Rows of one commit.
const ROWS_AT_ONCE: usize = 40;

/// What one commit writes at most, about: half of what it may.
const MAX_COMMIT_BYTES: usize = 450 * 1024;

/// Mistakes that are told in one answer.
const MAX_ERRORS: usize = 500;

/// A row with its line in the document.
struct Placed {
    line: u64,
    /// Whom it is about, whatever else is wrong with it: the account's id, or a person's addresses, as they are written.
    about: Vec<String>,
    row: Result<Row, Wrong>,
}

impl Placed {
    /// A row that nothing can be read of.
    fn unreadable(line: u64, why: &str) -> Self {
        Self { line, about: Vec::new(), row: Err(vec![(String::new(), why.to_owned())]) }
    }

    /// Says what is wrong with it besides; nothing: it stays as it is.
    fn refuse(&mut self, wrong: Wrong) {
        match &mut self.row {
            _ if wrong.is_empty() => {}
            Err(before) => before.extend(wrong),
            Ok(_) => self.row = Err(wrong),
        }
    }
}

/// `POST …/directory/import`
pub async fn import(call: &Call<'_>) -> Result<Response, Problem> {
    call.request.at_most(MAX_BYTES)?;
    let kind = match call.request.parameter("kind").as_deref() {
        Some("accounts") => Kind::Accounts,
        Some("people") => Kind::People,
        _ => return Err(Problem::bad_request("bad_kind", "kind is accounts or people")),
    };
    let dry_run = match call.request.parameter("dry_run").as_deref() {
        None | Some("false" | "0") => false,
        Some("true" | "1") => true,
        Some(_) => return Err(Problem::bad_request("bad_dry_run", "dry_run is true, 1, false or 0")),
    };
    let is_table = call.request.header("content-type").is_some_and(|kind| kind.starts_with("text/csv"));
    let pack = call.context.pack().await?;
    let of = if kind == Kind::Accounts { Of::Account } else { Of::Person };
    let members = Members::new(&pack.pack, of, call.caller.role);
    let mut rows = if is_table { table::rows(kind, members, &call.request.body)? } else { list(kind, call)? };
    if rows.is_empty() || rows.len() > MAX_ROWS {
        return Err(Problem::invalid("", format!("1 to {MAX_ROWS} rows in one call")));
    }
    for placed in &mut rows {
        let values = placed.row.as_ref().ok().map(Row::values);
        let wrong = values.and_then(|values| row::of_members(members, values, is_table).err());
        placed.refuse(wrong.unwrap_or_default());
    }
    checks::once(call, kind, &mut rows);
    checks::of_store(call, &mut rows).await?;
    let total = rows.len();
    let (mut good, mut errors) = (Vec::new(), Vec::new());
    for Placed { line, row, .. } in rows {
        match row {
            Ok(row) => good.push((line, row)),
            Err(wrong) => errors.push(json!({"line": line, "errors": places(wrong)})),
        }
    }
    let refused = errors.len();
    errors.truncate(MAX_ERRORS);
    let identity = call.identity()?;
    let asked = if dry_run { None } else { Some(Asked::load(&call.context, identity.clone()).await?) };
    let before = asked.as_ref().map(Asked::answered).transpose()?.flatten().cloned();
    let DirectoryCall { set, unchanged } = match before {
        Some(before) => before,
        None => write(call, &identity, good, &members.kept(), asked).await?,
    };
    let answer = json!({
        "dry_run": dry_run, "rows": total, "set": set, "unchanged": unchanged, "refused": refused, "errors": errors,
    });
    Ok(json(StatusCode::OK, &answer))
}

/// Writes rows, a portion at a time; without `asked` only says what would be.
async fn write(
    call: &Call<'_>,
    identity: &Identity,
    rows: Vec<(u64, Row)>,
    kept: &BTreeSet<String>,
    asked: Option<Asked>,
) -> Result<DirectoryCall, Problem> {
    let (actor, mut done) = (call.caller.actor(), DirectoryCall::default());
    for some in batches(rows, !kept.is_empty()) {
        let mut entries = Entries::new(&call.context, &actor, identity.tag);
        let mut commit = call.context.commit();
        for (line, row) in some {
            // With the body's fingerprint: what was begun under a key is never taken for what another body says.
            let id = format!("{}.{:08x}.{line}", identity.id, identity.tag);
            let change = match row {
                Row::Account(row) => {
                    entries.set_account(&mut commit, &id, &row.id, row.values, kept, row.domains).await?
                }
                Row::Person(row) => put_person(call, &mut entries, &mut commit, &id, row, kept).await?,
            };
            let count = if change == Change::Set { &mut done.set } else { &mut done.unchanged };
            *count = count.saturating_add(1);
        }
        if asked.is_some() && !commit.is_empty() {
            call.context.journal.commit(commit).await?;
        }
    }
    if let Some(asked) = asked {
        let mut commit = call.context.commit();
        asked.note(&mut commit, &actor, done.clone())?;
        finish(call, commit, asked).await?;
    }
    Ok(done)
}

/// Rows in the portions that one commit holds each.
fn batches(rows: Vec<(u64, Row)>, keeps: bool) -> Vec<Vec<(u64, Row)>> {
    let mut batches: Vec<Vec<(u64, Row)>> = Vec::new();
    let mut weight = usize::MAX;
    for (line, row) in rows {
        let own = row.weight(keeps);
        match batches.last_mut() {
            Some(batch) if batch.len() < ROWS_AT_ONCE && weight.saturating_add(own) <= MAX_COMMIT_BYTES => {
                weight = weight.saturating_add(own);
                batch.push((line, row));
            }
            _ => {
                weight = own;
                batches.push(vec![(line, row)]);
            }
        }
    }
    batches
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Accounts,
    People,
}

fn places(wrong: Wrong) -> Vec<Value> {
    let place =
        |(name, message): (String, String)| json!({"pointer": format!("/{name}"), "message": message});
    wrong.into_iter().map(place).collect()
}

/// A list of documents as the calls for one of them take; the line is the place in the list, from 1.
fn list(kind: Kind, call: &Call<'_>) -> Result<Vec<Placed>, Problem> {
    let documents: Vec<Map<String, Value>> = call.request.json()?;
    let placed = |(line, document): (u64, Map<String, Value>)| {
        let about = match document.get(if kind == Kind::Accounts { "id" } else { "addresses" }) {
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            one => one.and_then(Value::as_str).map(str::to_owned).into_iter().collect(),
        };
        Placed { line, about, row: of_document(kind, document) }
    };
    Ok((1..).zip(documents).map(placed).collect())
}

fn of_document(kind: Kind, mut document: Map<String, Value>) -> Result<Row, Wrong> {
    let mut wrong = Wrong::new();
    let mut text = |document: &mut Map<String, Value>, name: &str| match document.remove(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text),
        Some(_) => {
            wrong.push((name.to_owned(), "a text".to_owned()));
            None
        }
    };
    let (id, account) = match kind {
        Kind::Accounts => (text(&mut document, "id").unwrap_or_default(), None),
        Kind::People => (String::new(), text(&mut document, "account")),
    };
    let values = match document.remove("values") {
        None => Map::new(),
        Some(Value::Object(values)) => values,
        Some(_) => return Err(vec![("values".to_owned(), "an object".to_owned())]),
    };
    let many = if kind == Kind::Accounts { "domains" } else { "addresses" };
    let listed: Vec<String> = match document.remove(many).map(serde_json::from_value) {
        None => Vec::new(),
        Some(Ok(listed)) => listed,
        Some(Err(_)) => return Err(vec![(many.to_owned(), "a list of texts".to_owned())]),
    };
    wrong
        .extend(document.keys().map(|name| (name.clone(), "there is no such member; see values".to_owned())));
    if !wrong.is_empty() {
        return Err(wrong);
    }
    of_kind(kind, id, account, values, listed)
}

fn of_kind(
    kind: Kind,
    id: String,
    account: Option<String>,
    values: Map<String, Value>,
    listed: Vec<String>,
) -> Result<Row, Wrong> {
    match kind {
        Kind::Accounts => row::account(&id, values, listed).map(Row::Account),
        Kind::People => {
            row::person(account, values, listed.iter().map(|text| address(text)).collect()).map(Row::Person)
        }
    }
}

/// An address in a table: a telephone number, an e-mail address, or `channel:id`.
fn address(text: &str) -> (Option<String>, Address) {
    let text = text.trim();
    let of_channel = text.split_once(':').filter(|(channel, _)| relevo_channels::SLUGS.contains(channel));
    match of_channel {
        Some((channel, id)) => {
            let address = Address { kind: relevo_domain::message::AddressKind::User, value: id.into() };
            (Some(channel.to_owned()), address)
        }
        None => (None, Address { kind: relevo_channels::reach::looks_like(text), value: text.into() }),
    }
}
