//! What rows say of each other and of what the directory knows already.

use super::{Kind, Placed, address};
use crate::call::Call;
use crate::directory::row::{Known, Row};
use relevo_edge::ids;
use relevo_edge::problem::Problem;
use std::collections::BTreeMap;

/// Refuses rows that are about the same account or person, all of them, whatever else is wrong with one: which is meant is
/// anybody's guess. So it is with a domain that two accounts have.
pub(super) fn once(call: &Call<'_>, kind: Kind, rows: &mut [Placed]) {
    let key = |about: &str| match kind {
        Kind::Accounts => about.trim().to_owned(),
        Kind::People => {
            let (channel, address) = address(about);
            ids::contact(&call.context.keys, channel.as_deref().unwrap_or_default(), &address)
        }
    };
    let (mut abouts, mut domains) = (Lines::default(), Lines::default());
    for placed in rows.iter() {
        let about = placed.about.iter().filter(|about| !about.trim().is_empty());
        about.for_each(|about| abouts.note(key(about), placed.line));
        domains_of(placed).iter().for_each(|domain| domains.note(domain.clone(), placed.line));
    }
    for placed in rows.iter_mut() {
        let mut wrong = Vec::new();
        for (n, about) in placed.about.iter().enumerate() {
            if let Some(line) = abouts.other(&key(about), placed.line) {
                let (at, whom) = match kind {
                    Kind::Accounts => ("id".to_owned(), "account"),
                    Kind::People => (format!("addresses/{n}"), "person"),
                };
                wrong.push((at, format!("line {line} is about the same {whom}; leave one of the two")));
            }
        }
        for (n, domain) in domains_of(placed).iter().enumerate() {
            if let Some(line) = domains.other(domain, placed.line) {
                let what = format!("line {line} has this domain too; a domain leads to one account");
                wrong.push((format!("domains/{n}"), what));
            }
        }
        placed.refuse(wrong);
    }
}

/// Refuses what does not fit what the directory knows.
pub(super) async fn of_store(call: &Call<'_>, rows: &mut [Placed]) -> Result<(), Problem> {
    let known = Known::load(call, rows.iter().filter_map(|placed| placed.row.as_ref().ok())).await?;
    for placed in rows {
        let wrong = placed.row.as_ref().map(|row| known.misfits(row)).unwrap_or_default();
        placed.refuse(wrong);
    }
    Ok(())
}

fn domains_of(placed: &Placed) -> &[String] {
    match &placed.row {
        Ok(Row::Account(account)) => &account.domains,
        Ok(Row::Person(_)) | Err(_) => &[],
    }
}

/// The lines that say something.
#[derive(Default)]
struct Lines(BTreeMap<String, Vec<u64>>);

impl Lines {
    fn note(&mut self, key: String, line: u64) {
        self.0.entry(key).or_default().push(line);
    }

    /// The first other line that says it.
    fn other(&self, key: &str, line: u64) -> Option<u64> {
        self.0.get(key)?.iter().copied().find(|other| *other != line)
    }
}
