//! Names that have to be one of what the pack has, wherever conditions and rules write them, and names that may be given.

use super::validate::escape;
use super::{Pack, Priority};
use crate::category::Category;
use crate::condition::Conditions;
use crate::sla::KNOWN;

/// Longest id.
const MAX_NAME_CHARS: usize = 64;

/// Longest language tag.
const MAX_TAG_CHARS: usize = 35;

/// Everything that conditions compare with and no ticket can have: JSON pointer into them, and what there is.
pub(crate) fn unknown(pack: &Pack, when: &Conditions) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    for (fact, condition) in when {
        let unknown = condition.named().iter().find(|value| !is_known(pack, fact, value));
        if let Some(value) = unknown {
            let what = match known(pack, fact) {
                Some(all) if all.is_empty() => format!("the pack has no {fact} {value:?}; it has none"),
                Some(all) => format!("the pack has no {fact} {value:?}; there are {}", all.join(", ")),
                None => not_a_tag(value),
            };
            wrong.push((format!("/{}", escape(fact)), what));
        }
    }
    wrong
}

fn is_known(pack: &Pack, fact: &str, value: &str) -> bool {
    match known(pack, fact) {
        Some(all) => all.iter().any(|one| one == value),
        None => !matches!(fact, "language" | "locale") || is_language_tag(value),
    }
}

/// All values that a fact can have; none if it can be anything.
fn known(pack: &Pack, fact: &str) -> Option<Vec<String>> {
    fn names<'a>(names: impl IntoIterator<Item = &'a String>) -> Option<Vec<String>> {
        let mut all: Vec<String> = names.into_iter().cloned().collect();
        all.sort_unstable();
        all.dedup();
        Some(all)
    }
    fn words<const N: usize>(words: [&str; N]) -> Option<Vec<String>> {
        Some(words.map(str::to_owned).to_vec())
    }
    match fact {
        "account" => names(pack.channels.values().flat_map(|accounts| accounts.keys())),
        "agent" => names(pack.people.keys()),
        "category" => words(Category::ALL.map(Category::as_str)),
        "channel" => names(pack.channels.keys()),
        "escalated" | "snoozed" => words(["true", "false"]),
        "period" => names(pack.periods.keys()),
        "priority" => words(Priority::ALL.map(Priority::as_str)),
        "queue" => names(pack.queues.keys()),
        "sla.breached" | "sla.warned" | "target" => {
            let own = pack.sla.iter().flat_map(|policy| policy.targets.keys());
            let known = KNOWN.map(str::to_owned);
            names(own.chain(&known))
        }
        // A category's name is a status of its own where no other is of that category.
        "status" => {
            let own = |category: &Category| pack.statuses.values().any(|one| one.category == *category);
            let categories = Category::ALL.into_iter().filter(|category| !own(category));
            let categories: Vec<String> = categories.map(|category| category.as_str().to_owned()).collect();
            names(pack.statuses.keys().chain(&categories))
        }
        "team" => names(pack.teams.keys()),
        "template" => names(pack.templates.keys()),
        _ => None,
    }
}

/// Rules that none of what comes in can reach, because one before them takes it: their places, and what to do. A rule
/// for which `elsewhere` holds is looked at by itself too.
pub(super) fn unreachable<'a>(
    rules: impl IntoIterator<Item = (&'a Conditions, bool)>,
) -> Vec<(usize, String)> {
    let mut earlier: Vec<&Conditions> = Vec::new();
    let mut wrong = Vec::new();
    for (n, (when, elsewhere)) in rules.into_iter().enumerate() {
        let takes = |before: &&Conditions| before.is_empty() || *before == when;
        if let Some(by) = earlier.iter().position(takes).filter(|_| !elsewhere) {
            let what = match earlier.get(by).is_some_and(|before| before.is_empty()) {
                true => format!("never reached: number {by} before it asks for nothing; put it behind"),
                false => format!("never reached: number {by} before it asks for the same; take one out"),
            };
            wrong.push((n, what));
        }
        earlier.push(when);
    }
    wrong
}

