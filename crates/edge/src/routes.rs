//! Every route of the application on one page: which component answers it and who may call it.
//!
//! Components dispatch by this table, the OpenAPI document is made from it, and so is the test that every route
//! refuses every caller that it does not name.

use crate::app::DeskContext;
use crate::auth::{Caller, Operator, authenticate, schedule};
use crate::http::Incoming;
use crate::limits::{self, Spender};
use crate::openapi::{operations, parameters};
use crate::partitions;
use crate::presence;
use crate::problem::Problem;
use http::StatusCode;
use relevo_domain::pack::Role;
use relevo_journal::store::Store;

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Whoever signs with the account's secret.
    Webhook,
    /// The schedule, with its token; also calls between components.
    Schedule,
    /// A token of the desk with at least this role.
    Role(Role),
}

/// A route.
#[derive(Debug)]
pub struct Route {
    /// Operation name, as in the OpenAPI document.
    pub name: &'static str,
    /// Component that answers.
    pub component: &'static str,
    /// Method.
    pub method: &'static str,
    /// Path; `{name}` stands for one segment.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// What it does.
    pub summary: &'static str,
}

const fn route(
    name: &'static str,
    component: &'static str,
    method: &'static str,
    path: &'static str,
    access: Access,
    summary: &'static str,
) -> Route {
    Route { name, component, method, path, access, summary }
}

const ADMIN: Access = Access::Role(Role::Admin);
const AGENT: Access = Access::Role(Role::Agent);
const LEAD: Access = Access::Role(Role::Lead);
const MANAGER: Access = Access::Role(Role::Manager);
const SERVICE: Access = Access::Role(Role::Service);

