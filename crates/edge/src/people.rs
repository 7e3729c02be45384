//! One person as several contacts: contacts that were merged are read as one.

use crate::app::DeskContext;
use crate::problem::Problem;
use relevo_domain::contact::Contact;
use relevo_journal::Fold;
use relevo_journal::store::Store;
use std::collections::BTreeSet;

/// Contacts that are followed at most: people merge a handful, and a circle must end.
const MOST: usize = 64;

/// All that stands for one person.
pub struct United {
    /// Stream name of the contact that stands for all.
    pub name: String,
    /// Contacts by stream name; the one that stands for all is the first.
    pub members: Vec<(String, Contact)>,
}

/// Reads a contact together with those it was merged with.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn united<S: Store>(context: &DeskContext<S>, name: &str) -> Result<United, Problem> {
    let mut root = (name.to_owned(), load(context, name).await?);
    let mut passed = BTreeSet::from([name.to_owned()]);
    while let Some(into) = root.1.merged_into.clone() {
        // Two who merge the two contacts into each other at once make a circle: where it closes is the end.
        if passed.len() >= MOST || !passed.insert(into.clone()) {
            break;
        }
        root = (into.clone(), load(context, &into).await?);
    }
    let mut seen = BTreeSet::from([root.0.clone()]);
    let mut members = vec![root];
    let mut next = 0;
    while let Some((name, contact)) = members.get(next) {
        let (name, absorbed) = (name.clone(), contact.absorbed.clone());
        for link in absorbed {
            if members.len() < MOST && seen.insert(link.contact.clone()) {
                let other = load(context, &link.contact).await?;
                // The other side is what counts: of two that merge and unmerge at once both sides may remain.
                if other.merged_into.as_deref() == Some(&name) {
                    members.push((link.contact, other));
                }
            }
        }
        next += 1;
    }
    let name = members.first().map_or_else(|| name.to_owned(), |(name, _)| name.clone());
    Ok(United { name, members })
}

async fn load<S: Store>(context: &DeskContext<S>, name: &str) -> Result<Contact, Problem> {
    let stream = context.stream(Contact::KIND, name)?;
    Ok(context.journal.load::<Contact>(&stream, context.now).await?.state)
}