/// What is wrong with names and language tags: JSON pointer into the pack, and what to do.
pub(super) fn check(pack: &Pack) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    let names: [(&str, Vec<&String>); 8] = [
        ("calendars", pack.calendars.keys().collect()),
        ("fields", pack.fields.keys().collect()),
        ("partitions", pack.partitions.keys().collect()),
        ("people", pack.people.keys().collect()),
        ("periods", pack.periods.keys().collect()),
        ("queues", pack.queues.keys().collect()),
        ("statuses", pack.statuses.keys().collect()),
        ("teams", pack.teams.keys().collect()),
    ];
    for (part, ids) in names {
        for id in ids.into_iter().filter(|id| !is_name(id)) {
            let what = format!("an id has letters, digits, ., _ and -, at most {MAX_NAME_CHARS}; no spaces");
            wrong.push((format!("/{part}/{}", escape(id)), what));
        }
    }
    let tag = |place: String, tag: &str| (!is_language_tag(tag)).then(|| (place, not_a_tag(tag)));
    wrong.extend(tag("/locale/default".to_owned(), &pack.locale.default));
    for (from, others) in &pack.locale.fallback {
        let at = format!("/locale/fallback/{}", escape(from));
        wrong.extend(tag(at.clone(), from));
        let others = others.iter().enumerate();
        wrong.extend(others.filter_map(|(n, other)| tag(format!("{at}/{n}"), other)));
    }
    for (channel, accounts) in &pack.channels {
        for (name, account) in accounts {
            let at = format!("/channels/{}/{}/locale", escape(channel), escape(name));
            wrong.extend(account.locale.as_deref().and_then(|locale| tag(at, locale)));
        }
    }
    for (id, person) in &pack.people {
        for (n, language) in person.languages.iter().enumerate() {
            wrong.extend(tag(format!("/people/{}/languages/{n}", escape(id)), language));
        }
    }
    wrong
}

fn not_a_tag(tag: &str) -> String {
    format!("{tag:?} is no BCP 47 tag; such are \"es\", \"es-MX\" and \"zh-Hans\"")
}

fn is_name(id: &str) -> bool {
    (1..=MAX_NAME_CHARS).contains(&id.chars().count())
        && id.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-'))
        // A path with nothing but dots in it is another path.
        && id.contains(|c| c != '.')
}

