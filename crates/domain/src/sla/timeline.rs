//! The facts of a ticket that its targets are computed from. The fold calls these methods in the order of events;
//! each is total: it means something or nothing, never an error.

use super::policy::{KNOWN, ResolvedPolicy, Target};
use super::threshold::Threshold;
use crate::Private;
use crate::category::Category;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What happened on a ticket, as far as targets are concerned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// When the ticket, or its last reopening, began.
    #[serde(rename = "op")]
    pub(super) opened_at: DateTime<Utc>,
    #[serde(rename = "bc")]
    by_customer: bool,
    /// Policies that applied at some time; terms name them by place.
    #[serde(rename = "po", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) policies: Vec<ResolvedPolicy>,
    /// The policy in force.
    #[serde(rename = "in", default, skip_serializing_if = "Option::is_none")]
    in_force: Option<usize>,
    /// Each category with the time it began, oldest first; new before the first.
    #[serde(rename = "ca", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) categories: Vec<(DateTime<Utc>, Category)>,
    #[serde(rename = "fr", default, skip_serializing_if = "Option::is_none")]
    first_response_at: Option<DateTime<Utc>>,
    /// The customer's oldest message without an answer.
    #[serde(rename = "un", default, skip_serializing_if = "Option::is_none")]
    unanswered: Option<DateTime<Utc>>,
    #[serde(rename = "so", default, skip_serializing_if = "std::ops::Not::not")]
    was_solved: bool,
    /// Since when the ticket is merged into another one: nothing starts.
    #[serde(rename = "mg", default, skip_serializing_if = "Option::is_none")]
    merged_at: Option<DateTime<Utc>>,
    #[serde(rename = "ta", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) targets: Vec<Instance>,
}

/// One run of a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Instance {
    #[serde(rename = "n")]
    pub name: String,
    /// From 1.
    #[serde(rename = "i")]
    pub number: u32,
    #[serde(rename = "s")]
    pub started_at: DateTime<Utc>,
    #[serde(rename = "w")]
    pub started_by: Cause,
    /// The policies that it ran under, oldest first; one at least.
    #[serde(rename = "t")]
    pub terms: Vec<Term>,
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
    #[serde(rename = "o", default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub excused: Option<Excuse>,
    /// When the ticket was merged meanwhile, from and until: the time counts.
    #[serde(rename = "m", default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<(DateTime<Utc>, DateTime<Utc>)>,
}

/// Those concerned were told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Notice {
    #[serde(rename = "h")]
    pub threshold: Threshold,
    #[serde(rename = "a")]
    pub at: DateTime<Utc>,
    /// Person ids.
    #[serde(rename = "t", default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// Thresholds that were passed before it and that it told of, too.
    #[serde(rename = "f", default, skip_serializing_if = "Vec::is_empty")]
    pub folded: Vec<Threshold>,
}

/// From when on which policy counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Term {
    #[serde(rename = "f")]
    pub from: DateTime<Utc>,
    /// Place in the timeline's policies.
    #[serde(rename = "p")]
    pub policy: usize,
    /// What brought the change, for people; none for the first.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct End {
    #[serde(rename = "a")]
    pub at: DateTime<Utc>,
    /// Done; else cancelled.
    #[serde(rename = "m")]
    pub met: bool,
    #[serde(rename = "w")]
    pub by: Cause,
}

/// A lead's word that a breach does not count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Excuse {
    #[serde(rename = "a")]
    pub at: DateTime<Utc>,
    #[serde(rename = "b")]
    pub by: String,
    #[serde(rename = "w")]
    pub why: Private<String>,
}

/// Why a run began or ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Cause {
    Opened,
    Reopened,
    CustomerWrote,
    Answered,
    PolicyChanged,
    Solved,
    Closed,
    Spam,
    Merged,
    /// An older message without an answer came with a ticket that was merged into this one.
    Absorbed,
    /// What it counted from became a ticket of its own.
    Split,
    /// An event that the target names.
    Event(String),
}