/// All routes, by path.
#[rustfmt::skip] // one line each: this is a table
pub static ROUTES: &[Route] = &[
    route("openapi", "desk", "GET", "/api/openapi.json", Access::Public, "This document"),
    route("approvals.list", "desk", "GET", "/api/{desk}/approvals", LEAD, "Replies of trainees that wait for somebody to look at them, oldest first"),
    route("audits.list", "desk", "GET", "/api/{desk}/audits", AGENT, "Answers to be audited, and those that were: a lead of all, others of their own"),
    route("audits.read", "desk", "GET", "/api/{desk}/audits/{audit}", AGENT, "An audit with its scores and what was said about them; a lead of all, others of their own answers"),
    route("audits.score", "desk", "POST", "/api/{desk}/audits/{audit}", LEAD, "Score an answer by the pack's sheet"),
    route("audits.dispute", "desk", "POST", "/api/{desk}/audits/{audit}/dispute", AGENT, "Disagree with the audit of one's own answer"),
    route("audits.resolve", "desk", "POST", "/api/{desk}/audits/{audit}/resolution", MANAGER, "Decide about a disputed audit"),
    route("articles.list", "knowledge", "GET", "/api/{desk}/articles", AGENT, "Articles: newest first, what a search finds best first, or what is to be looked at again"),
    route("articles.create", "knowledge", "POST", "/api/{desk}/articles", AGENT, "Propose an article"),
    route("articles.import", "knowledge", "POST", "/api/{desk}/articles/import", LEAD, "Take over a folder of Markdown files, with a result for each"),
    route("articles.missing", "knowledge", "GET", "/api/{desk}/articles/missing", AGENT, "What was looked for and not found, most often first"),
    route("articles.read", "knowledge", "GET", "/api/{desk}/articles/{article}", AGENT, "An article in all its languages, as Markdown and HTML"),
    route("articles.update", "knowledge", "PUT", "/api/{desk}/articles/{article}", AGENT, "Propose what an article should say; a lead also changes what else is known about it. With If-Match only if it is still at that revision"),
    route("articles.archive", "knowledge", "POST", "/api/{desk}/articles/{article}/archive", LEAD, "Take an article out of use, or into it again; with If-Match only if it is still at that revision"),
    route("articles.publish", "knowledge", "POST", "/api/{desk}/articles/{article}/publish", LEAD, "Publish the draft, or go back to an earlier version; with If-Match only if the article is still at that revision"),
    route("articles.versions", "knowledge", "GET", "/api/{desk}/articles/{article}/versions", AGENT, "Everything that was done to an article, newest first"),
    route("audit.anchors", "desk", "GET", "/api/{desk}/audit/anchors", ADMIN, "Anchors of the history, a line each, oldest first: keep them outside"),
    route("automations.list", "desk", "GET", "/api/{desk}/automations", LEAD, "What follows by itself when something happens or a time is over: in which order, how often it applied, when last"),
    route("automations.simulate", "sla", "POST", "/api/{desk}/automations/simulate", LEAD, "What other automations would have done on the tickets of the last days; as NDJSON with its progress"),
    route("bulk.read", "desk", "GET", "/api/{desk}/bulk/{bulk}", SERVICE, "How far a bulk action is, with a result per ticket"),
    route("channels.secrets.set", "desk", "PUT", "/api/{desk}/channels/{channel}/{account}/secrets", ADMIN, "Set the secrets of a channel account; they are never shown again"),
    route("contacts.list", "desk", "GET", "/api/{desk}/contacts", AGENT, "Contacts, newest first"),
    route("contacts.read", "desk", "GET", "/api/{desk}/contacts/{contact}", AGENT, "A contact and its tickets"),
    route("contacts.erase", "desk", "POST", "/api/{desk}/contacts/{contact}/erasure", MANAGER, "Erase a contact's personal data for good; figures stay"),
    route("contacts.export", "desk", "GET", "/api/{desk}/contacts/{contact}/export", MANAGER, "Everything that is stored of a contact, as JSON or as a page"),
    route("contacts.hold", "desk", "POST", "/api/{desk}/contacts/{contact}/hold", MANAGER, "Have a contact's data kept, or no longer"),
    route("contacts.surveys", "desk", "POST", "/api/{desk}/contacts/{contact}/surveys", AGENT, "Whether a contact wants to be asked how it went"),
    route("directory.accounts.list", "desk", "GET", "/api/{desk}/directory/accounts", AGENT, "Accounts that the directory knows, in the order in which they came"),
    route("directory.accounts.read", "desk", "GET", "/api/{desk}/directory/accounts/{customer}", AGENT, "What the directory knows of an account"),
    route("directory.accounts.set", "desk", "PUT", "/api/{desk}/directory/accounts/{customer}", LEAD, "Say what is known of an account: new tickets are filled from it"),
    route("directory.accounts.remove", "desk", "DELETE", "/api/{desk}/directory/accounts/{customer}", LEAD, "Take an account out of the directory"),
    route("directory.people.find", "desk", "GET", "/api/{desk}/directory/people", AGENT, "What the directory knows of whoever has an address"),
    route("directory.people.set", "desk", "PUT", "/api/{desk}/directory/people", LEAD, "Say what is known of a person, at each of their addresses"),
    route("directory.people.remove", "desk", "DELETE", "/api/{desk}/directory/people/{contact}", LEAD, "Take a person out of the directory"),
    route("directory.import", "desk", "POST", "/api/{desk}/directory/import", LEAD, "Set up to 5 000 accounts or people from a table (text/csv) or a list; ?dry_run=true only says what would happen"),
    route("erasures.list", "desk", "GET", "/api/{desk}/erasures", ADMIN, "The ledger of erasures, to be kept apart from backups"),
    route("erasures.replay", "desk", "POST", "/api/{desk}/erasures", ADMIN, "Replay an exported ledger on a restored backup"),
    route("contacts.merge", "desk", "POST", "/api/{desk}/contacts/merge", LEAD, "Read two contacts as one person"),
    route("contacts.unmerge", "desk", "POST", "/api/{desk}/contacts/unmerge", LEAD, "Take a contact out of the person that it was merged into"),
    route("files.put", "desk", "POST", "/api/{desk}/files", SERVICE, "Put a file into the store; the body is the file"),
    route("files.read", "desk", "GET", "/api/{desk}/files/{file}", Access::Public, "A file, for whoever has its signed link"),
    route("macros.list", "desk", "GET", "/api/{desk}/macros", SERVICE, "What can be done to a ticket with one call, and what each asks for"),
    route("me", "desk", "GET", "/api/{desk}/me", SERVICE, "Who the token belongs to"),
    route("me.mentions", "desk", "GET", "/api/{desk}/me/mentions", AGENT, "Notes that mention the caller or one of their teams, newest first"),
    route("me.mentions.seen", "desk", "POST", "/api/{desk}/me/mentions", AGENT, "Mark mentions as seen"),
    route("outbox.list", "desk", "GET", "/api/{desk}/outbox", LEAD, "Deliveries of the last 30 days, newest first"),
    route("outbox.read", "desk", "GET", "/api/{desk}/outbox/{entry}", LEAD, "A delivery"),
    route("outbox.retry", "desk", "POST", "/api/{desk}/outbox/{entry}/retry", LEAD, "Have a dead letter tried again"),
    route("pack.read", "desk", "GET", "/api/{desk}/pack", LEAD, "The published pack and its version"),
    route("pack.publish", "desk", "PUT", "/api/{desk}/pack", ADMIN, "Validate and publish a whole pack; with ?dry_run=true only validate and show the difference"),
    route("people.list", "desk", "GET", "/api/{desk}/people", AGENT, "Who works at the desk, who is there, and who takes over for whom"),
    route("people.absence.set", "desk", "POST", "/api/{desk}/people/{person}/absences", AGENT, "Set an absence, and who takes over rights and work; one's own, or a lead for others"),
    route("people.absence.end", "desk", "DELETE", "/api/{desk}/people/{person}/absences/{absence}", AGENT, "End an absence, or call it off"),
    route("people.presence", "desk", "POST", "/api/{desk}/people/{person}/presence", AGENT, "Take work, or none for now"),
    route("periods.list", "sla", "GET", "/api/{desk}/periods", AGENT, "Critical periods, and which is on"),
    route("playbooks.list", "playbooks", "GET", "/api/{desk}/playbooks", AGENT, "Decision trees that the caller may run"),
    route("playbooks.read", "playbooks", "GET", "/api/{desk}/playbooks/{playbook}", AGENT, "A decision tree as it is published"),
    route("runs.list", "playbooks", "GET", "/api/{desk}/playbooks/{playbook}/runs", AGENT, "Runs of the last days, newest first"),
    route("runs.begin", "playbooks", "POST", "/api/{desk}/playbooks/{playbook}/runs", AGENT, "Begin a run, on a ticket or without one"),
    route("runs.read", "playbooks", "GET", "/api/{desk}/playbooks/{playbook}/runs/{run}", AGENT, "A run: where it is, the way that it took, what was gathered"),
    route("runs.answer", "playbooks", "POST", "/api/{desk}/playbooks/{playbook}/runs/{run}/answers", AGENT, "Answer the node that a run is at; an outcome ends it"),
    route("runs.back", "playbooks", "POST", "/api/{desk}/playbooks/{playbook}/runs/{run}/back", AGENT, "Go back to the node before"),
    route("playbooks.statistics", "playbooks", "GET", "/api/{desk}/playbooks/{playbook}/statistics", LEAD, "Figures of each node: reached, left, how long, which answers, which ends"),
    route("problems.list", "desk", "GET", "/api/{desk}/problems", LEAD, "Items that could not be understood, kept for a look"),
    route("problems.retry", "desk", "POST", "/api/{desk}/problems/{problem}/retry", LEAD, "Read the request that an item came in once more"),
    route("reports.read", "reports", "GET", "/api/{desk}/reports/{report}", LEAD, "Figures with numerator, denominator and definition"),
    route("shifts.list", "sla", "GET", "/api/{desk}/shifts", AGENT, "Who is on shift, until when, and who stands in for whom"),
    route("sla.apply", "sla", "POST", "/api/{desk}/sla/apply", LEAD, "Bring open tickets under the published policies and calendars where they differ, and say what changed"),
    route("sla.preview", "sla", "POST", "/api/{desk}/sla/preview", SERVICE, "What would be due when"),
    route("sla.simulate", "sla", "POST", "/api/{desk}/sla/simulate", LEAD, "What other policies or calendars would have made of the past; as NDJSON with its progress"),
    route("subscribers.list", "desk", "GET", "/api/{desk}/subscribers", ADMIN, "Who gets events"),
    route("subscribers.create", "desk", "POST", "/api/{desk}/subscribers", ADMIN, "Add a subscriber; the signing secret is in the answer, once"),
    route("subscribers.delete", "desk", "DELETE", "/api/{desk}/subscribers/{subscriber}", ADMIN, "Remove a subscriber"),
    route("surveys.list", "reports", "GET", "/api/{desk}/surveys", LEAD, "Surveys issued between two days, with their answers"),
    route("surveys.review", "csat", "POST", "/api/{desk}/surveys/{survey}/review", LEAD, "Leave an answer out of the figures, or take it in again, with a reason"),
    route("templates.list", "templates", "GET", "/api/{desk}/templates", SERVICE, "Published templates; ?shortcut= finds the one that an agent typed"),
    route("templates.preview", "templates", "POST", "/api/{desk}/templates/preview", SERVICE, "Render a source that is not published"),
    route("templates.read", "templates", "GET", "/api/{desk}/templates/{template}", AGENT, "A template as it is published, and its draft"),
    route("templates.draft", "templates", "POST", "/api/{desk}/templates/{template}/drafts", LEAD, "Save a draft; it is checked and goes out to nobody"),
    route("templates.draft.discard", "templates", "DELETE", "/api/{desk}/templates/{template}/drafts", LEAD, "Throw the draft away"),
    route("templates.preview_all", "templates", "POST", "/api/{desk}/templates/{template}/preview", SERVICE, "In all its languages side by side, with examples or a ticket's data"),
    route("templates.publish", "templates", "POST", "/api/{desk}/templates/{template}/publish", MANAGER, "Publish the draft, or go back to an earlier version"),
    route("templates.render", "templates", "POST", "/api/{desk}/templates/{template}/render", SERVICE, "Render a published template"),
    route("templates.test", "templates", "POST", "/api/{desk}/templates/{template}/test", AGENT, "Send it to oneself"),
    route("templates.versions", "templates", "GET", "/api/{desk}/templates/{template}/versions", AGENT, "When the template became another, and who changed what"),
    route("tickets.list", "desk", "GET", "/api/{desk}/tickets", SERVICE, "A work list: filters, orders, or a saved view"),
    route("tickets.bulk", "desk", "POST", "/api/{desk}/tickets/bulk", SERVICE, "Do the same to up to 1 000 tickets; a few at once, the rest by the tick"),
    route("tickets.counts", "desk", "GET", "/api/{desk}/tickets/counts", SERVICE, "How many live tickets fit, in all and by status, queue, team, assignee and priority"),
    route("tickets.create", "desk", "POST", "/api/{desk}/tickets", SERVICE, "Open a ticket"),
    route("tickets.read", "desk", "GET", "/api/{desk}/tickets/{ticket}", SERVICE, "A ticket with its messages; ?as_of= shows what was known then"),
    route("tickets.articles.link", "knowledge", "POST", "/api/{desk}/tickets/{ticket}/articles", AGENT, "Link an article that helped, or note that there was none"),
    route("tickets.articles.unlink", "knowledge", "DELETE", "/api/{desk}/tickets/{ticket}/articles/{article}", AGENT, "An article did not help after all"),
    route("tickets.assign", "desk", "POST", "/api/{desk}/tickets/{ticket}/assignment", SERVICE, "Assign to a person, a team or nobody"),
    route("tickets.suggestions", "knowledge", "GET", "/api/{desk}/tickets/{ticket}/suggestions", AGENT, "Articles that say what the customer says, then canned answers, and by which words"),
    route("tickets.draft.read", "desk", "GET", "/api/{desk}/tickets/{ticket}/draft", AGENT, "What the caller has begun to write, and who else is writing"),
    route("tickets.draft.save", "desk", "PUT", "/api/{desk}/tickets/{ticket}/draft", AGENT, "Keep what the caller has written so far; others see that they are at it"),
    route("tickets.draft.discard", "desk", "DELETE", "/api/{desk}/tickets/{ticket}/draft", AGENT, "Throw the caller's draft away"),
    route("tickets.escalate", "desk", "POST", "/api/{desk}/tickets/{ticket}/escalation", SERVICE, "Hand to another team"),
    route("tickets.fields", "desk", "POST", "/api/{desk}/tickets/{ticket}/fields", SERVICE, "Set custom fields; null removes one. Where the desk declares fields, what they do not hold and what the role may not change is refused"),
    route("tickets.history", "desk", "GET", "/api/{desk}/tickets/{ticket}/history", SERVICE, "Everything that was done or said"),
    route("tickets.follow_up", "desk", "POST", "/api/{desk}/tickets/{ticket}/follow-up", SERVICE, "Open a ticket that follows up a closed one"),
    route("tickets.snooze", "desk", "POST", "/api/{desk}/tickets/{ticket}/snooze", SERVICE, "Out of sight until then or until the customer writes; clocks go on"),
    route("tickets.issues", "desk", "POST", "/api/{desk}/tickets/{ticket}/issues", SERVICE, "Have it wait for an issue in another system, or no longer"),
    route("tickets.validate", "desk", "POST", "/api/{desk}/tickets/{ticket}/validation", SERVICE, "Accept what another team or system finished, or send it back"),
    route("tickets.macro", "desk", "POST", "/api/{desk}/tickets/{ticket}/macro", SERVICE, "Apply a macro: all that it does, or nothing"),
    route("tickets.merge", "desk", "POST", "/api/{desk}/tickets/{ticket}/merge", SERVICE, "Merge it into another ticket, which goes on for both"),
    route("tickets.unmerge", "desk", "DELETE", "/api/{desk}/tickets/{ticket}/merge", SERVICE, "Take it out of the ticket that it was merged into"),
    route("tickets.note", "desk", "POST", "/api/{desk}/tickets/{ticket}/notes", SERVICE, "Add an internal note"),
    route("tickets.priority", "desk", "POST", "/api/{desk}/tickets/{ticket}/priority", SERVICE, "Change the priority, and with it the policy"),
    route("tickets.reply", "desk", "POST", "/api/{desk}/tickets/{ticket}/replies", SERVICE, "Answer the customer"),
    route("tickets.reply.cancel", "desk", "DELETE", "/api/{desk}/tickets/{ticket}/replies/{message}", SERVICE, "Take back a reply that waits before it goes out"),
    route("tickets.reply.approve", "desk", "POST", "/api/{desk}/tickets/{ticket}/replies/{message}/approval", LEAD, "Approve a trainee's reply, as it is or with another text, or reject it"),
    route("tickets.reply.release", "desk", "POST", "/api/{desk}/tickets/{ticket}/replies/{message}/release", SERVICE, "Send a reply that waits now"),
    route("tickets.children", "desk", "GET", "/api/{desk}/tickets/{ticket}/children", SERVICE, "Tickets that report it, with their states and how many are open"),
    route("tickets.parent.link", "desk", "POST", "/api/{desk}/tickets/{ticket}/parent", SERVICE, "Make it a report of another ticket, its parent"),
    route("tickets.parent.unlink", "desk", "DELETE", "/api/{desk}/tickets/{ticket}/parent", SERVICE, "Make it no report of its parent any more"),
    route("tickets.split", "desk", "POST", "/api/{desk}/tickets/{ticket}/split", SERVICE, "Make some of its messages a ticket of their own"),
    route("tickets.sla", "sla", "GET", "/api/{desk}/tickets/{ticket}/sla", SERVICE, "Targets and their event log"),
    route("tickets.sla.excuse", "sla", "POST", "/api/{desk}/tickets/{ticket}/sla/excuse", LEAD, "Excuse a breach; figures are given with and without it"),
    route("tickets.status", "desk", "POST", "/api/{desk}/tickets/{ticket}/status", SERVICE, "Change the status"),
    route("tickets.tags", "desk", "POST", "/api/{desk}/tickets/{ticket}/tags", SERVICE, "Add and remove tags"),
    route("tokens.list", "desk", "GET", "/api/{desk}/tokens", ADMIN, "Tokens, without their secrets"),
    route("tokens.issue", "desk", "POST", "/api/{desk}/tokens", ADMIN, "Issue a token; it is in the answer, once"),
    route("tokens.revoke", "desk", "DELETE", "/api/{desk}/tokens/{token}", ADMIN, "Revoke a token at once; one that was issued in its place stays valid"),
    route("tokens.rotate", "desk", "POST", "/api/{desk}/tokens/{token}/rotation", ADMIN, "Issue a token in place of another, which stays valid for a while"),
    route("views.list", "desk", "GET", "/api/{desk}/views", AGENT, "Saved views, one's own and those of all; with ?counts=true how many live tickets are in each"),
    route("views.create", "desk", "POST", "/api/{desk}/views", AGENT, "Save a view; those of all are a lead's"),
    route("views.read", "desk", "GET", "/api/{desk}/views/{view}", AGENT, "A saved view that the caller may see"),
    route("views.update", "desk", "PUT", "/api/{desk}/views/{view}", AGENT, "Put another view in the place of one, as a whole; with If-Match only if it is still at that revision"),
    route("views.delete", "desk", "DELETE", "/api/{desk}/views/{view}", AGENT, "Remove a view; with If-Match only if it is still at that revision"),
    route("webhooks.handshake", "inbound", "GET", "/hooks/{desk}/{channel}/{account}", Access::Webhook, "A provider's handshake"),
    route("webhooks.receive", "inbound", "POST", "/hooks/{desk}/{channel}/{account}", Access::Webhook, "A provider's events"),
    route("health.read", "projector", "GET", "/internal/health", Access::Schedule, "Whether it is ready, and what is wrong"),
    route("metrics.read", "projector", "GET", "/internal/metrics", Access::Schedule, "Figures for those who run it, as OpenMetrics"),
    route("webhooks.again", "inbound", "POST", "/internal/again", Access::Schedule, "Read a kept request once more; reachable from inside only"),
    route("webhooks.item", "inbound", "POST", "/internal/item", Access::Schedule, "Take an item that was read back from its provider; reachable from inside only"),
    route("bulk.work", "desk", "POST", "/internal/bulk", Access::Schedule, "Go on with some bulk actions; reachable from inside only"),
    route("delivery.send", "delivery", "POST", "/internal/send", Access::Schedule, "Send outbox entries now; reachable from inside only"),
    route("feed.follow", "projector", "POST", "/internal/follow", Access::Schedule, "Bring a desk's lists up to date now; reachable from inside only"),
    route("words.follow", "projector", "POST", "/internal/words", Access::Schedule, "Bring a desk's index of words up to date now; reachable from inside only"),
    route("calendars.opens", "sla", "POST", "/internal/next-open", Access::Schedule, "When a calendar opens next; reachable from inside only"),
    route("calendars.check", "sla", "POST", "/internal/validate-calendars", Access::Schedule, "Check a pack's calendars; reachable from inside only"),
    route("notices.record", "sla", "POST", "/internal/notices", Access::Schedule, "Record the notices of some tickets; reachable from inside only"),
    route("templates.compile", "templates", "POST", "/internal/validate", Access::Schedule, "Check a pack's templates; reachable from inside only"),
    route("templates.compose", "templates", "POST", "/internal/render", Access::Schedule, "Render for another component; reachable from inside only"),
    route("surveys.decide", "csat", "POST", "/internal/decide", Access::Schedule, "Decide surveys now; reachable from inside only"),
    route("tick.anchors", "projector", "POST", "/internal/tick/anchors", Access::Schedule, "Make anchors of the history; ?now=true does not wait for the five minutes between two"),
    route("tick.delivery", "delivery", "POST", "/internal/tick/delivery", Access::Schedule, "Send what is due"),
    route("tick.projections", "projector", "POST", "/internal/tick/projections", Access::Schedule, "Follow the feeds"),
    route("tick.sla", "sla", "POST", "/internal/tick/sla", Access::Schedule, "Warn and record breaches that are due"),
    route("tick.surveys", "csat", "POST", "/internal/tick/surveys", Access::Schedule, "Send surveys that are due"),
    route("survey.page", "csat", "GET", "/s/{token}", Access::Public, "The survey page; records nothing"),
    route("survey.answer", "csat", "POST", "/s/{token}", Access::Public, "A vote"),
];

