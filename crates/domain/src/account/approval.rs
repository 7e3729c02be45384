//! What a provider says of the templates that it keeps for an account: approved, rejected, paused, their quality.

use crate::message::OtherEvent;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A provider's word on one template. What it does not say is left as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateReport {
    /// Its name at the provider.
    pub name: String,
    /// Its language at the provider.
    pub language: String,
    /// `approved`, `rejected`, `paused`, `disabled`, `pending` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// `green`, `yellow`, `red`, `unknown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<String>,
    /// `marketing`, `utility`, `authentication`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Why, in the provider's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What is known of one template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// `approved`, `rejected`, `paused`, `disabled`, `pending` …; none if the provider has not told.
    pub state: Option<String>,
    /// `green`, `yellow`, `red`, `unknown`.
    pub quality: Option<String>,
    /// `marketing`, `utility`, `authentication`.
    pub category: Option<String>,
    /// Why it is in this state.
    pub reason: Option<String>,
    /// When the provider last said something of it.
    pub at: DateTime<Utc>,
}

/// Approvals by the template's name and language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Approvals(BTreeMap<String, Approval>);

/// States in which the provider sends nothing. What is not known may be sent: the provider has the last word.
const UNUSABLE: [&str; 9] = [
    "archived",
    "deleted",
    "disabled",
    "in_appeal",
    "limit_exceeded",
    "paused",
    "pending",
    "pending_deletion",
    "rejected",
];

/// Templates that are kept in mind; a provider allows fewer.
const MOST: usize = 10_000;

/// Longest word of a provider that is kept, in characters.
const MAX_CHARS: usize = 512;

/// Reads what a provider reported, if it is about a template.
pub fn reported(event: &OtherEvent) -> Option<TemplateReport> {
    let data = &event.data.0;
    let word = |name: &str| -> Option<String> {
        let text = data.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())?;
        Some(text.chars().take(MAX_CHARS).collect())
    };
    let small = |name: &str| word(name).map(|text| text.to_ascii_lowercase());
    let report = TemplateReport {
        name: word("message_template_name")?,
        language: word("message_template_language")?,
        ..TemplateReport::default()
    };
    let detail = data.pointer("/other_info/description").and_then(Value::as_str);
    let reason = word("reason").filter(|reason| reason != "NONE").map(|reason| reason.to_ascii_lowercase());
    match event.kind.as_str() {
        "message_template_status_update" => Some(TemplateReport {
            state: Some(small("event")?),
            category: small("message_template_category"),
            reason: detail.map(|text| text.chars().take(MAX_CHARS).collect()).or(reason),
            ..report
        }),
        "message_template_quality_update" => {
            Some(TemplateReport { quality: Some(small("new_quality_score")?), ..report })
        }
        "template_category_update" => {
            Some(TemplateReport { category: Some(small("new_category")?), ..report })
        }
        _ => None,
    }
}

impl Approval {
    /// May it be sent?
    pub fn is_usable(&self) -> bool {
        self.state.as_deref().is_none_or(|state| !UNUSABLE.contains(&state))
    }
}

impl Approvals {
    /// What is known of a template; none: nothing.
    pub fn of(&self, name: &str, language: &str) -> Option<&Approval> {
        self.0.get(&key(name, language))
    }

    /// Takes a provider's word.
    pub(super) fn note(&mut self, report: &TemplateReport, at: DateTime<Utc>) {
        let approval = self.0.entry(key(&report.name, &report.language)).or_default();
        approval.at = at;
        if report.state.is_some() {
            approval.state.clone_from(&report.state);
            approval.reason.clone_from(&report.reason);
        }
        for (known, told) in
            [(&mut approval.quality, &report.quality), (&mut approval.category, &report.category)]
        {
            if told.is_some() {
                known.clone_from(told);
            }
        }
        if self.0.len() > MOST {
            let oldest = self.0.iter().min_by_key(|(_, approval)| approval.at).map(|(key, _)| key.clone());
            oldest.map(|key| self.0.remove(&key));
        }
    }
}

/// Providers write `pt_BR` and `pt-BR` for the same language.
fn key(name: &str, language: &str) -> String {
    format!("{name}/{}", language.replace('-', "_").to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(kind: &str, data: Value) -> OtherEvent {
        OtherEvent {
            group: None,
            means: None,
            external_id: "e".to_owned(),
            kind: kind.to_owned(),
            from: None,
            data: data.into(),
        }
    }

    fn status(state: &str, more: Value) -> Option<TemplateReport> {
        let mut data = json!({
            "event": state, "message_template_id": 12_345, "message_template_name": "aviso",
            "message_template_language": "es-MX", "reason": "NONE",
        });
        if let (Some(data), Value::Object(more)) = (data.as_object_mut(), more) {
            data.extend(more);
        }
        reported(&event("message_template_status_update", data))
    }

    #[test]
    fn a_state_stays_until_the_provider_says_another() {
        let mut approvals = Approvals::default();
        let mut usable = |report: Option<TemplateReport>| {
            approvals.note(&report.unwrap_or_default(), DateTime::UNIX_EPOCH);
            approvals.of("aviso", "es_MX").cloned().map(|known| (known.is_usable(), known.reason))
        };
        assert_eq!(usable(status("PENDING", json!({}))), Some((false, None)));
        assert_eq!(usable(status("APPROVED", json!({}))), Some((true, None)));
        let why = json!({"other_info": {"title": "FIRST_PAUSE", "description": "Low quality"}});
        assert_eq!(usable(status("PAUSED", why)), Some((false, Some("Low quality".to_owned()))));
        let worse = json!({
            "previous_quality_score": "GREEN", "new_quality_score": "RED",
            "message_template_name": "aviso", "message_template_language": "es_MX",
        });
        let quality = reported(&event("message_template_quality_update", worse));
        assert_eq!(usable(quality), Some((false, Some("Low quality".to_owned()))), "still paused");
        assert_eq!(usable(status("APPROVED", json!({}))), Some((true, None)));
        for (state, expected) in
            [("FLAGGED", true), ("REINSTATED", true), ("DISABLED", false), ("REJECTED", false), ("NEW", true)]
        {
            assert_eq!(usable(status(state, json!({}))).map(|(usable, _)| usable), Some(expected), "{state}");
        }
        let known = approvals.of("aviso", "es_mx").cloned().unwrap_or_default();
        assert_eq!(known.quality.as_deref(), Some("red"));
        assert_eq!(approvals.of("aviso", "es"), None, "another language is another template");
    }

    #[test]
    fn what_is_not_about_a_template_is_left_alone() {
        assert_eq!(reported(&event("account_update", json!({"event": "APPROVED"}))), None);
        assert_eq!(reported(&event("message_template_status_update", json!({"event": "APPROVED"}))), None);
        assert_eq!(status("", json!({})), None);
        let odd = json!({"event": 1, "message_template_name": ["x"], "message_template_language": null});
        assert_eq!(reported(&event("message_template_status_update", odd)), None);
        let category = json!({
            "message_template_name": "a", "message_template_language": "es", "new_category": "UTILITY",
        });
        let report = reported(&event("template_category_update", category)).unwrap_or_default();
        assert_eq!(report.category.as_deref(), Some("utility"));
    }
}