impl Timeline {
    /// Names of the targets that run and of which a breach was told, or a warning and no breach.
    pub fn told(&self, breached: bool) -> impl Iterator<Item = &str> {
        let runs = self.targets.iter().filter(|target| target.end.is_none() && !target.notices.is_empty());
        let breach = |target: &Instance| target.notices.iter().any(|n| n.threshold == Threshold::Breach);
        runs.filter(move |target| breach(target) == breached).map(|target| target.name.as_str())
    }

    /// A ticket begins. The message that opened it comes as [`Timeline::customer_message`] after this.
    pub fn opened(at: DateTime<Utc>, by_customer: bool, policy: Option<&ResolvedPolicy>) -> Self {
        let mut timeline = Self {
            opened_at: at,
            by_customer,
            policies: policy.cloned().into_iter().collect(),
            in_force: policy.map(|_| 0),
            categories: Vec::new(),
            first_response_at: None,
            unanswered: None,
            was_solved: false,
            merged_at: None,
            targets: Vec::new(),
        };
        for name in ["first_resolution", "full_resolution", "periodic_update"] {
            timeline.start(name, at, at, Cause::Opened);
        }
        timeline
    }

    /// The customer wrote; `since` is earlier than `at` where it was on a ticket that is merged into this one and
    /// becomes known with it. The oldest message without an answer counts: a response that counted from a later one
    /// gives way to one that counts from this.
    pub fn customer_message(&mut self, since: DateTime<Utc>, at: DateTime<Utc>) {
        let by = if since == at { Cause::CustomerWrote } else { Cause::Absorbed };
        if let Some(known) = self.unanswered {
            if since == at || since >= known {
                return;
            }
            self.end(&["first_response", "next_response"], at, false, &by);
        }
        self.unanswered = Some(since);
        self.start_response(since, at, by);
    }

    /// A person at the desk wrote to the customer.
    pub fn human_reply(&mut self, at: DateTime<Utc>) {
        if self.by_customer {
            self.first_response_at.get_or_insert(at);
        }
        self.unanswered = None;
        self.end(&["first_response", "next_response", "periodic_update"], at, true, &Cause::Answered);
        self.start("periodic_update", at, at, Cause::Answered);
    }

    /// The status now means something else, or is another one of the same meaning.
    pub fn category_changed(&mut self, at: DateTime<Utc>, category: Category) {
        let before = self.category();
        if before == category {
            return;
        }
        self.categories.push((at, category));
        match (before.is_done(), category) {
            (false, Category::Solved) => {
                self.was_solved = true;
                self.end(&["first_resolution", "full_resolution"], at, true, &Cause::Solved);
                self.cancel(at, &Cause::Solved);
            }
            (false, Category::Closed) => self.cancel(at, &Cause::Closed),
            (false, Category::Spam) => self.cancel(at, &Cause::Spam),
            (true, category) if !category.is_done() => {
                self.opened_at = at;
                for name in ["full_resolution", "periodic_update"] {
                    self.start(name, at, at, Cause::Reopened);
                }
                if !self.was_solved {
                    self.start("first_resolution", at, at, Cause::Reopened);
                }
                if self.unanswered.is_some() {
                    self.start_response(at, at, Cause::Reopened);
                }
            }
            _ => {}
        }
    }

    /// The ticket went up in another one: what runs is cancelled, and nothing starts.
    pub fn merged(&mut self, at: DateTime<Utc>) {
        self.cancel(at, &Cause::Merged);
        self.merged_at = Some(at);
    }

    /// It came out again: what the merge had cancelled goes on as if there had been none, and what was said meanwhile
    /// and has no answer counts from when it was said.
    pub fn unmerged(&mut self, at: DateTime<Utc>) {
        let Some(since) = self.merged_at.take() else { return };
        for instance in &mut self.targets {
            if instance.end.take_if(|end| end.at == since && end.by == Cause::Merged).is_some() {
                instance.merged.push((since, at));
            }
        }
        if let Some(since) = self.unanswered {
            self.start_response(since, at, Cause::CustomerWrote);
        }
    }