/// A route that was found, and what its path's `{…}` stand for.
pub struct Matched<'a> {
    /// The route.
    pub route: &'static Route,
    /// The parts, in order.
    pub parts: Vec<&'a str>,
}

impl Matched<'_> {
    /// One of the parts; empty if there is none, which no route has.
    pub fn part(&self, index: usize) -> &str {
        self.parts.get(index).copied().unwrap_or_default()
    }
}

/// A call of a desk's route by somebody who was admitted.
pub struct Call<'a> {
    /// The desk.
    pub context: DeskContext,
    /// Who calls.
    pub caller: Caller,
    /// The request.
    pub request: &'a Incoming,
    /// The route.
    pub matched: Matched<'a>,
}

impl<'a> Call<'a> {
    /// Finds the route of a component that a request is for, its desk and its caller. Whoever has no token learns nothing about
    /// which desks there are.
    ///
    /// # Errors
    /// As [`find`] and [`admit`].
    pub async fn admitted(component: &str, request: &'a Incoming) -> Result<Self, Problem> {
        let matched = find(component, request)?;
        let context = DeskContext::open(matched.part(0)).await.map_err(Problem::hide_absence)?;
        let caller = admit(matched.route, &context, request).await?;
        Ok(Self { context, caller, request, matched })
    }
}

