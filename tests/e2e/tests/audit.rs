//! The history as the shipped application writes it, held against its links and anchors; copies of it, put back elsewhere;
//! and one that an earlier version left.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use relevo_e2e::{App, Client, Desk, Store, eventually, pack, tools, whatsapp};
use serde_json::json;
use tempfile::TempDir;

fn some_traffic(app: &App, desk: &Desk) {
    for n in 0..4 {
        let phone = format!("155514000{}", n % 2);
        whatsapp::deliver(app.client(), desk, &whatsapp::message(&phone, &format!("wamid.{n}"), "hola"))
            .is(200);
    }
    let id = desk.ticket_of("1555140000")["id"].as_str().unwrap().to_owned();
    desk.agent.post(&format!("tickets/{id}/replies"), &json!({"text": "respuesta"})).is(201);
    for name in ["projections", "delivery", "sla", "surveys"] {
        app.host.tick_all(name);
    }
}

#[test]
fn anchors_are_made_exported_and_find_what_was_done_to_the_data_file() {
    let (mut app, desk) = App::school(Store::Sqlite);
    some_traffic(&app, &desk);
    let anchors = tools::export_anchors(app.client(), &desk.admin);
    assert!(anchors.lines().count() >= 1, "{anchors}");
    // Nothing has changed: no more are made, asked at once or not.
    assert_eq!(tools::export_anchors(app.client(), &desk.admin), anchors);
    assert_eq!(
        app.tick("anchors").is(200).json()["school"],
        json!({"anchors": 0, "streams": 0, "more": false})
    );

    desk.lead.get("audit/anchors").problem(403);
    assert_eq!(desk.admin.get("audit/anchors?after=x").problem(400), "bad_after");
    assert_eq!(desk.admin.get("audit/anchors?limit=0").problem(400), "bad_limit");
    assert_eq!(desk.admin.get("audit/anchors?after=999").is(200).body, "");

    let folder = TempDir::new().unwrap();
    let kept = folder.path().join("anchors.jsonl");
    std::fs::write(&kept, &anchors).unwrap();
    app.host.kill9();
    let (sound, said) = tools::audit(&app.location(), Some(&kept));
    assert!(sound && said.contains("0 findings") && !said.contains("unlinked"), "{said}");

    // Somebody writes into the file.
    let file = rusqlite::Connection::open(app.data_file()).unwrap();
    let changed = file
        .execute(
            "UPDATE spin_key_value SET value = CAST(REPLACE(CAST(value AS TEXT), '\"b\":\"person:', '\"b\":\"person:x') AS BLOB)
             WHERE key LIKE 'r1:s:school:conversation:%' AND CAST(value AS TEXT) LIKE '%reply.written%'",
            [],
        )
        .unwrap();
    assert_eq!(changed, 1);
    drop(file);
    let (sound, said) = tools::audit(&app.location(), Some(&kept));
    assert!(!sound && said.contains("its MAC is not that of what is stored here"), "{said}");

    // Somebody removes a stream, and every anchor of the store with it.
    let file = rusqlite::Connection::open(app.data_file()).unwrap();
    file.execute("DELETE FROM spin_key_value WHERE key LIKE '%:contact:%' OR key LIKE '%:anchors:%'", [])
        .unwrap();
    drop(file);
    let (sound, said) = tools::audit(&app.location(), Some(&kept));
    assert!(
        !sound && said.contains("the whole stream is gone") && said.contains("gone from the store"),
        "{said}"
    );
}

/// What was acknowledged, by phone number.
type Acknowledged = BTreeMap<String, BTreeSet<String>>;

/// Writes until it is told to stop, and meanwhile makes a copy; gives what was acknowledged before the copy was begun.
fn under_load(app: &App, desk: &Desk, copy: impl FnOnce()) -> Acknowledged {
    let (stop, acknowledged) = (AtomicBool::new(false), Mutex::new(Acknowledged::new()));
    let count = || acknowledged.lock().unwrap().values().map(BTreeSet::len).sum::<usize>();
    thread::scope(|scope| {
        for writer in 0..3 {
            let (stop, acknowledged, client) = (&stop, &acknowledged, app.client());
            scope.spawn(move || write(client, desk, writer, stop, acknowledged));
        }
        let _stop = Stop(&stop);
        eventually("messages are acknowledged", Duration::from_secs(60), || (count() >= 30).then_some(()));
        let before = acknowledged.lock().unwrap().clone();
        copy();
        let so_far = count();
        eventually("it goes on", Duration::from_secs(60), || (count() > so_far + 3).then_some(()));
        before
    })
}

/// Stops the writers, also when a test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn write(client: &Client, desk: &Desk, writer: usize, stop: &AtomicBool, acknowledged: &Mutex<Acknowledged>) {
    for n in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let (phone, text) = (format!("1555141{writer}{:03}", n % 5), format!("mensaje {n}"));
        whatsapp::deliver(client, desk, &whatsapp::message(&phone, &format!("wamid.{writer}.{n}"), &text))
            .is(200);
        acknowledged.lock().unwrap().entry(phone).or_default().insert(text);
    }
}

