//! What may be wrong with a pack's survey.

use super::{Survey, SurveyPage};
use crate::pack::Pack;
use crate::pack::validate::{PackProblem, escape};

/// Longest delay, life of a link and window of change: the agenda and the kept event ids are made for less.
const MAX_DAYS: u32 = 365;

/// Everything that is wrong with the survey, with pointers into the pack.
pub fn check(pack: &Pack, survey: &Survey) -> Vec<PackProblem> {
    let mut problems = Vec::new();
    let mut say = |pointer: &str, message: String| {
        problems.push(PackProblem::at(format!("/survey{pointer}"), message));
    };
    let templates = [("/template", Some(&survey.template))]
        .into_iter()
        .chain([("/reminder/template", survey.reminder.as_ref().map(|r| &r.template))]);
    for (pointer, name) in templates {
        if let Some(name) = name.filter(|name| !pack.templates.contains_key(*name)) {
            say(pointer, format!("no template {name:?}; add it to /templates"));
        }
    }
    if !pack.locale_chain(&pack.locale.default).iter().any(|l| survey.page.contains_key(l)) {
        say("/page", format!("the page needs a text in {:?}", pack.locale.default));
    }
    if survey.expires_days == 0 {
        say("/expires_days", "a link that expires at once cannot be used; at least 1".into());
    }
    for (pointer, days) in [
        ("/expires_days", survey.expires_days),
        ("/delay_minutes", survey.delay_minutes / (24 * 60)),
        ("/change_hours", survey.change_hours / 24),
        ("/rule/every_days", survey.rule.every_days / 10),
    ] {
        if days > MAX_DAYS {
            say(pointer, "too long".into());
        }
    }
    for (locale, page) in &survey.page {
        labels(survey, page, &format!("/page/{}", escape(locale)), &mut say);
    }
    let rule = &survey.rule;
    if let Some(calendar) = rule.calendar.as_ref().filter(|c| !pack.calendars.contains_key(*c)) {
        say("/rule/calendar", format!("no calendar {calendar:?}; add it to /calendars"));
    }
    if rule.percent > 100 {
        say("/rule/percent", "a share is from 0 to 100".into());
    }
    for (n, queue) in rule.except_queues.iter().enumerate().filter(|(_, q)| !pack.queues.contains_key(*q)) {
        say(&format!("/rule/except_queues/{n}"), format!("no queue {queue:?}; add it to /queues"));
    }
    if let Some(reminder) = &survey.reminder
        && !(1..survey.expires_days).contains(&reminder.after_days)
    {
        say(
            "/reminder/after_days",
            "a reminder goes out before the link expires, at least a day after it".into(),
        );
    }
    if let Some(chat) = &survey.in_chat {
        for (locale, phrases) in &chat.phrases {
            for (phrase, _) in phrases.iter().filter(|(_, score)| !survey.kind.scores().contains(score)) {
                let pointer = format!("/in_chat/phrases/{}/{}", escape(locale), escape(phrase));
                say(&pointer, survey.kind.advice());
            }
        }
    }
    if let Some(recovery) = &survey.recovery {
        if !pack.queues.contains_key(&recovery.queue) {
            say("/recovery/queue", format!("no queue {:?}; add it to /queues", recovery.queue));
        }
        if let Some(agent) = recovery.agent.as_ref().filter(|a| !pack.people.contains_key(*a)) {
            say("/recovery/agent", format!("no person {agent:?}; add them to /people"));
        }
        if survey.anonymous {
            say("/recovery", "an anonymous vote leads to no ticket; take one of the two out".into());
        }
    }
    if survey.brand.color.as_ref().is_some_and(|color| crate::survey::rgb(color).is_none()) {
        say("/brand/color", "a colour is written #rrggbb".into());
    }
    problems
}

fn labels(survey: &Survey, page: &SurveyPage, pointer: &str, say: &mut impl FnMut(&str, String)) {
    let all = survey.kind.scores().count();
    if page.labels.len() != all && page.labels.len() != 2 {
        let message = format!("labels of all {all} scores, or of the lowest and the highest");
        say(&format!("{pointer}/labels"), message);
    }
}