/// Finds the route for a request among those of a component.
///
/// # Errors
/// 404 for an unknown path, 405 with `Allow` for another method.
pub fn find<'a>(component: &str, request: &'a Incoming) -> Result<Matched<'a>, Problem> {
    let mut allowed = Vec::new();
    let of_component = ROUTES.iter().filter(|route| route.component == component);
    let found: Vec<_> = of_component.filter_map(|r| Some((r, matches(r.path, &request.path)?))).collect();
    // A path that is written out goes before one with a name in that place.
    let fewest = found.iter().map(|(_, parts)| parts.len()).min().unwrap_or_default();
    for (route, parts) in found.into_iter().filter(|(_, parts)| parts.len() == fewest) {
        if route.method == request.method.as_str()
            || (route.method == "GET" && request.method == http::Method::HEAD)
        {
            return Ok(Matched { route, parts });
        }
        allowed.push(route.method);
    }
    if allowed.is_empty() {
        return Err(Problem::not_found(
            "unknown_path",
            "there is nothing under this path; see /api/openapi.json",
        ));
    }
    let allow = allowed.join(", ");
    let detail = format!("this path takes {allow}");
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail);
    Err(Problem { allow: Some(allow), ..problem })
}

/// What the names of a route's path stand for.
fn named<'a>(route: &'static Route, request: &'a Incoming) -> Vec<(&'static str, &'a str)> {
    let names = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.zip(matches(route.path, &request.path).unwrap_or_default()).collect()
}

