//! What Jira is told and asked through its REST API, version 3.
//!
//! The account's `access_token` is an API token of the user whose address is the setting `email` (basic
//! authentication), or an OAuth token without that setting; `base_url` is the site. `account_id` is that user's own id
//! at Atlassian: what this user changes comes back as a webhook and must not be taken for news, so nothing is changed
//! unless `GET /myself` says the same.
//!
//! Neither creating nor commenting takes an idempotency key. An issue carries a label of ours, a comment a property,
//! and both are looked for first. (Jira's search follows within seconds; a second attempt after a crash comes later.)
//!
//! Source: Atlassian, "The Jira Cloud platform REST API": myself, issues, issue comments, issue search, transitions;
//! "Atlassian Document Format".

use crate::{
    account::Account,
    crypto,
    exchange::{Exchange, Turn, again, ask, fault, refused},
    media::Answered,
    outbound::{FormatError, OutboundRequest},
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, Method, header};
use relevo_domain::outbox::IssueTask;
use serde_json::{Value, json};

/// Most characters of a text that Jira takes.
const MAX_TEXT: usize = 32_000;

/// The property of comments that says which of ours they are.
const PROPERTY: &str = "relevo";

/// A task of Jira's, from its first request to its end.
pub struct Work {
    task: IssueTask,
    /// Ours: what is made carries it.
    id: String,
    at: At,
    /// Where the issue stands, and whether that is Jira's category `done`.
    stands: Option<(String, bool)>,
    /// The issue's key.
    key: Option<String>,
}

/// What was asked last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Myself,
    Search,
    Create,
    Issue,
    Comments,
    Comment,
    Transitions,
    Transition,
}

impl Work {
    /// A task; `id` is the same whenever it is begun again.
    pub fn new(task: &IssueTask, id: &str) -> Self {
        let key = match task {
            IssueTask::Open { .. } => None,
            IssueTask::Judged { key, .. } => Some(key.clone()),
        };
        Self { task: task.clone(), id: id.to_owned(), at: At::Myself, stands: None, key }
    }

    /// The issue that there is now.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The status in which the issue stands now, and whether that is finished.
    pub fn stands(&self) -> Option<(&str, bool)> {
        self.stands.as_ref().map(|(status, done)| (status.as_str(), *done))
    }

    fn ask(&mut self, at: At, account: &Account, method: Method, path: String, body: Option<&Value>) -> Turn {
        self.at = at;
        ask(request(account, method, path, body))
    }

    fn known_to_be_ours(&mut self, account: &Account, answer: &Value) -> Turn {
        let own = answer.get("accountId").and_then(Value::as_str);
        match account.setting("account_id") {
            None => return refused(FormatError::Setting("account_id").to_string()),
            Some(said) if own != Some(said.as_str()) => {
                return refused(
                    "`account_id` is not that of the user whose token this is: what we change would come \
                                back as news",
                );
            }
            Some(_) => {}
        }
        match &self.task {
            IssueTask::Open { project, .. } if !is_project(project) => refused("the project's key is none"),
            IssueTask::Open { project, .. } => {
                let jql = format!("project = \"{project}\" AND labels = \"{}\"", self.label());
                let body = json!({"jql": jql, "maxResults": 2, "fields": ["status"]});
                self.ask(At::Search, account, Method::POST, "/rest/api/3/search/jql".to_owned(), Some(&body))
            }
            IssueTask::Judged { .. } => {
                let path = self.of_issue("?fields=status");
                self.ask(At::Issue, account, Method::GET, path, None)
            }
        }
    }

    fn label(&self) -> String {
        format!("relevo-{}", self.id)
    }

    /// A path below the issue. Keys come from people and from Jira; what is no letter, digit or hyphen is left out.
    fn of_issue(&self, rest: &str) -> String {
        let key = self.key.as_deref().unwrap_or_default();
        let key: String =
            key.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
        format!("/rest/api/3/issue/{key}{rest}")
    }

