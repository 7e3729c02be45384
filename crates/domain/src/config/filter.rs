//! Which tickets a subscriber wants to hear of.

use crate::pack::Priority;
use serde::{Deserialize, Serialize};

/// What a ticket must be like. Of each list one must fit; a list that is empty asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Channel slugs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// Priorities.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub priorities: Vec<Priority>,
    /// Queue ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<String>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// What is known of the ticket that an event is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Channel slug.
    pub channel: String,
    /// Priority.
    pub priority: Option<Priority>,
    /// Queue id.
    pub queue: String,
    /// Tags.
    pub tags: Vec<String>,
}

impl Filter {
    /// Does it ask for nothing?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Does it let an event about such a ticket through? What an event does not tell fits no list.
    pub fn lets_through(&self, about: &About) -> bool {
        fn one_of<T: PartialEq>(wanted: &[T], there: &[T]) -> bool {
            wanted.is_empty() || there.iter().any(|value| wanted.contains(value))
        }
        one_of(&self.channels, std::slice::from_ref(&about.channel))
            && one_of(&self.priorities, about.priority.as_slice())
            && one_of(&self.queues, std::slice::from_ref(&about.queue))
            && one_of(&self.tags, &about.tags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_each_list_must_fit_and_what_is_not_known_fits_none() {
        let about = About {
            channel: "whatsapp".into(),
            priority: Some(Priority::High),
            queue: "billing".into(),
            tags: vec!["vip".into(), "late".into()],
        };
        let filter = |text: &str| serde_json::from_str::<Filter>(text).expect("a filter");
        for passing in [
            "{}",
            r#"{"queues": ["support", "billing"]}"#,
            r#"{"tags": ["late"], "priorities": ["high", "urgent"], "channels": ["whatsapp"]}"#,
        ] {
            assert!(filter(passing).lets_through(&about), "{passing}");
        }
        for stopping in [
            r#"{"queues": ["support"]}"#,
            r#"{"tags": ["late"], "priorities": ["urgent"]}"#,
            r#"{"tags": ["late"], "channels": ["telegram"]}"#,
            r#"{"tags": ["LATE"]}"#,
        ] {
            assert!(!filter(stopping).lets_through(&about), "{stopping}");
        }
        let unknown = About { channel: "whatsapp".into(), ..About::default() };
        assert!(filter(r#"{"channels": ["whatsapp"]}"#).lets_through(&unknown));
        assert!(!filter(r#"{"priorities": ["high"]}"#).lets_through(&unknown));
        assert!(
            serde_json::from_str::<Filter>(r#"{"queue": "billing"}"#).is_err(),
            "a word that means nothing"
        );
    }
}
