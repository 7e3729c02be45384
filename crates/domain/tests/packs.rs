//! The packs in `packs/` are what the desks run on: each parses, and keeps what the other parts rely on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use relevo_calendar::Calendar;
use relevo_domain::category::Category;
use relevo_domain::pack::{self, Pack, Role};
use relevo_domain::sla::{Duty, Recipient};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const DESKS: [&str; 5] = ["cards", "collections", "mobility", "school", "travel"];

fn folder(desk: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs").join(desk)
}

/// The document that `cargo xtask pack <desk>` prints.
fn document(desk: &str) -> Value {
    let folder = folder(desk);
    let mut pack = json(&folder.join("pack.json"));
    for (stem, path) in files(&folder, "json").into_iter().filter(|(stem, _)| stem != "pack") {
        let value = read(&path);
        assert!(pack.insert(stem, value).is_none(), "{path:?} says again what pack.json says");
    }
    let mut templates = Map::new();
    for template in fs::read_dir(folder.join("templates")).unwrap() {
        let template = template.unwrap().path();
        let mut value = json(&template.join("template.json"));
        let locales = value.entry("locales").or_insert_with(|| Map::new().into()).as_object_mut().unwrap();
        for (stem, path) in files(&template, "j2") {
            let (locale, part) = stem.split_once('.').expect("<locale>.<part>.j2");
            let text = fs::read_to_string(&path).unwrap();
            locales.entry(locale).or_insert_with(|| Map::new().into())[part] =
                text.strip_suffix('\n').unwrap_or(&text).into();
        }
        templates.insert(template.file_name().unwrap().to_str().unwrap().to_owned(), value.into());
    }
    pack.insert("templates".into(), templates.into());
    if folder.join("playbooks").is_dir() {
        let playbooks = files(&folder.join("playbooks"), "json").into_iter();
        let playbooks: Map<String, Value> = playbooks.map(|(stem, path)| (stem, read(&path))).collect();
        pack.insert("playbooks".into(), playbooks.into());
    }
    pack.into()
}

fn files(folder: &Path, ending: &str) -> Vec<(String, PathBuf)> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path))
        .collect()
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json(path: &Path) -> Map<String, Value> {
    read(path).as_object().unwrap_or_else(|| panic!("{} is not an object", path.display())).clone()
}

fn packs() -> impl Iterator<Item = (&'static str, Pack)> {
    DESKS.into_iter().map(|desk| {
        let pack = pack::parse(document(desk)).unwrap_or_else(|problems| panic!("{desk}: {problems:#?}"));
        (desk, pack)
    })
}

#[test]
fn the_desks_time_is_that_of_most_of_its_calendars() {
    let pack = |zones: &[&str]| {
        let calendars = zones
            .iter()
            .enumerate()
            .map(|(n, zone)| (format!("c{n}"), serde_json::json!({"time_zone": zone})));
        let mut pack = pack::parse(document("school")).unwrap();
        pack.calendars = calendars.collect();
        pack
    };
    assert_eq!(pack(&[]).time_zone(), None);
    assert_eq!(pack(&["America/Tijuana", "Europe/Paris", "Europe/Paris"]).time_zone(), Some("Europe/Paris"));
    assert_eq!(pack(&["Europe/Madrid", "Europe/Paris"]).time_zone(), Some("Europe/Madrid"));
}

#[test]
fn every_folder_is_a_desk_that_is_tested() {
    let root = folder("school").join("..");
    let found: BTreeSet<_> =
        fs::read_dir(root).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(found, DESKS.into_iter().map(str::to_owned).collect());
    for desk in DESKS {
        assert!(folder(desk).join("README.md").is_file(), "{desk}");
    }
}

#[test]
fn calendars_parse_and_every_one_opens() {
    for (desk, pack) in packs() {
        assert!(!pack.calendars.is_empty(), "{desk}");
        for (name, calendar) in &pack.calendars {
            Calendar::parse(calendar).unwrap_or_else(|problems| panic!("{desk}/{name}: {problems:#?}"));
        }
    }
}