    /// Messages became a ticket of their own: the oldest without an answer that stays counts, if there is one.
    pub fn split(&mut self, at: DateTime<Utc>, unanswered: Option<DateTime<Utc>>) {
        if self.unanswered == unanswered {
            return;
        }
        self.end(&["first_response", "next_response"], at, false, &Cause::Split);
        self.unanswered = unanswered;
        if let Some(since) = unanswered {
            self.start_response(since, at, Cause::Split);
        }
    }

    /// The customer's oldest message without an answer.
    pub fn unanswered(&self) -> Option<DateTime<Utc>> {
        self.unanswered
    }

    /// Another policy applies, or none; `because` says in a word or two what brought the change.
    pub fn policy_changed(&mut self, at: DateTime<Utc>, policy: Option<&ResolvedPolicy>, because: &str) {
        if self.policy() == policy {
            return;
        }
        self.in_force = policy.map(|policy| {
            let known = self.policies.iter().position(|p| p == policy);
            known.unwrap_or_else(|| {
                self.policies.push(policy.clone());
                self.policies.len() - 1
            })
        });
        for instance in self.targets.iter_mut().filter(|i| i.end.is_none()) {
            match self.in_force {
                Some(place) if policy.is_some_and(|p| p.targets.contains_key(&instance.name)) => {
                    let because = Some(because.to_owned());
                    instance.terms.push(Term { from: at, policy: place, because });
                }
                _ => instance.end = Some(End { at, met: false, by: Cause::PolicyChanged }),
            }
        }
        let since = self.opened_at;
        self.start("full_resolution", since, at, Cause::PolicyChanged);
        self.start("periodic_update", at, at, Cause::PolicyChanged);
        if !self.was_solved {
            self.start("first_resolution", since, at, Cause::PolicyChanged);
        }
        if let Some(since) = self.unanswered {
            self.start_response(since, at, Cause::PolicyChanged);
        }
    }

    /// Something happened that targets may name as what starts or ends them.
    pub fn named_event(&mut self, at: DateTime<Utc>, event: &str) {
        self.stop_at(at, event);
        self.start_at(at, event);
    }

    /// Ends the targets that name this event as their end. For what also solves or closes the ticket, before that.
    pub fn stop_at(&mut self, at: DateTime<Utc>, event: &str) {
        let stopped = self.custom(|target| target.stop.as_deref() == Some(event));
        let names: Vec<&str> = stopped.iter().map(String::as_str).collect();
        self.end(&names, at, true, &Cause::Event(event.to_owned()));
    }

    /// Starts the targets that name this event as their start. For what also reopens the ticket, after that.
    pub fn start_at(&mut self, at: DateTime<Utc>, event: &str) {
        for name in self.custom(|target| target.start.as_deref() == Some(event)) {
            self.start(&name, at, at, Cause::Event(event.to_owned()));
        }
    }

    /// Those concerned were told; thresholds are the texts of [`Threshold`]s. The first notice of each counts.
    pub fn notice(
        &mut self,
        instance: &str,
        threshold: &str,
        at: DateTime<Utc>,
        to: &[String],
        folded: &[String],
    ) {
        let Some(threshold) = Threshold::parse(threshold) else { return };
        let folded = folded.iter().filter_map(|threshold| Threshold::parse(threshold)).collect();
        if let Some(instance) = self.instance(instance)
            && !instance.is_noticed(threshold)
        {
            instance.notices.push(Notice { threshold, at, to: to.to_vec(), folded });
        }
    }

    /// A lead excuses a breach; the last word counts.
    pub fn excuse(&mut self, instance: &str, at: DateTime<Utc>, by: &str, why: &str) {
        if let Some(instance) = self.instance(instance) {
            instance.excused = Some(Excuse { at, by: by.to_owned(), why: why.into() });
        }
    }

