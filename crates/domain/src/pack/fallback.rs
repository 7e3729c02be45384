//! By which other ways a message goes that cannot be delivered as it was to go.

use serde::{Deserialize, Serialize};

/// A rule: messages of these channel accounts go by these ways instead, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fallback {
    /// `channel/account`, or a channel for all of its accounts.
    pub from: Vec<String>,
    /// `channel/account`, in the order in which they are tried.
    pub to: Vec<String>,
}

impl Fallback {
    /// Is the rule for messages of that account?
    pub fn is_for(&self, channel: &str, account: &str) -> bool {
        self.from.iter().any(|from| match from.split_once('/') {
            Some((c, a)) => c == channel && a == account,
            None => from == channel,
        })
    }

    /// The ways that are left when some were tried.
    pub fn left(&self, tried: &[String]) -> Vec<(&str, &str)> {
        self.to.iter().filter(|way| !tried.contains(way)).filter_map(|way| way.split_once('/')).collect()
    }

    /// What is wrong with it: JSON pointer and message. `has` says whether a desk has a channel, or an account of it.
    pub fn check(&self, has: impl Fn(&str, Option<&str>) -> bool) -> Vec<(String, String)> {
        let mut wrong = Vec::new();
        for (n, from) in self.from.iter().enumerate() {
            let (channel, account) =
                from.split_once('/').map_or((from.as_str(), None), |(c, a)| (c, Some(a)));
            if !has(channel, account) {
                let message = format!("{from:?} is no channel and no `channel/account` of /channels");
                wrong.push((format!("/from/{n}"), message));
            }
        }
        for (n, way) in self.to.iter().enumerate() {
            if !way.split_once('/').is_some_and(|(channel, account)| has(channel, Some(account))) {
                let message = format!("{way:?} is no `channel/account` of /channels");
                wrong.push((format!("/to/{n}"), message));
            }
        }
        if self.from.is_empty() || self.to.is_empty() {
            wrong.push((String::new(), "a rule says from where and to where".to_owned()));
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Fallback {
        Fallback {
            from: vec!["whatsapp".into(), "telegram/main".into()],
            to: vec!["twilio-sms/main".into(), "postmark/main".into()],
        }
    }

    #[test]
    fn a_rule_is_for_an_account_or_for_a_whole_channel() {
        assert!(rule().is_for("whatsapp", "any"));
        assert!(rule().is_for("telegram", "main"));
        assert!(!rule().is_for("telegram", "other"));
    }

    #[test]
    fn what_was_tried_is_not_tried_again() {
        let tried = ["whatsapp/main".to_owned(), "twilio-sms/main".to_owned()];
        assert_eq!(rule().left(&tried), [("postmark", "main")]);
        let all = ["twilio-sms/main".to_owned(), "postmark/main".to_owned()];
        assert!(rule().left(&all).is_empty());
    }

    #[test]
    fn ways_that_the_desk_does_not_have_are_named() {
        let pointers = |rule: &Fallback| -> Vec<String> {
            let has = |channel: &str, account: Option<&str>| {
                matches!((channel, account), ("postmark", _) | ("whatsapp", None | Some("main")))
            };
            rule.check(has).into_iter().map(|(pointer, _)| pointer).collect()
        };
        assert_eq!(pointers(&rule()), ["/from/1", "/to/0"]);
        let of = |from: &str| Fallback { from: vec![from.to_owned()], to: vec!["postmark/main".to_owned()] };
        assert_eq!(pointers(&of("whatsapp/main")), [""; 0]);
        assert_eq!(pointers(&of("whatsapp/other")), ["/from/0"]);
        assert_eq!(pointers(&of("pigeon")), ["/from/0"]);
        assert_eq!(pointers(&Fallback { from: Vec::new(), to: Vec::new() }), [""]);
    }
}