#[test]
fn every_ticket_finds_a_queue_with_a_team_and_a_policy() {
    for (desk, pack) in packs() {
        for (id, queue) in &pack.queues {
            let team = queue.team.as_ref().unwrap_or_else(|| panic!("{desk}: queue {id} has no team"));
            assert!(pack.people.values().any(|p| p.teams.contains(team)), "{desk}: nobody works on {id}");
        }
        for (id, team) in &pack.teams {
            assert!(pack.people.values().any(|p| p.teams.contains(id)), "{desk}: nobody is in {}", team.name);
        }
        assert!(
            pack.sla.last().is_some_and(|policy| policy.when.is_empty()),
            "{desk}: some tickets have no policy"
        );
        for (channel, accounts) in &pack.channels {
            for (account, settings) in accounts {
                let locale = settings.locale.clone().unwrap_or_default();
                let facts = BTreeMap::from([
                    ("channel", channel.clone()),
                    ("account", account.clone()),
                    ("locale", locale),
                ]);
                assert!(
                    pack.route(&facts).1.is_some(),
                    "{desk}: {channel}/{account} falls through every rule"
                );
            }
        }
    }
}

#[test]
fn routing_names_only_accounts_that_exist() {
    for (desk, pack) in packs() {
        for (n, rule) in pack.routing.iter().enumerate() {
            let text = serde_json::to_value(&rule.when).unwrap();
            let named = |fact: &str| -> Option<Vec<String>> {
                let list = text.get(fact)?.as_array()?;
                Some(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            };
            let channels = named("channel");
            for channel in channels.iter().flatten() {
                assert!(pack.channels.contains_key(channel), "{desk}: rule {n} waits for {channel}");
            }
            for account in named("account").iter().flatten() {
                let exists = pack.channels.iter().any(|(slug, accounts)| {
                    channels.as_ref().is_none_or(|c| c.contains(slug)) && accounts.contains_key(account)
                });
                assert!(exists, "{desk}: rule {n} waits for {account}");
            }
        }
        for (n, policy) in pack.sla.iter().enumerate() {
            let text = serde_json::to_value(&policy.when).unwrap();
            for queue in text["queue"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                assert!(pack.queues.contains_key(queue), "{desk}: policy {n} waits for {queue}");
            }
            for channel in text["channel"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                assert!(pack.channels.contains_key(channel), "{desk}: policy {n} waits for {channel}");
            }
        }
    }
}

#[test]
fn every_role_is_there_and_every_category_has_a_name() {
    for (desk, pack) in packs() {
        let has = |role| pack.people.values().filter(|person| person.role == role).count();
        assert!(has(Role::Agent) >= 3 && has(Role::Lead) >= 1 && has(Role::Manager) >= 1, "{desk}");
        assert_eq!(has(Role::Admin), 1, "{desk}");
        assert!((6..=15).contains(&pack.people.len()), "{desk}");
        assert!(pack.people.values().all(|person| !person.languages.is_empty()), "{desk}");
        for category in Category::ALL {
            assert!(pack.statuses.values().any(|s| s.category == category), "{desk}: {}", category.as_str());
        }
    }
}

#[test]
fn every_template_speaks_the_desks_language_and_declares_with_examples() {
    for (desk, pack) in packs() {
        for (name, template) in &pack.templates {
            let own = &template["locales"][pack.locale.default.as_str()];
            assert!(own["text"].as_str().is_some_and(|text| !text.trim().is_empty()), "{desk}/{name}");
            for (variable, field) in template["data"].as_object().into_iter().flatten() {
                for key in ["type", "example", "description"] {
                    assert!(!field[key].is_null(), "{desk}/{name}: {variable} has no {key}");
                }
            }
        }
    }
}

#[test]
fn the_survey_is_asked_and_shown_in_four_languages() {
    for (desk, pack) in packs() {
        let survey = pack.survey.unwrap_or_else(|| panic!("{desk} asks nothing"));
        for locale in ["en", "es", "fr", "ru"] {
            assert!(survey.page.contains_key(locale), "{desk}: {locale}");
        }
        let data = pack.templates[&survey.template]["data"].as_object().unwrap();
        for (name, field) in data {
            let given = ["contact_name", "link", "ticket_number"].contains(&name.as_str());
            assert!(given || field["optional"] == true, "{desk}: nobody gives the survey {name}");
        }
        assert!(data.contains_key("link") && data["contact_name"]["optional"] == true, "{desk}");
    }
}

#[test]
fn every_desk_has_whatsapp_and_nothing_secret_or_real() {
    let mut ids = BTreeSet::new();
    for (desk, pack) in packs() {
        assert!(pack.account("whatsapp", "main").is_some(), "{desk}");
        for account in pack.channels["whatsapp"].values() {
            let id = account.settings["phone_number_id"].as_str().unwrap();
            assert!(id.len() == 15 && id.bytes().all(|b| b.is_ascii_digit()), "{desk}: {id}");
            assert!(ids.insert(id.to_owned()), "{id} belongs to two desks");
        }
        for (channel, account) in pack.channels.iter().flat_map(|(c, all)| all.values().map(move |a| (c, a)))
        {
            for name in ["display_phone_number", "from"] {
                let number = account.settings.get(name).and_then(Value::as_str).unwrap_or("+12025550100");
                if number.contains('@') {
                    assert!(
                        number.ends_with(".example.com>"),
                        "{desk}/{channel}: {number} may be somebody's"
                    );
                    continue;
                }
                let digits = number.replace([' ', '-'], "");
                let fictional = digits.starts_with("+120255501") || digits.starts_with("+3363998");
                assert!(fictional, "{desk}/{channel}: {number} may be somebody's");
            }
            for name in account.settings.keys() {
                let secret = ["secret", "token", "key", "password"].iter().any(|word| name.contains(word));
                assert!(!secret, "{desk}/{channel}: {name} is no setting but a secret");
            }
        }
        let text = document(desk).to_string();
        for host in text.split("://").skip(1).filter_map(|rest| rest.split(['/', '"', '\\', ' ', '{']).next())
        {
            let reserved = host.ends_with("example.com") || host.ends_with("example.org");
            assert!(reserved, "{desk}: {host} may be somebody's");
        }
    }
}

#[test]
fn the_numbers_that_the_desks_promise() {
    let packs: BTreeMap<_, _> = packs().collect();
    let school = &packs["school"];
    assert_eq!(school.sla.last().unwrap().targets["first_response"].seconds, 25_920, "7.2 h");
    assert_eq!(school.status("por_validar").unwrap().1, Category::ToBeValidated);
    let survey = school.survey.as_ref().unwrap();
    assert!(survey.delay_minutes == 0 && survey.channels.is_empty(), "due at once, on every channel");
    let travel = &packs["travel"];
    let chat = travel.sla.iter().find(|p| p.when.contains_key("channel")).unwrap();
    assert_eq!(chat.targets["first_response"].seconds, 900);
    let hours = &travel.calendars["support"];
    assert_eq!(
        (&hours["time_zone"], hours["hours"].as_object().unwrap().len()),
        (&"Europe/Moscow".into(), 7)
    );
    assert!(hours.get("holidays").is_none(), "open on all of them");
    for zone in packs["collections"].calendars.iter().filter(|(name, _)| name.starts_with("contacto-")) {
        assert_eq!(zone.1["hours"]["sun"], serde_json::json!([["07:00", "22:00"]]), "{}", zone.0);
    }
}

#[test]
fn when_a_first_answer_is_due() {
    let packs: BTreeMap<_, _> = packs().collect();
    for (desk, calendar, start, seconds, due) in [
        // Friday 17:30 in Madrid; Monday and Tuesday are holidays: half an hour, then Wednesday to 16:42.
        ("school", "soporte", "2026-12-04T16:30:00Z", 25_920, "2026-12-09T15:42:00Z"),
        // The first days of term have longer hours: 16:00 to 19:00, then 8:00 to 12:12.
        ("school", "soporte", "2026-09-01T14:00:00Z", 25_920, "2026-09-02T10:12:00Z"),
        // Saturday is open for what is urgent, a holiday on Saturday is not.
        ("school", "guardia", "2026-08-14T18:30:00Z", 3_600, "2026-08-17T06:30:00Z"),
        // New Year in Moscow is a day like any other; 20:55 and a quarter of an hour is 9:10.
        ("travel", "support", "2027-01-01T17:55:00Z", 900, "2027-01-02T06:10:00Z"),
        // Bastille Day closes the French office and not that of Madrid.
        ("mobility", "oficina-fr", "2026-07-14T08:00:00Z", 3_600, "2026-07-15T08:00:00Z"),
        ("mobility", "oficina-es", "2026-07-14T08:00:00Z", 3_600, "2026-07-14T09:00:00Z"),
        // A debtor in Cancún may be called an hour before one in the capital.
        ("collections", "contacto-sureste", "2026-12-25T11:00:00Z", 60, "2026-12-25T12:01:00Z"),
        ("collections", "contacto-centro", "2026-12-25T11:00:00Z", 60, "2026-12-25T13:01:00Z"),
        ("cards", "siempre", "2026-12-25T08:00:00Z", 120, "2026-12-25T08:02:00Z"),
    ] {
        let calendar = Calendar::parse(&packs[desk].calendars[calendar]).unwrap();
        let found = calendar.due_at(start.parse().unwrap(), seconds).unwrap();
        assert_eq!(found, due.parse::<chrono::DateTime<chrono::Utc>>().unwrap(), "{desk}: {start}");
    }
}

#[test]
fn while_the_first_answer_is_due_somebody_is_at_work_and_what_is_missed_goes_up_to_a_manager() {
    for (desk, pack) in packs() {
        let calendars: BTreeMap<_, _> = pack
            .calendars
            .iter()
            .map(|(name, json)| (name.clone(), Calendar::parse(json).unwrap()))
            .collect();
        let named = |name: &str| calendars.get(name);
        let duty = Duty { people: &pack.people, calendars: &named };
        assert!(pack.people.values().any(|person| !person.shifts.is_empty()), "{desk}: nobody has shifts");
        for policy in &pack.sla {
            let first = &calendars[&policy.targets["first_response"].calendar];
            for hour in 0..7 * 24 {
                let at = "2026-06-08T00:30:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap()
                    + chrono::Duration::hours(hour);
                let agents = pack.people.iter().filter(|(_, person)| person.role == Role::Agent);
                let at_work = agents.filter(|(id, _)| duty.is_on_shift(id, at)).count();
                assert!(
                    !first.is_open(at) || at_work > 0,
                    "{desk}, {}: nobody is there at {at}",
                    policy.name
                );
            }
        }
        let chains = pack.sla.iter().filter_map(|policy| policy.escalation.as_ref());
        let last: Vec<_> = chains.filter_map(|chain| Some(chain.steps.last()?.to.clone())).collect();
        assert!(last.len() >= 2 && last.iter().all(|to| *to == [Recipient::Manager]), "{desk}: {last:?}");
    }
}

#[test]
fn targets_of_a_desks_own_name_statuses_and_teams_that_it_has() {
    for (desk, pack) in packs() {
        let mut own = 0;
        for (policy, name, target) in
            pack.sla.iter().flat_map(|policy| policy.targets.iter().map(move |(name, t)| (policy, name, t)))
        {
            for event in [&target.start, &target.stop].into_iter().flatten() {
                own += 1;
                let parts: Vec<_> = event.splitn(3, '.').collect();
                let there = match parts.as_slice() {
                    ["status", "entered" | "left", status] => pack.statuses.contains_key(*status),
                    ["team", "entered" | "left", team] => pack.teams.contains_key(*team),
                    _ => false,
                };
                assert!(there, "{desk}, {}: {name} waits for {event}", policy.name);
            }
        }
        assert!(own >= 4, "{desk} measures nothing of its own");
    }
}

#[test]
fn nobody_stands_in_for_somebody_of_another_client() {
    let (_, pack) = packs().find(|(desk, _)| *desk == "cards").unwrap();
    let clients = |id: &str| -> BTreeSet<&str> {
        let teams = pack.people[id].teams.iter().map(|team| team.split('-').next().unwrap());
        teams.filter(|client| ["nogal", "albatros"].contains(client)).collect()
    };
    for (id, person) in &pack.people {
        for other in &person.substitutes {
            assert!(clients(other).is_subset(&clients(id)), "{other} for {id}");
        }
    }
}
