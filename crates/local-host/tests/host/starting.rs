//! Starts that work, starts that must not, and stops.

use std::time::{Duration, Instant};

use relevo_local_host::kv::{Backend, Location};
use serde_json::json;

use crate::running::{FREE_PORT, Host, MANIFEST, failed_start};

#[test]
fn variables_reach_the_component_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("values.toml"), "place = \"the-file\"\nsecret_word = \"psst\"\n")
        .unwrap();
    let host = Host::start_in(folder, &["--kv", "memory", "--variables", "values.toml", "--log", "requests"]);
    assert_eq!(host.json("/guest/variable?name=greeting"), json!({ "ok": "psst from the-file" }));
    for (name, why) in [("secret_word", "Undefined"), ("place", "Undefined"), ("No_Name", "InvalidName")] {
        let answer = host.json(&format!("/guest/variable?name={name}"));
        assert!(answer["error"].as_str().unwrap().contains(why), "{answer}");
    }
    let said = host.said();
    assert!(said.contains("chmod 600"), "{said}");
    assert!(said.contains("\"relevo.route\":\"/guest/...\""), "{said}");
    assert!(!said.contains("psst") && !said.contains("hush") && !said.contains("greeting"), "{said}");
}

#[test]
fn a_start_that_cannot_work_says_why() {
    assert!(failed_start(MANIFEST, FREE_PORT, true).contains("SPIN_VARIABLE_SECRET_WORD"));
    for (from, to, named) in [
        ("name = \"test\"", "name = \"test\"\n[application.trigger.http]\nbase = \"/\"", "trigger"),
        ("source = \"GUEST\"", "source = \"absent.wasm\"", "absent.wasm"),
        ("source = \"GUEST\"", "source = \"spin.toml\"", "spin.toml"),
        ("\"http://self\"", "\"http://{{ secret_word }}/path\"", "allowed_outbound_hosts, entry 4"),
        ("/users/:user/...", "/users/*x", "/users/*x"),
    ] {
        let said = failed_start(&MANIFEST.replacen(from, to, 1), FREE_PORT, false);
        assert!(said.contains(named) && !said.contains("hush"), "{to}: {said}");
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = failed_start(MANIFEST, &address, false);
    assert!(said.contains(&address), "{said}");
}

#[tokio::test]
async fn a_stop_lets_requests_and_later_work_finish_and_leaves_a_whole_file() {
    let mut host = Host::start_with(&["--kv", "sqlite:kv.db"]);
    host.json("/guest/later?key=k&ms=1000");
    let (address, base_url) = (host.address().to_owned(), host.base_url.clone());
    let slow = std::thread::spawn(move || {
        let request =
            format!("GET /guest/slow?ms=800 HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        crate::http::ask(&address, &request).status
    });
    std::thread::sleep(Duration::from_millis(200));
    host.signal("TERM");
    std::thread::sleep(Duration::from_millis(100));
    let refused = std::net::TcpStream::connect(base_url.trim_start_matches("http://"));
    assert!(refused.is_err(), "no new connections");
    assert!(host.wait().success());
    assert_eq!(slow.join().unwrap(), 200);
    assert_eq!(host.said(), "", "a clean stop says nothing");
    let path = host.folder.path().join("kv.db");
    assert!(!path.with_extension("db-wal").exists());
    let bucket = Backend::open_existing(&Location::Sqlite(path)).await.unwrap().bucket("default");
    assert_eq!(bucket.get("k").await, Ok(Some(b"done".to_vec())));
}

#[test]
fn a_stop_does_not_wait_for_ever() {
    let mut host = Host::start_with(&["--kv", "memory", "--grace", "1"]);
    host.json("/guest/later?key=k&ms=50000");
    let started = Instant::now();
    host.signal("INT");
    host.wait();
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(host.said().contains("grace"), "{}", host.said());
}

#[test]
fn an_idle_host_stops_at_once() {
    let mut host = Host::start();
    host.json("/guest/number");
    std::thread::sleep(Duration::from_millis(100));
    let started = Instant::now();
    host.signal("TERM");
    assert!(host.wait().success());
    assert!(started.elapsed() < Duration::from_millis(500), "{:?}", started.elapsed());
}