    fn searched(&mut self, account: &Account, answer: &Value) -> Turn {
        let found = answer.get("issues").and_then(Value::as_array).and_then(|found| found.first());
        if let Some(key) = found.and_then(|issue| issue.get("key")).and_then(Value::as_str) {
            self.key = Some(key.to_owned());
            return Turn::Done;
        }
        let IssueTask::Open { project, summary, description } = &self.task else { return Turn::Done };
        let body = json!({"fields": {
            "project": {"key": project},
            "issuetype": {"name": account.setting("issue_type").unwrap_or_else(|| "Task".to_owned())},
            "summary": one_line(&summary.0),
            "description": document(&description.0),
            "labels": [self.label()],
        }});
        self.ask(At::Create, account, Method::POST, "/rest/api/3/issue".to_owned(), Some(&body))
    }

    fn created(&mut self, answered: Answered<'_>, answer: &Value) -> Turn {
        match answer.get("key").and_then(Value::as_str).filter(|key| is_issue(key)) {
            Some(key) => {
                self.key = Some(key.to_owned());
                Turn::Done
            }
            // It may be there: the next attempt looks for it first.
            None => again(answered, "Jira did not say which issue it made"),
        }
    }

    fn stood(&mut self, account: &Account, answer: &Value) -> Turn {
        let Some(stands) = status(answer.pointer("/fields/status")) else {
            return refused("Jira did not say in which status the issue is");
        };
        self.stands = Some(stands);
        let path = self.of_issue("/comment?expand=properties&orderBy=-created&maxResults=100");
        self.ask(At::Comments, account, Method::GET, path, None)
    }

    fn commented(&mut self, account: &Account, answer: &Value) -> Turn {
        let ours = |comment: &Value| {
            let properties = comment.get("properties").and_then(Value::as_array);
            let own = |property: &Value| {
                property.get("key").and_then(Value::as_str) == Some(PROPERTY)
                    && property.pointer("/value/id").and_then(Value::as_str) == Some(self.id.as_str())
            };
            properties.is_some_and(|properties| properties.iter().any(own))
        };
        if answer.get("comments").and_then(Value::as_array).is_some_and(|all| all.iter().any(ours)) {
            return self.move_on(account);
        }
        let IssueTask::Judged { comment, .. } = &self.task else { return Turn::Done };
        let property = json!([{"key": PROPERTY, "value": {"id": self.id}}]);
        let body = json!({"body": document(&comment.0), "properties": property});
        let path = self.of_issue("/comment");
        self.ask(At::Comment, account, Method::POST, path, Some(&body))
    }

    /// Where the issue should stand now; none: where it stands.
    fn move_on(&mut self, account: &Account) -> Turn {
        let (stands, done) = self.stands.clone().unwrap_or_default();
        let arrived = match self.wanted(account) {
            Some(wanted) => same(&wanted, &stands),
            None => self.is_accepted() || !done,
        };
        if arrived {
            return Turn::Done;
        }
        let path = self.of_issue("/transitions");
        self.ask(At::Transitions, account, Method::GET, path, None)
    }

    fn is_accepted(&self) -> bool {
        matches!(self.task, IssueTask::Judged { accepted: true, .. })
    }

    fn wanted(&self, account: &Account) -> Option<String> {
        account.setting(if self.is_accepted() { "accepted_status" } else { "rejected_status" })
    }

    fn chosen(&mut self, account: &Account, answer: &Value) -> Turn {
        let all = answer.get("transitions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let wanted = self.wanted(account);
        let leads = |transition: &&Value| match (status(transition.get("to")), &wanted) {
            (Some((name, _)), Some(wanted)) => same(wanted, &name),
            (Some((_, done)), None) => !done,
            (None, _) => false,
        };
        let found = all.iter().find(leads);
        let Some((id, to)) =
            found.and_then(|found| Some((found.get("id")?.as_str()?.to_owned(), status(found.get("to"))?)))
        else {
            return refused(
                "from its present status Jira does not let this user move the issue to where it should be",
            );
        };
        self.stands = Some(to);
        let path = self.of_issue("/transitions");
        self.ask(At::Transition, account, Method::POST, path, Some(&json!({"transition": {"id": id}})))
    }
}

impl Exchange for Work {
    fn begin(&mut self, account: &Account, _: DateTime<Utc>) -> Turn {
        self.ask(At::Myself, account, Method::GET, "/rest/api/3/myself".to_owned(), None)
    }