fn matches<'a>(pattern: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = Vec::new();
    let mut expected = pattern.split('/');
    for actual in path.split('/') {
        match expected.next()? {
            name if name.starts_with('{') => {
                if actual.is_empty() {
                    return None;
                }
                parts.push(actual);
            }
            literal if literal == actual => {}
            _ => return None,
        }
    }
    expected.next().is_none().then_some(parts)
}

/// Admits the caller of a desk's route.
///
/// # Errors
/// 401, 403 or 429; 400 for an unusable Idempotency-Key or a parameter that is given twice.
pub async fn admit<S: Store>(
    route: &'static Route,
    context: &DeskContext<S>,
    request: &Incoming,
) -> Result<Caller, Problem> {
    match route.access {
        Access::Role(role) => {
            let mut caller = authenticate(context, &Operator::load().await, request).await?;
            caller.role = lent(context, &caller, role).await?;
            caller.needs(role, route.name)?;
            // Also where nothing hangs on it: what cannot be meant is a caller's mistake.
            request.says_once()?;
            known_parameters(route, request)?;
            request.idempotency_key()?;
            // The operator is not held up: somebody must be able to mend a desk's limits.
            if let Some(token) = &caller.token {
                limits::spend(context, Spender::Token(token)).await?;
            }
            partitions::keep_apart(context, &caller, route.name, &named(route, request), request).await?;
            Ok(caller)
        }
        Access::Schedule => {
            schedule(request).await?;
            Ok(Caller::without_token("schedule", Role::Service))
        }
        Access::Public | Access::Webhook => Ok(Caller::without_token("public", Role::Service)),
    }
}

