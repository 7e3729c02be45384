//! Files of messages that were at a provider: brought into the store, or given up.

use super::Conversation;
use super::event::FileKept;
use crate::message::Attachment;

impl Conversation {
    pub(super) fn file_kept(&mut self, kept: &FileKept) {
        let Some(file) = self.file(&kept.message, &kept.fetched_by) else { return };
        file.reference.clone_from(&kept.reference);
        file.size_bytes = Some(kept.size_bytes);
        file.hash = Some(kept.hash.clone());
        if file.mime_type.is_none() {
            file.mime_type.clone_from(&kept.mime_type);
        }
        file.lost = None;
    }

    /// What is kept is not lost, whatever somebody says who tried at the same time.
    pub(super) fn file_lost(&mut self, message: &str, fetched_by: &str, why: &str) {
        if let Some(file) = self.file(message, fetched_by).filter(|file| !file.is_stored()) {
            file.lost = Some(why.to_owned());
        }
    }

    fn file(&mut self, message: &str, fetched_by: &str) -> Option<&mut Attachment> {
        let message = self.correspondence.message_mut(message)?;
        message.attachments.iter_mut().find(|file| file.fetched_by.as_deref() == Some(fetched_by))
    }
}

/// Do two reports name the same file? What became of it since makes no difference.
pub(super) fn is_same(one: &Attachment, other: &Attachment) -> bool {
    match (&one.fetched_by, &other.fetched_by) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use crate::conversation::{Conversation, ConversationEvent, view};
    use relevo_journal::{Event, EventId, Fold, Hlt};
    use serde_json::{Value, json};

    fn tell(state: &mut Conversation, n: u64, data: Value) {
        let data: ConversationEvent = serde_json::from_value(data).expect("an event");
        let id = EventId::new(format!("e{n}")).expect("an id");
        state.apply(&Event { id, hlt: Hlt(n), at: Default::default(), by: "channel".into(), tag: 0, data });
    }

    /// A message with two files at its provider, and what became of them.
    fn told(events: &[Value]) -> Vec<Value> {
        let party = json!({
            "channel": "whatsapp", "account": "main", "address": {"kind": "phone", "value": "1"}, "contact": "ctc_1",
            "locale": "es",
        });
        let file =
            |n: u32| json!({"reference": n.to_string(), "kind": "image", "fetched_by": format!("out_{n}")});
        let received = json!({"message.received": {
            "id": "msg_1", "party": party,
            "message": {"external_id": "w1", "from": {"kind": "phone", "value": "1"}, "kind": "media",
                "attachments": [file(1), file(2)]},
            "opening": {"number": 1, "queue": "q", "priority": "normal", "status": "new", "category": "new"},
        }});
        let mut state = Conversation::default();
        tell(&mut state, 1, received);
        for (n, event) in (2..).zip(events) {
            tell(&mut state, n, event.clone());
        }
        let shown = view::messages(&state, state.ticket(1).expect("a ticket")).next().expect("a message").1;
        shown["attachments"].as_array().expect("files").clone()
    }

    fn kept(file: &str) -> Value {
        json!({"file.kept": {"message": "msg_1", "fetched_by": file, "reference": "blob:00", "hash": "sha256:00",
            "mime_type": "image/png", "size_bytes": 7}})
    }

    fn lost(file: &str) -> Value {
        json!({"file.lost": {"message": "msg_1", "fetched_by": file, "why": "the provider no longer has the file"}})
    }

    #[test]
    fn a_file_is_fetched_until_it_is_kept_or_lost_and_the_others_are_left_alone() {
        let states = |events: &[Value]| told(events).iter().map(|f| f["state"].clone()).collect::<Vec<_>>();
        assert_eq!(states(&[]), ["fetching", "fetching"]);
        assert_eq!(states(&[kept("out_2")]), ["fetching", "kept"]);
        assert_eq!(states(&[kept("out_2"), lost("out_1")]), ["lost", "kept"]);
        assert_eq!(states(&[kept("out_3"), lost("")]), ["fetching", "fetching"], "of nobody's");
        let files = told(&[kept("out_2"), lost("out_1")]);
        assert_eq!(files[0]["lost"], "the provider no longer has the file");
        assert_eq!(
            (&files[1]["reference"], &files[1]["mime_type"], &files[1]["size_bytes"]),
            (&json!("blob:00"), &json!("image/png"), &json!(7))
        );
    }

    #[test]
    fn what_is_kept_is_not_lost_in_whatever_order_it_is_told() {
        for events in [[kept("out_1"), lost("out_1")], [lost("out_1"), kept("out_1")]] {
            let file = told(&events)[0].clone();
            assert_eq!((&file["state"], &file["lost"]), (&json!("kept"), &Value::Null), "{file}");
        }
    }

    #[test]
    fn a_recording_that_is_reported_twice_is_one_file_though_it_is_kept_by_then() {
        let party = json!({
            "channel": "twilio-voice", "account": "main", "address": {"kind": "phone", "value": "1"},
            "contact": "ctc_1", "locale": "es",
        });
        let report = |n: u32| {
            json!({"call.reported": {"id": "msg_1", "party": party, "call": {
                "external_id": n.to_string(), "call_id": "c", "state": "voicemail", "direction": "in",
                "attachments": [{"reference": "r", "kind": "audio", "fetched_by": "out_1"}]},
                "opening": {"number": 1, "queue": "q", "priority": "normal", "status": "new", "category": "new"}}})
        };
        let mut state = Conversation::default();
        for (n, event) in (1..).zip([report(1), kept("out_1"), report(2)]) {
            tell(&mut state, n, event);
        }
        let shown = view::messages(&state, state.ticket(1).expect("a ticket")).next().expect("a message").1;
        assert_eq!(shown["attachments"].as_array().map(Vec::len), Some(1), "{shown}");
        assert_eq!(shown["attachments"][0]["state"], "kept");
    }
}
