//! Custom fields that a role does not see are left out of whatever shows them.

use relevo_domain::pack::Role;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

use crate::app::DeskContext;
use crate::problem::Problem;
use relevo_journal::store::Store;

/// Members of a view of a ticket, and of the events of its history, that hold custom fields by name.
const HOLD_FIELDS: [&str; 5] = ["fields", "unvalidated_fields", "set", "filled", "unvalidated"];

/// Members that say in words which conditions of a rule held.
const REASONS: [&str; 3] = ["because", "routed_by", "why"];

/// The custom fields that a role does not see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hidden(BTreeSet<String>);

impl Hidden {
    /// Those of a desk.
    ///
    /// # Errors
    /// 503 if the pack cannot be read.
    pub async fn of<S: Store>(context: &DeskContext<S>, role: Role) -> Result<Self, Problem> {
        if role == Role::Admin || !context.exists() {
            return Ok(Self::default());
        }
        Ok(Self(context.pack().await?.pack.hidden_fields(role)))
    }

    /// Is this one of them?
    pub fn contains(&self, field: &str) -> bool {
        self.0.contains(field)
    }

    /// Are there any?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes them out of a view of a ticket.
    pub fn leave_out(&self, view: &mut Map<String, Value>) {
        if self.is_empty() {
            return;
        }
        for (_, held) in view.iter_mut().filter(|(name, _)| HOLD_FIELDS.contains(&name.as_str())) {
            if let Some(fields) = held.as_object_mut() {
                fields.retain(|name, _| !self.contains(name));
            }
        }
    }

    /// Takes them out of what an event of a ticket's history says.
    pub fn leave_out_of_event(&self, data: &mut Map<String, Value>) {
        self.leave_out(data);
        self.leave_out_reasons(data);
        if let Some(opening) = data.get_mut("opening").and_then(Value::as_object_mut) {
            self.leave_out(opening);
            self.leave_out_reasons(opening);
        }
    }

    /// Takes out why a rule applied where that tells what one of them is.
    pub fn leave_out_reasons(&self, data: &mut Map<String, Value>) {
        let tells = |text: &str| self.0.iter().any(|name| text.contains(&format!("fields.{name} ")));
        for (_, reason) in data.iter_mut().filter(|(name, _)| REASONS.contains(&name.as_str())) {
            if reason.as_str().is_some_and(tells) {
                *reason = Value::Null;
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use relevo_domain::Private;
    use relevo_domain::conversation::{ConversationEvent, Filled, Opening};
    use serde_json::json;
    use std::collections::BTreeMap;

    fn hidden() -> Hidden {
        Hidden(BTreeSet::from(["margin".to_owned()]))
    }

    #[test]
    fn no_reason_tells_what_is_hidden() {
        let mut data = json!({
            "why": "ticket.opened; fields.margin is 7", "because": "VIPs: fields.plan is vip",
            "opening": {"routed_by": "dear: fields.margin is at least 5"}
        });
        hidden().leave_out_of_event(data.as_object_mut().unwrap());
        assert_eq!(data["why"], Value::Null);
        assert_eq!(data["because"], "VIPs: fields.plan is vip");
        assert_eq!(data["opening"]["routed_by"], Value::Null);
    }

    #[test]
    fn no_view_of_a_ticket_holds_what_is_hidden() {
        let mut view = json!({
            "number": 1, "fields": {"margin": 3, "plan": "pro"}, "unvalidated_fields": {"margin": "form: a number"}
        });
        hidden().leave_out(view.as_object_mut().unwrap());
        assert_eq!(view, json!({"number": 1, "fields": {"plan": "pro"}, "unvalidated_fields": {}}));
    }

    #[test]
    fn no_event_of_its_history_does() {
        let set = json!({"margin": 3, "plan": "pro"}).as_object().cloned().unwrap();
        let (_, mut data) = ConversationEvent::FieldsChanged { ticket: 1, set: Private(set.clone()) }.named();
        hidden().leave_out_of_event(&mut data);
        assert_eq!(data["set"], json!({"plan": "pro"}));
        let filled = |value| Filled { value, by: "default".to_owned() };
        let opening: Opening = serde_json::from_value(json!({
            "number": 1, "queue": "a", "priority": "normal", "status": "new", "category": "new",
        }))
        .unwrap();
        let opening = Opening {
            filled: Some(Private(BTreeMap::from([("margin".to_owned(), filled(json!(3)))]))),
            unvalidated: BTreeMap::from([("margin".to_owned(), "form: a number".to_owned())]),
            ..opening
        };
        let mut data = json!({"opening": opening, "fields": set}).as_object().cloned().unwrap();
        assert!(json!(data).to_string().matches("margin").count() == 3);
        hidden().leave_out_of_event(&mut data);
        assert!(!json!(data).to_string().contains("margin"), "{data:?}");
    }
}
