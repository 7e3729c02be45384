//! What came in, divided into portions that fit into a commit each.

use crate::identity::Identity;
use relevo_domain::message::Inbound;
use relevo_edge::ids::Sent;
use std::collections::BTreeMap;

/// Items by conversation; none: of the account.
pub type Portion = Vec<(Option<String>, Vec<Item>)>;

/// An item, and what was found out about it.
pub type Item = (Inbound, Found);

/// What was found out about an item when its conversation was looked for.
#[derive(Default)]
pub struct Found {
    /// A status: where the message was sent that it reports on.
    pub entry: Option<Sent>,
    /// By what else its person is known.
    pub identity: Identity,
}

/// Largest item, in bytes of JSON. A person does not write so much; what is larger is kept for a look.
pub const LARGEST_ITEM_BYTES: usize = 256 * 1024;

/// Conversations in one portion: bounds the time that the store is blocked.
const CONVERSATIONS: usize = 32;

/// Items in one portion.
const ITEMS: usize = 128;

/// Bytes in one portion: less than half of what a commit may hold, for its events say more than the items do.
const BYTES: usize = 400 * 1024;

/// What an event says beside its item: who, where, by which policy.
const BESIDE_BYTES: usize = 1024;

/// An item, its conversation and its size in bytes.
pub struct Placed {
    /// None: it is the account's.
    pub conversation: Option<String>,
    /// The item.
    pub item: Inbound,
    /// As JSON.
    pub bytes: usize,
    /// What was found out beside it.
    pub found: Found,
}

/// Divides items; those of one conversation stay in their order.
pub fn divide(items: Vec<Placed>) -> Vec<Portion> {
    let mut by_conversation: BTreeMap<Option<String>, Vec<(Item, usize)>> = BTreeMap::new();
    for placed in items {
        by_conversation
            .entry(placed.conversation)
            .or_default()
            .push(((placed.item, placed.found), placed.bytes));
    }
    let mut portions: Vec<Portion> = Vec::new();
    let mut open = Portion::new();
    let (mut count, mut size) = (0_usize, 0_usize);
    for (conversation, items) in by_conversation {
        let mut of_conversation = Vec::new();
        for (item, bytes) in items {
            let bytes = bytes.saturating_add(BESIDE_BYTES);
            let is_full = count >= ITEMS || size.saturating_add(bytes) > BYTES;
            if is_full || (of_conversation.is_empty() && open.len() >= CONVERSATIONS) {
                if !of_conversation.is_empty() {
                    open.push((conversation.clone(), std::mem::take(&mut of_conversation)));
                }
                portions.extend((!open.is_empty()).then(|| std::mem::take(&mut open)));
                (count, size) = (0, 0);
            }
            of_conversation.push(item);
            count = count.saturating_add(1);
            size = size.saturating_add(bytes);
        }
        open.push((conversation, of_conversation));
    }
    portions.extend((!open.is_empty()).then_some(open));
    portions
}

#[cfg(test)]
mod tests {
    use super::*;
    use relevo_domain::message::OtherEvent;
    use serde_json::Value;

    fn placed(conversation: usize, n: usize, bytes: usize) -> Placed {
        let item = OtherEvent {
            group: None,
            means: None,
            external_id: n.to_string(),
            kind: "x".into(),
            from: None,
            data: Value::Null.into(),
        };
        Placed {
            conversation: Some(format!("c{conversation:04}")),
            item: Inbound::Other(item),
            bytes,
            found: Found::default(),
        }
    }

    /// Conversations and how many items each, by portion.
    fn shape(items: Vec<Placed>) -> Vec<Vec<(String, usize)>> {
        let name = |conversation: Option<String>| conversation.unwrap_or_default();
        divide(items)
            .into_iter()
            .map(|p| p.into_iter().map(|(c, items)| (name(c), items.len())).collect())
            .collect()
    }

    #[test]
    fn a_small_batch_is_one_portion_with_each_conversation_once() {
        let items = vec![placed(1, 0, 10), placed(2, 1, 10), placed(1, 2, 10)];
        assert_eq!(shape(items), [[("c0001".to_owned(), 2), ("c0002".to_owned(), 1)]]);
        assert!(divide(Vec::new()).is_empty());
    }

    #[test]
    fn items_conversations_and_bytes_are_bounded() {
        let many = shape((0..300).map(|n| placed(1, n, 10)).collect());
        assert_eq!(many.iter().map(|p| p[0].1).collect::<Vec<_>>(), [128, 128, 44]);
        let wide = shape((0..70).map(|n| placed(n, n, 10)).collect());
        assert_eq!(wide.iter().map(Vec::len).collect::<Vec<_>>(), [32, 32, 6]);
        let large = shape((0..5).map(|n| placed(1, n, LARGEST_ITEM_BYTES)).collect());
        assert_eq!(large.len(), 5, "one of the largest alone");
    }

    #[test]
    fn nothing_is_lost_and_the_order_within_a_conversation_stays() {
        let items = (0..1_000).map(|n| placed(n % 7, n, n * 37 % 9_000)).collect();
        let mut seen: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (conversation, items) in divide(items).into_iter().flatten() {
            let numbers = items.iter().map(|(item, _)| match item {
                Inbound::Other(other) => other.external_id.parse::<usize>().expect("a number"),
                _ => panic!("another item"),
            });
            seen.entry(conversation.expect("has one")).or_default().extend(numbers);
        }
        assert_eq!(seen.values().map(Vec::len).sum::<usize>(), 1_000);
        assert!(seen.values().all(|numbers| numbers.is_sorted()));
    }
}
