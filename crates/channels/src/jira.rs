//! Jira Cloud webhooks: what happens to linked issues.
//!
//! Signature: `X-Hub-Signature: sha256=<hex HMAC-SHA256(secret, raw body)>`. A repeat (there are five) is known by
//! `X-Atlassian-Webhook-Identifier`. Nothing here is a customer's message: each is an event of its kind
//! (`jira:issue_updated`, `comment_created` …) with the issue's key, status and what changed.
//!
//! Source: Atlassian, "Jira Cloud platform: webhooks".

use crate::{
    account::Account,
    crypto, json,
    parsed::{Answer, Malformed, Parsed},
    request::{Refusal, Unverified, Verified},
};
use chrono::{DateTime, Utc};
use relevo_domain::{
    Private,
    conversation::{Issue, IssueReport},
    message::{Inbound, OtherEvent},
};
use serde_json::Value;

/// There is no handshake.
pub(crate) fn handshake(_: &Unverified, _: &Account) -> Option<Answer> {
    None
}

/// Checks the signature.
pub fn verify(request: Unverified, account: &Account, now: DateTime<Utc>) -> Result<Verified, Refusal> {
    let header =
        request.header("x-hub-signature").filter(|value| !value.is_empty()).ok_or(Refusal::Missing)?;
    let signature = crypto::from_hex(header.strip_prefix("sha256=").ok_or(Refusal::Unreadable)?)?;
    crypto::any_secret(&account.secrets, &signature, |key| crypto::hmac_sha256(key, &[&request.body]))?;
    Ok(request.verified(now))
}

/// Reads the one event.
pub fn parse(request: &Verified, _: &Account) -> Result<Parsed, Malformed> {
    let body = json::body_object(request.body())?;
    let kind = json::text(&body, "webhookEvent");
    let kind = kind.ok_or_else(|| Malformed::at("/webhookEvent", "not a string"))?.to_owned();
    let id = request.request().header("x-atlassian-webhook-identifier").filter(|id| !id.is_empty());
    let external_id = id.map_or_else(|| crypto::fingerprint(request.body()), str::to_owned);
    let data = Private(Value::Object(body));
    Ok(vec![Inbound::Other(OtherEvent { external_id, kind, from: None, data })].into())
}

/// The issue whose status an event says has changed. Finished is what Jira has in its category `done`, whatever the project
/// calls it. An issue that was changed otherwise says nothing: what was rejected does not come back for a comment.
pub fn issue_report(event: &OtherEvent) -> Option<IssueReport> {
    if event.kind != "jira:issue_updated" {
        return None;
    }
    let data = &event.data.0;
    let changed = data.pointer("/changelog/items")?.as_array()?;
    changed.iter().find(|item| item.get("field").and_then(Value::as_str) == Some("status"))?;
    let text = |pointer: &str| data.pointer(pointer).and_then(Value::as_str);
    let status = text("/issue/fields/status/name")?.to_owned();
    let done = text("/issue/fields/status/statusCategory/key") == Some("done");
    let issue = Issue { system: "jira".to_owned(), key: text("/issue/key")?.to_owned() };
    Some(IssueReport { issue, status, done })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn report(kind: &str, field: &str, category: &str) -> Option<IssueReport> {
        let data = json!({
            "issue": {"key": "CAMP-7", "fields": {"status": {"name": "Hecho", "statusCategory": {"key": category}}}},
            "changelog": {"items": [{"field": "labels"}, {"field": field}]}
        });
        issue_report(&OtherEvent {
            external_id: "1".into(),
            kind: kind.into(),
            from: None,
            data: Private(data),
        })
    }

    #[test]
    fn a_change_of_status_is_a_report_and_nothing_else_is() {
        let found = report("jira:issue_updated", "status", "done").unwrap();
        assert_eq!((found.issue.key.as_str(), found.status.as_str(), found.done), ("CAMP-7", "Hecho", true));
        assert!(!report("jira:issue_updated", "status", "indeterminate").unwrap().done);
        assert_eq!(report("jira:issue_updated", "assignee", "done"), None);
        assert_eq!(report("comment_created", "status", "done"), None);
        let empty = OtherEvent {
            external_id: "1".into(),
            kind: "jira:issue_updated".into(),
            from: None,
            data: Private(json!([])),
        };
        assert_eq!(issue_report(&empty), None);
    }
}
