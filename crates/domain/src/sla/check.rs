//! What is wrong with a policy, each with its place and what to do.

use super::events::check_event;
use super::policy::{CALENDAR_TIME, FACTS, KNOWN, Policy, Target};
use super::threshold::Warning;
use crate::condition;
use crate::pack::{Pack, Role};

/// Longest target: ten years.
const MAX_SECONDS: u64 = 10 * 366 * 86_400;

impl Policy {
    /// Everything that is wrong with it: JSON pointer into the policy, and what to do.
    pub fn check(&self, has_calendar: impl Fn(&str) -> bool) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        let mut say = |pointer: String, message: String| problems.push((pointer, message));
        if self.name.trim().is_empty() {
            say("/name".into(), "a policy needs a name; it is shown with every target".into());
        }
        for (place, message) in condition::check(&self.when, &FACTS) {
            say(format!("/when{place}"), message);
        }
        if self.targets.is_empty() {
            say(
                "/targets".into(),
                "a policy without targets promises nothing; add one or leave the policy out".into(),
            );
        }
        for (name, target) in &self.targets {
            let at = format!("/targets/{}", escape(name));
            if !is_slug(name) {
                say(at.clone(), "a target's name has a-z, 0-9 and _, at most 32".into());
            }
            target.check(name, has_calendar(&target.calendar), &mut |place, message| {
                say(format!("{at}{place}"), message)
            });
        }
        if let Some(escalation) = &self.escalation {
            let wrong = escalation.check(has_calendar, |target| self.targets.contains_key(target));
            let places = wrong.into_iter().map(|(place, what)| (format!("/escalation{place}"), what));
            problems.extend(places);
        }
        problems
    }

    /// Fields that its conditions ask for and the desk does not have, or not for a role that does not see them.
    pub fn unknown_fields(&self, pack: &Pack, role: Role) -> Vec<(String, String)> {
        let unknown = condition::unknown_fields(&self.when, pack, role).into_iter();
        unknown.map(|(place, what)| (format!("/when{place}"), what)).collect()
    }
}

impl Target {
    fn check(&self, name: &str, has_calendar: bool, say: &mut dyn FnMut(String, String)) {
        if self.seconds == 0 || self.seconds > MAX_SECONDS {
            say("/seconds".into(), format!("must be 1 to {MAX_SECONDS}"));
        }
        if self.calendar != CALENDAR_TIME && !has_calendar {
            let what =
                format!("no calendar {:?}; add it to /calendars or write {CALENDAR_TIME:?}", self.calendar);
            say("/calendar".into(), what);
        }
        for (n, warning) in self.warn.iter().enumerate() {
            let at = format!("/warn/{n}");
            match warning {
                Warning::Percent(percent) if !(1..=99).contains(percent) => {
                    say(at.clone(), "a warning is at 1 to 99 percent; a breach is told of anyway".into());
                }
                Warning::Before { seconds_before }
                    if *seconds_before == 0 || *seconds_before >= self.seconds =>
                {
                    say(
                        at.clone(),
                        format!("must be 1 to {} seconds before", self.seconds.saturating_sub(1)),
                    );
                }
                _ => {}
            }
            if self.warn.iter().take(n).any(|earlier| earlier == warning) {
                say(at, "this warning is there twice; leave one out".into());
            }
        }
        match (KNOWN.contains(&name), &self.start, &self.stop) {
            (true, None, None) => {}
            (false, Some(start), Some(stop)) => {
                for (field, event) in [("/start", start), ("/stop", stop)] {
                    if let Err(what) = check_event(event) {
                        say(field.into(), what);
                    }
                }
                if start == stop {
                    say("/stop".into(), "an event that starts a target cannot stop it".into());
                }
            }
            (true, ..) => {
                say(String::new(), format!("{name} starts and stops by itself; leave out start and stop"))
            }
            (false, ..) => {
                let known = KNOWN.join(", ");
                say(String::new(), format!("name the events that start and stop it, or use one of {known}"));
            }
        }
    }
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn is_slug(name: &str) -> bool {
    (1..=32).contains(&name.len()) && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}