/// The role of a caller for a route that needs one: who stands in for somebody absent by name has their rights
/// meanwhile, up to a manager's. Looked at only where the caller's own do not reach.
async fn lent<S: Store>(context: &DeskContext<S>, caller: &Caller, needed: Role) -> Result<Role, Problem> {
    let may_be = caller.token.is_some() && caller.role >= Role::Agent && needed <= Role::Manager;
    if caller.role >= needed || !may_be {
        return Ok(caller.role);
    }
    let (people, pack) = (presence::people(context).await?, context.pack().await?);
    let absent = people.stands_in_for(&caller.person, context.now);
    let roles = absent.filter_map(|person| pack.pack.people.get(person)).map(|person| person.role);
    Ok(roles.map(|role| role.min(Role::Manager)).chain([caller.role]).max().unwrap_or(caller.role))
}

/// Refuses a query parameter that the route does not have: what is misspelt must not be lost in silence.
fn known_parameters(route: &Route, request: &Incoming) -> Result<(), Problem> {
    let Some(operation) = operations::of(route.name) else { return Ok(()) };
    let names: Vec<&str> = operation.query.iter().map(|name| parameters::spelt(name)).collect();
    let known = |name: &str| names.contains(&name);
    if form_urlencoded::parse(request.query.as_bytes()).all(|(name, _)| known(&name)) {
        return Ok(());
    }
    let detail = match names.as_slice() {
        [] => "this path takes no parameters".to_owned(),
        names => format!("this path takes the parameters {}", names.join(", ")),
    };
    Err(Problem::bad_request("unknown_parameter", detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_so_are_methods_with_paths() {
        let names: BTreeSet<_> = ROUTES.iter().map(|r| r.name).collect();
        let places: BTreeSet<_> = ROUTES.iter().map(|r| (r.method, r.path)).collect();
        assert_eq!((names.len(), places.len()), (ROUTES.len(), ROUTES.len()));
    }

    #[test]
    fn a_parameter_that_a_route_does_not_have_is_refused_with_those_that_it_has() {
        let ask = |name: &str, query: &str| {
            let route = ROUTES.iter().find(|route| route.name == name).expect("a route");
            let request =
                Incoming { query: query.to_owned(), ..Incoming::for_tests(route.method, route.path) };
            known_parameters(route, &request)
        };
        assert_eq!(ask("outbox.list", "status=failed&limit=5"), Ok(()));
        assert_eq!(ask("me", ""), Ok(()));
        let refused =
            ask("outbox.list", "limit=5&delivery_status=failed").expect_err("a name of the document");
        assert_eq!((refused.status.as_u16(), refused.code), (400, "unknown_parameter"));
        assert_eq!(refused.detail, "this path takes the parameters status, cursor, limit");
        assert_eq!(ask("me", "foo").expect_err("none").detail, "this path takes no parameters");
        for route in ROUTES.iter().filter(|route| matches!(route.access, Access::Role(_))) {
            assert!(ask(route.name, "f%6fo=1").is_err(), "{}", route.name);
        }
    }

    #[test]
    fn a_pattern_matches_whole_paths_only() {
        assert_eq!(matches("/api/{desk}/tickets/{ticket}", "/api/a/tickets/b"), Some(vec!["a", "b"]));
        assert_eq!(matches("/api/{desk}/tickets", "/api/a/tickets/b"), None);
        assert_eq!(matches("/api/{desk}/tickets", "/api/a"), None);
        assert_eq!(matches("/api/{desk}/tickets", "/api//tickets"), None);
    }
}