    /// Whether somebody has excused an instance.
    pub fn is_excused(&self, instance: &str) -> bool {
        self.targets.iter().any(|one| one.id() == instance && one.excused.is_some())
    }

    /// The first public reply of a person, on a ticket that a customer opened.
    pub fn first_response_at(&self) -> Option<DateTime<Utc>> {
        self.first_response_at
    }

    /// The versions of the pack whose calendars its targets are measured by.
    pub fn pack_versions(&self) -> impl Iterator<Item = u32> + '_ {
        self.policies.iter().map(|policy| policy.pack)
    }

    /// The policy in force.
    pub fn policy(&self) -> Option<&ResolvedPolicy> {
        self.policies.get(self.in_force?)
    }

    fn category(&self) -> Category {
        self.categories.last().map_or(Category::New, |(_, category)| *category)
    }

    /// The names of custom targets of the policy in force for which something holds.
    fn custom(&self, holds: impl Fn(&Target) -> bool) -> Vec<String> {
        let targets = self.policy().into_iter().flat_map(|policy| &policy.targets);
        let custom = targets.filter(|(name, _)| !KNOWN.contains(&name.as_str()));
        custom.filter(|(_, target)| holds(target)).map(|(name, _)| name.clone()).collect()
    }

    fn instance(&mut self, id: &str) -> Option<&mut Instance> {
        self.targets.iter_mut().find(|instance| instance.id() == id)
    }

    /// The target that an unanswered message starts.
    fn start_response(&mut self, since: DateTime<Utc>, at: DateTime<Utc>, by: Cause) {
        let has_first = self.policy().is_some_and(|p| p.targets.contains_key("first_response"));
        let is_first = self.by_customer && self.first_response_at.is_none() && has_first;
        self.start(if is_first { "first_response" } else { "next_response" }, since, at, by);
    }

    /// Starts a target at `since`, under the policy in force from `at` on, if the policy has it, none of its kind
    /// runs and the ticket is not done.
    fn start(&mut self, name: &str, since: DateTime<Utc>, at: DateTime<Utc>, by: Cause) {
        let idle = self.category().is_done() || self.merged_at.is_some();
        let Some(policy) = self.in_force.filter(|_| !idle) else { return };
        let promised = self.policy().is_some_and(|p| p.targets.contains_key(name));
        let others = || self.targets.iter().filter(|i| i.name == name);
        if !promised || others().any(|i| i.end.is_none()) {
            return;
        }
        let number = u32::try_from(others().count()).unwrap_or(u32::MAX).saturating_add(1);
        self.targets.push(Instance {
            name: name.to_owned(),
            number,
            started_at: since,
            started_by: by,
            terms: vec![Term { from: at, policy, because: None }],
            end: None,
            notices: Vec::new(),
            excused: None,
            merged: Vec::new(),
        });
    }

    fn end(&mut self, names: &[&str], at: DateTime<Utc>, met: bool, by: &Cause) {
        for instance in
            self.targets.iter_mut().filter(|i| i.end.is_none() && names.contains(&i.name.as_str()))
        {
            instance.end = Some(End { at, met, by: by.clone() });
        }
    }

    fn cancel(&mut self, at: DateTime<Utc>, by: &Cause) {
        for instance in self.targets.iter_mut().filter(|i| i.end.is_none()) {
            instance.end = Some(End { at, met: false, by: by.clone() });
        }
    }
}

impl Instance {
    /// As in the API and in notices: `first_response.1`.
    pub fn id(&self) -> String {
        format!("{}.{}", self.name, self.number)
    }

    /// Was this told, by itself or with what came after it?
    pub fn is_noticed(&self, threshold: Threshold) -> bool {
        let mut told = self.notices.iter().flat_map(|notice| notice.folded.iter().chain([&notice.threshold]));
        told.any(|known| *known == threshold)
    }
}