    fn next(&mut self, account: &Account, answered: Answered<'_>, _: DateTime<Utc>) -> Turn {
        match answered.status {
            200..=299 => {}
            401 => return refused("Jira does not take the account's token"),
            403 => return refused("Jira does not let this user do that"),
            404 | 410 if self.at == At::Myself => {
                return refused("there is no Jira at the account's `base_url`");
            }
            404 | 410 => return refused("Jira has no such issue, or does not show it to this user"),
            400 if self.at == At::Create => return refused(missing(answered.body)),
            _ => return fault(answered),
        }
        let answer: Value = match answered.body {
            [] => Value::Null,
            body => match serde_json::from_slice(body) {
                Ok(answer) => answer,
                Err(_) => return again(answered, "Jira answered something else than JSON"),
            },
        };
        match self.at {
            At::Myself => self.known_to_be_ours(account, &answer),
            At::Search => self.searched(account, &answer),
            At::Create => self.created(answered, &answer),
            At::Issue => self.stood(account, &answer),
            At::Comments => self.commented(account, &answer),
            At::Comment => self.move_on(account),
            At::Transitions => self.chosen(account, &answer),
            At::Transition => Turn::Done,
        }
    }
}

fn request(
    account: &Account,
    method: Method,
    path: String,
    body: Option<&Value>,
) -> Result<OutboundRequest, FormatError> {
    let token = account.access_token.as_ref().ok_or(FormatError::Setting("access_token"))?.expose();
    let authorisation = match account.setting("email") {
        Some(email) => format!("Basic {}", crypto::to_base64(format!("{email}:{token}").as_bytes())),
        None => format!("Bearer {token}"),
    };
    let mut request = match body {
        Some(body) => OutboundRequest::json(path, body),
        None => OutboundRequest { method: Method::GET, path, headers: HeaderMap::new(), body: Vec::new() },
    };
    request.method = method;
    request.headers.insert(header::ACCEPT, http::HeaderValue::from_static("application/json"));
    request.with_secret(header::AUTHORIZATION, &authorisation, "access_token")
}

/// A status: its name, and whether its category is `done`.
fn status(value: Option<&Value>) -> Option<(String, bool)> {
    let value = value?;
    let done = value.pointer("/statusCategory/key").and_then(Value::as_str) == Some("done");
    Some((value.get("name")?.as_str()?.to_owned(), done))
}

fn same(wanted: &str, name: &str) -> bool {
    wanted.to_lowercase() == name.to_lowercase()
}

/// Could this be a project's key? Letters, digits, underscores.
pub fn is_project(key: &str) -> bool {
    !key.is_empty() && key.len() <= 50 && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn is_issue(key: &str) -> bool {
    key.rsplit_once('-').is_some_and(|(project, number)| {
        is_project(project) && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
    })
}

/// A paragraph for each line.
fn document(text: &str) -> Value {
    let text: String = text.chars().take(MAX_TEXT).collect();
    let paragraph = |line: &str| match line.trim() {
        "" => json!({"type": "paragraph", "content": []}),
        _ => json!({"type": "paragraph", "content": [{"type": "text", "text": line}]}),
    };
    json!({"type": "doc", "version": 1, "content": text.lines().map(paragraph).collect::<Vec<_>>()})
}

/// A summary has one line and at most 255 characters.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(255).collect()
}

/// Which fields Jira does not take; its words may repeat their values.
fn missing(body: &[u8]) -> String {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let fields = answer.get("errors").and_then(Value::as_object);
    let names: Vec<&str> = fields.into_iter().flat_map(|fields| fields.keys()).map(String::as_str).collect();
    match names.is_empty() {
        true => "Jira does not take the issue: HTTP 400".to_owned(),
        false => format!("Jira does not take the issue's {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests;
