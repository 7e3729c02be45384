//! Jira Cloud webhooks: what happens to linked issues.
//!
//! Signature: `X-Hub-Signature: sha256=<hex HMAC-SHA256(secret, raw body)>`. A repeat (there are five) is known by
//! `X-Atlassian-Webhook-Identifier`. Nothing here is a customer's message: each is an event of its kind
//! (`jira:issue_updated`, `comment_created` …) with the issue's key, status and what changed.
//!
//! Settings: `account_id` (the user as whom Jira is told things: what that user changes is no news here) and those of
//! [`Work`], by which Jira is told and asked.
//!
//! Source: Atlassian, "Jira Cloud platform: webhooks".

mod tell;

pub use tell::{Work, is_project};

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
use serde_json::{Map, Value};

/// The project that issues of a team's tickets are made in: by the setting `projects`, else `project`.
pub fn project(settings: &Map<String, Value>, team: Option<&str>) -> Option<String> {
    let of_team = team.and_then(|team| settings.get("projects")?.get(team));
    of_team.or_else(|| settings.get("project"))?.as_str().map(str::to_owned)
}

/// Can this account tell Jira anything? And is the issue one of its projects', as far as it names any?
pub fn speaks_for(settings: &Map<String, Value>, key: Option<&str>) -> bool {
    let filled =
        |name: &str| settings.get(name).and_then(Value::as_str).is_some_and(|value| !value.is_empty());
    let projects = settings.get("projects").and_then(Value::as_object);
    let named: Vec<&str> = projects
        .into_iter()
        .flat_map(Map::values)
        .chain(settings.get("project"))
        .filter_map(Value::as_str)
        .collect();
    let of_project = |key: &str| {
        let project = key.rsplit_once('-').map_or(key, |(project, _)| project);
        named.is_empty() || named.contains(&project)
    };
    filled("account_id") && key.is_none_or(of_project)
}

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
    let header = request.request().header("x-atlassian-webhook-identifier").filter(|id| !id.is_empty());
    let external_id = signed_id(&kind, &body)
        .or_else(|| header.map(str::to_owned))
        .unwrap_or_else(|| crypto::fingerprint(request.body()));
    let data = Private(Value::Object(body));
    Ok(vec![Inbound::Other(OtherEvent { group: None, means: None, external_id, kind, from: None, data })]
        .into())
}

/// By what a repeat is known that nobody can alter: the header that is meant for it is not signed.
fn signed_id(kind: &str, body: &Map<String, Value>) -> Option<String> {
    let at = json::id(body, "timestamp")?;
    let part = |name| json::child(body, name).and_then(|part| json::id(part, "id"));
    let parts = ["issue", "changelog", "comment"].map(|name| part(name).unwrap_or_default());
    Some(format!("{at}:{kind}:{}", parts.join(":")))
}

/// The issue whose status an event says has changed. Finished is what Jira has in its category `done`, whatever the project
/// calls it. An issue that was changed otherwise says nothing: what was rejected does not come back for a comment. Nor does
/// what the account itself changed: a ticket that was accepted would return to be validated again.
pub fn issue_report(settings: &Map<String, Value>, event: &OtherEvent) -> Option<IssueReport> {
    if event.kind != "jira:issue_updated" {
        return None;
    }
    let data = &event.data.0;
    let changed = data.pointer("/changelog/items")?.as_array()?;
    changed.iter().find(|item| item.get("field").and_then(Value::as_str) == Some("status"))?;
    let own = settings.get("account_id").and_then(Value::as_str).filter(|own| !own.is_empty());
    if own.is_some() && data.pointer("/user/accountId").and_then(Value::as_str) == own {
        return None;
    }
    let text = |pointer: &str| data.pointer(pointer).and_then(Value::as_str);
    let status = text("/issue/fields/status/name")?.to_owned();
    let done = text("/issue/fields/status/statusCategory/key") == Some("done");
    let issue = Issue { system: "jira".to_owned(), key: text("/issue/key")?.to_owned() };
    let at = data.get("timestamp").and_then(json::unix_millis);
    Some(IssueReport { issue, status, done, at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(kind: &str, data: Value) -> OtherEvent {
        OtherEvent {
            group: None,
            means: None,
            external_id: "1".into(),
            kind: kind.into(),
            from: None,
            data: Private(data),
        }
    }

    fn changed(field: &str, category: &str) -> Value {
        json!({
            "user": {"accountId": "557058:u1", "displayName": "Dev"},
            "issue": {"key": "CAMP-7", "fields": {"status": {"name": "Hecho", "statusCategory": {"key": category}}}},
            "changelog": {"items": [{"field": "labels"}, {"field": field}]}
        })
    }

    fn report(kind: &str, field: &str, category: &str) -> Option<IssueReport> {
        issue_report(&Map::new(), &event(kind, changed(field, category)))
    }

    #[test]
    fn what_the_account_itself_changed_is_no_news() {
        let by = |own: Value| {
            let settings = Map::from_iter([("account_id".to_owned(), own)]);
            issue_report(&settings, &event("jira:issue_updated", changed("status", "done"))).is_some()
        };
        assert!(!by(json!("557058:u1")));
        assert!(by(json!("557058:u2")));
        assert!(by(json!("")), "no user has this id");
        let mut nobody = changed("status", "done");
        nobody["user"] = json!(null);
        let settings = Map::from_iter([("account_id".to_owned(), json!("557058:u1"))]);
        assert!(issue_report(&settings, &event("jira:issue_updated", nobody)).is_some());
    }

    #[test]
    fn an_account_speaks_for_its_projects_and_a_team_has_its_own() {
        let settings = json!({"account_id": "u1", "project": "SUP", "projects": {"desarrollo": "DEV"}});
        let settings = settings.as_object().cloned().unwrap();
        assert_eq!(project(&settings, Some("desarrollo")).as_deref(), Some("DEV"));
        assert_eq!(project(&settings, Some("ventas")).as_deref(), Some("SUP"));
        assert_eq!(project(&Map::new(), None), None);
        assert!(speaks_for(&settings, Some("DEV-1")) && speaks_for(&settings, Some("SUP-22")));
        assert!(!speaks_for(&settings, Some("OPS-1")));
        assert!(!speaks_for(&Map::new(), Some("SUP-1")), "it has no `account_id`");
        let bare = Map::from_iter([("account_id".to_owned(), json!("u1"))]);
        assert!(speaks_for(&bare, Some("OPS-1")));
    }

    #[test]
    fn a_change_of_status_is_a_report_and_nothing_else_is() {
        let found = report("jira:issue_updated", "status", "done").unwrap();
        assert_eq!((found.issue.key.as_str(), found.status.as_str(), found.done), ("CAMP-7", "Hecho", true));
        assert!(!report("jira:issue_updated", "status", "indeterminate").unwrap().done);
        assert_eq!(report("jira:issue_updated", "assignee", "done"), None);
        assert_eq!(report("comment_created", "status", "done"), None);
        assert_eq!(issue_report(&Map::new(), &event("jira:issue_updated", json!([]))), None);
    }
}