#[track_caller]
fn has_all(app: &App, desk: &Desk, expected: &Acknowledged) {
    app.host.tick_all("projections");
    for (phone, texts) in expected {
        let ticket = desk.ticket(desk.ticket_of(phone)["id"].as_str().unwrap());
        let there: BTreeSet<String> = ticket["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|message| message["text"].as_str().unwrap().to_owned())
            .collect();
        assert!(texts.is_subset(&there), "{phone}: {texts:?} of {there:?}");
    }
}

#[test]
fn a_copy_of_a_data_file_made_under_load_is_put_back_elsewhere_with_all_that_was_acknowledged() {
    let (app, desk) = App::school(Store::Sqlite);
    let folder = TempDir::new().unwrap();
    let copy = folder.path().join("copy.db");
    let paths = [app.data_file().display().to_string(), copy.display().to_string()];
    let [data, to] = [&*paths[0], &*paths[1]];
    let before = under_load(&app, &desk, || {
        let (made, said) = tools::host(&["backup", "--data", data, "--to", to]);
        assert!(made, "{said}");
    });
    let (made, said) = tools::host(&["backup", "--data", data, "--to", to]);
    assert!(!made && said.contains("is there already"), "{said}");
    let (put, said) = tools::host(&["restore", "--from", to, "--data", data]);
    assert!(!put, "a host has it open: {said}");
    let (put, said) = tools::host(&["restore", "--from", "/etc/hostname", "--data", "/nowhere/kv.db"]);
    assert!(!put, "{said}");

    let restored = App::on(Store::Sqlite, |state| {
        let data = state.join("kv.db");
        std::fs::copy(tools::earlier_store("before-links.db"), &data).unwrap();
        let (put, said) = tools::host(&["restore", "--from", to, "--data", &data.display().to_string()]);
        assert!(put && said.contains("kv.db.before-restore-1"), "{said}");
        assert!(state.join("kv.db.before-restore-1").is_file());
    });
    has_all(&restored, &desk.through(restored.client()), &before);
    let anchors = tools::export_anchors(restored.client(), &desk.through(restored.client()).admin);
    assert!(anchors.lines().count() >= 1);
    let (sound, said) = tools::audit(&restored.location(), None);
    assert!(sound && said.contains("0 findings"), "{said}");
}

#[test]
fn a_copy_of_a_redis_made_under_load_is_put_back_elsewhere_with_all_that_was_acknowledged() {
    let (app, desk) = App::school(Store::Redis);
    let folder = TempDir::new().unwrap();
    let copy = folder.path().join("copy.rdb").display().to_string();
    let [_, url] = app.location();
    let before = under_load(&app, &desk, || {
        let (made, said) = tools::script("redis-backup.sh", &[&copy, &url]);
        assert!(made, "{said}");
    });
    let (made, said) = tools::script("redis-backup.sh", &[&copy, &url]);
    assert!(!made && said.contains("is there already"), "{said}");

    let restored = App::on(Store::Redis, |state| restore_redis(&copy, state));
    has_all(&restored, &desk.through(restored.client()), &before);
    tools::export_anchors(restored.client(), &desk.through(restored.client()).admin);
    let (sound, said) = tools::audit(&restored.location(), None);
    assert!(sound && said.contains("0 findings"), "{said}");
}

#[track_caller]
fn restore_redis(copy: &str, state: &Path) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let folder = state.display().to_string();
    let (put, said) = tools::script("redis-restore.sh", &[copy, &folder, &port]);
    assert!(put && said.contains("keys restored"), "{said}");
    let (put, said) = tools::script("redis-restore.sh", &[copy, &folder, &port]);
    assert!(!put && said.contains("is not empty"), "{said}");
}

#[test]
fn a_data_file_of_an_earlier_version_is_opened_read_appended_to_and_verified() {
    let app = App::on(Store::Sqlite, |state| {
        std::fs::copy(tools::earlier_store("before-links.db"), state.join("kv.db")).unwrap();
    });
    // Every event can be read and none is amiss. Rows of lists may be of that version's form until their streams change.
    let check = || {
        let (_, said) = tools::audit(&app.location(), None);
        let unlinked = said.contains("20 events unlinked, the last of 2026-");
        assert!(unlinked && said.contains(" 0 findings") && !said.contains("StreamReport"), "{said}");
    };
    check();

    // It is read as it was,
    let desk = Desk::there(app.client(), "school", &pack("school"));
    let ticket = desk.ticket_of("15551990001");
    let id = ticket["id"].as_str().unwrap();
    let texts = |id: &str| -> Vec<String> {
        let ticket = desk.ticket(id);
        let messages = ticket["messages"].as_array().unwrap();
        messages.iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect()
    };
    let old = ["mensaje antiguo 0", "mensaje antiguo 1", "mensaje antiguo 2", "mensaje antiguo 3"];
    assert_eq!(texts(id), [&old[..], &["respuesta antigua", "nota antigua"]].concat());
    assert_eq!(desk.ticket(id)["contact"]["name"], "Rosa Núñez");
    // repeats of that time are still repeats,
    whatsapp::deliver(app.client(), &desk, &whatsapp::message("15551990001", "wamid.old.3", old[3])).is(200);
    // it goes on,
    whatsapp::deliver(app.client(), &desk, &whatsapp::message("15551990001", "wamid.new", "mensaje nuevo"))
        .is(200);
    desk.agent.post(&format!("tickets/{id}/replies"), &json!({"text": "respuesta nueva"})).is(201);
    app.host.tick_all("projections");
    let all = texts(id);
    assert_eq!(all.len(), 8, "{all:?}");
    assert_eq!(all[6..], ["mensaje nuevo", "respuesta nueva"]);

    // and it is all covered from now on.
    tools::export_anchors(app.client(), &desk.admin);
    check();
    let file = rusqlite::Connection::open(app.data_file()).unwrap();
    let changed = file
        .execute(
            "UPDATE spin_key_value SET value = CAST(REPLACE(CAST(value AS TEXT), 'nota antigua', 'nota falsa') AS BLOB)
             WHERE key LIKE 'r1:s:school:conversation:%' AND CAST(value AS TEXT) LIKE '%nota antigua%'",
            [],
        )
        .unwrap();
    assert_eq!(changed, 1);
    drop(file);
    let (sound, said) = tools::audit(&app.location(), None);
    assert!(!sound && said.contains("what there was before events had MACs was altered"), "{said}");
}