/// Whether it has the form of a language tag that is in use: a language of two or three letters, then parts of up to
/// eight letters and digits.
pub fn is_language_tag(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or_default();
    tag.len() <= MAX_TAG_CHARS
        && (2..=3).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use crate::pack::parse;
    use serde_json::{Value, json};

    fn problems(change: impl FnOnce(&mut Value)) -> Vec<(String, String)> {
        let mut document = json!({
            "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
            "teams": {"care": {"name": "Care"}}, "people": {"ana": {"name": "Ana", "role": "agent"}},
            "queues": {"support": {"name": "Support"}},
            "channels": {"whatsapp": {"main": {"locale": "es-MX"}}},
            "sla": [{"name": "all", "targets": {"first_response": {"seconds": 60, "calendar": "calendar_time"}}}],
        });
        change(&mut document);
        let found = parse(document).err().unwrap_or_default();
        found.into_iter().map(|problem| (problem.pointer, problem.message)).collect()
    }

    fn places(change: impl FnOnce(&mut Value)) -> Vec<String> {
        problems(change).into_iter().map(|(pointer, _)| pointer).collect()
    }

    #[test]
    fn what_the_pack_does_not_have_is_refused_wherever_a_condition_names_it() {
        let wrong = json!({
            "channel": ["pigeon"], "account": {"not": ["other"]}, "locale": ["es_MX"],
            "fields.plan": ["anything"], "segment": ["anything"],
        });
        assert_eq!(
            places(|pack| pack["routing"] = json!([{"when": wrong, "queue": "support"}])),
            ["account", "channel", "locale"].map(|fact| format!("/routing/0/when/{fact}"))
        );
        assert_eq!(
            places(|pack| pack["sla"][0]["when"] =
                json!({"priority": ["hot"], "period": ["x"], "queue": ["no"], "team": ["no"]})),
            ["period", "priority", "queue", "team"].map(|fact| format!("/sla/0/when/{fact}"))
        );
        let when = json!({"category": ["over"], "target": ["last_response"], "sla.breached": ["no"], "snoozed": ["yes"], "status": ["gone"]});
        assert_eq!(
            places(
                |pack| pack["automations"] = json!([{"id": "a", "name": "A", "on": ["sla.breached"], "when": when,
                "then": [{"priority": {"priority": "high"}}]}])
            ),
            ["category", "sla.breached", "snoozed", "status", "target"]
                .map(|fact| format!("/automations/0/when/{fact}"))
        );
        let raise = json!({"p": {"name": "P", "from": "2026-09-01", "to": "2026-09-20", "raise": [{"when": {"channel": ["x"]}, "to": "high"}]}});
        assert_eq!(places(|pack| pack["periods"] = raise), ["/periods/p/raise/0/when/channel"]);
    }

    #[test]
    fn what_would_be_right_is_said() {
        let (_, what) = problems(|pack| {
            pack["routing"] = json!([{"when": {"channel": ["whatsap"]}, "queue": "support"}]);
        })
        .remove(0);
        assert_eq!(what, "the pack has no channel \"whatsap\"; there are whatsapp");
        assert!(
            problems(|pack| pack["routing"] = json!([{"when": {"channel": ["whatsapp"], "account": ["main"],
            "locale": {"not": ["es-MX"]}, "language": ["es"]}, "queue": "support"}]))
            .is_empty()
        );
    }

    #[test]
    fn a_rule_that_nothing_reaches_is_refused() {
        let rule = |when: Value| json!({"when": when, "queue": "support"});
        let whatsapp = || json!({"channel": ["whatsapp"]});
        assert_eq!(
            places(|pack| pack["routing"] = json!([rule(json!({})), rule(whatsapp()), rule(json!({}))])),
            ["/routing/1", "/routing/2"]
        );
        assert_eq!(
            places(|pack| pack["routing"] = json!([rule(whatsapp()), rule(whatsapp())])),
            ["/routing/1"]
        );
        let again = json!({"when": {"fields.plan": ["vip"]}, "queue": "support", "again": true});
        assert!(
            problems(|pack| pack["routing"] = json!([rule(whatsapp()), rule(json!({})), again])).is_empty()
        );
        assert_eq!(
            places(|pack| {
                let mut second = pack["sla"][0].clone();
                second["when"] = json!({"priority": ["high"]});
                pack["sla"].as_array_mut().unwrap().push(second);
            }),
            ["/sla/1"]
        );
    }

    #[test]
    fn ids_stand_in_paths_and_lists_whatever_they_name() {
        for part in ["calendars", "fields", "people", "periods", "queues", "statuses", "teams"] {
            for (id, is_refused) in [
                ("", true),
                ("a/b", true),
                ("a\u{0}", true),
                ("..", true),
                ("a b", true),
                (&*"x".repeat(65), true),
                (&*"x".repeat(64), false),
                ("ana.ñ-1_x", false),
            ] {
                let at = format!("/{part}/{}", crate::pack::escape(id));
                let found = places(|pack| {
                    pack[part][id] = match part {
                        "calendars" => json!({}),
                        "fields" => json!({"name": {"es": "x"}, "type": "text"}),
                        "people" => json!({"name": "x", "role": "agent"}),
                        "periods" => json!({"name": "x", "from": "2026-09-01", "to": "2026-09-20"}),
                        "statuses" => json!({"name": "x", "category": "open"}),
                        _ => json!({"name": "x"}),
                    }
                });
                assert_eq!(found.contains(&at), is_refused, "{part} {id:?}: {found:?}");
            }
        }
    }

    #[test]
    fn names_and_tags_have_their_form() {
        assert_eq!(
            places(|pack| {
                pack["queues"]["general help"] = json!({"name": "x"});
                pack["teams"]["a/b"] = json!({"name": "x"});
                pack["statuses"] = json!({" ": {"name": "x", "category": "open"}});
                pack["channels"]["whatsapp"]["main"]["locale"] = json!("Spanish (Mexico)");
                pack["locale"]["fallback"] = json!({"es_MX": ["es", ""]});
                pack["people"]["ana"]["languages"] = json!(["es", "english"]);
            }),
            [
                "/queues/general help",
                "/statuses/ ",
                "/teams/a~1b",
                "/locale/fallback/es_MX",
                "/locale/fallback/es_MX/1",
                "/channels/whatsapp/main/locale",
                "/people/ana/languages/1",
            ]
        );
        for tag in ["es", "es-MX", "zh-Hans-CN", "es-419", "ast", "sl-rozaj-biske"] {
            assert!(super::is_language_tag(tag), "{tag}");
        }
        for tag in ["", "e", "spanish", "es-", "es--MX", "es MX", "ñu", "es-españa", "es-abcdefghi"] {
            assert!(!super::is_language_tag(tag), "{tag}");
        }
    }
}
