//! Key-value from inside a component, on every backend.

use serde_json::{Value, json};

use crate::{redis_server::RedisServer, running::Host};

fn ok(host: &Host, call: &str) -> Value {
    let answer = host.json(&format!("/guest/{call}"));
    assert!(answer.get("ok").is_some(), "{call}: {answer}");
    answer["ok"].clone()
}

fn error(host: &Host, call: &str) -> String {
    let answer = host.json(&format!("/guest/{call}"));
    answer["error"].as_str().unwrap_or_else(|| panic!("{call} was no error: {answer}")).to_owned()
}

/// What is the same on every backend, through both interfaces.
fn check_both_interfaces(host: &Host) {
    ok(host, "store?do=set&key=a&value=1");
    assert_eq!(ok(host, "keyvalue?do=get&key=a"), "1");
    ok(host, "keyvalue?do=set-many&keys=b,c&value=2");
    assert_eq!(ok(host, "store?do=get&key=c"), "2");
    assert_eq!(ok(host, "store?do=get&key=absent"), Value::Null);
    assert_eq!(ok(host, "store?do=exists&key=b"), true);
    assert_eq!(ok(host, "keyvalue?do=exists&key=absent"), false);
    assert_eq!(ok(host, "keyvalue?do=increment&key=n&delta=5"), 5);
    assert_eq!(ok(host, "keyvalue?do=increment&key=n&delta=-2"), 3);
    assert_eq!(ok(host, "store?do=keys"), json!(["a", "b", "c", "n"]));
    assert_eq!(ok(host, "keyvalue?do=list-keys"), json!([["a", "b", "c", "n"], null]));
    ok(host, "store?do=delete&key=a");
    ok(host, "keyvalue?do=delete&key=b");
    ok(host, "keyvalue?do=delete-many&keys=c,n,absent");
    assert_eq!(ok(host, "store?do=keys"), json!([]));
    assert!(error(host, "keyvalue?do=cas&key=a").contains("compare-and-swap"));
    assert!(error(host, "store?do=get&key=a&label=other").contains("AccessDenied"));
    let many = host.json("/guest/store?do=open-many");
    assert_eq!(many["open"], 256);
    assert!(many["error"].as_str().unwrap().contains("StoreTableFull"));
    // All of them were given back.
    ok(host, "store?do=keys");
}

#[test]
fn memory() {
    check_both_interfaces(&Host::start());
}

#[test]
fn sqlite() {
    let host = Host::start_with(&["--kv", "sqlite:state/kv.db"]);
    check_both_interfaces(&host);
    ok(&host, "keyvalue?do=set-many&keys=a,b&value=1");
    assert_eq!(ok(&host, "keyvalue?do=get-many&keys=a,absent,b"), json!([["a", "1"], ["b", "1"]]));
}

#[test]
fn redis_and_its_edges() {
    let server = RedisServer::start();
    let host = Host::start_with(&["--kv", &server.url()]);
    check_both_interfaces(&host);
    assert!(error(&host, "keyvalue?do=get-many&keys=a,b").contains("get-many"));
    ok(&host, "store?do=set&key=text&value=x");
    assert!(error(&host, "keyvalue?do=increment&key=text").contains("not an integer"));
    ok(&host, "keyvalue?do=increment&key=n&delta=12");
    assert_eq!(ok(&host, "store?do=get&key=n"), "12", "digits");
}

#[test]
fn incrementing_what_is_no_counter_breaks_sqlite_until_a_restart() {
    let sqlite = ["--kv", "sqlite:kv.db"];
    let host = Host::start_with(&sqlite);
    ok(&host, "store?do=set&key=text&value=x");
    assert_eq!(host.get("/guest/keyvalue?do=increment&key=text").status, 500);
    for call in ["store?do=get&key=text", "keyvalue?do=get&key=text", "store?do=set&key=a&value=1"] {
        assert_eq!(host.get(&format!("/guest/{call}")).status, 500, "{call}");
    }
    assert_eq!(host.get("/guest/number").status, 200, "the host itself goes on");
    let host = Host::start_in(host.kill(), &sqlite);
    assert_eq!(ok(&host, "store?do=get&key=text"), "x");
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let sqlite = ["--kv", "sqlite:kv.db"];
    let mut host = Host::start_with(&sqlite);
    let mut acknowledged = 0;
    for _ in 0..3 {
        for _ in 0..20 {
            acknowledged = ok(&host, "keyvalue?do=increment&key=n").as_i64().unwrap();
        }
        host = Host::start_in(host.kill(), &sqlite);
        let next = ok(&host, "keyvalue?do=increment&key=n").as_i64().unwrap();
        assert_eq!(next, acknowledged + 1);
    }
}

#[test]
fn no_number_is_lost_between_instances() {
    let host = Host::start_with(&["--kv", "sqlite:kv.db"]);
    let answers = host.get_all(&vec!["/guest/keyvalue?do=increment&key=n".to_owned(); 60]);
    let number = |body: &str| serde_json::from_str::<Value>(body).unwrap()["ok"].as_i64().unwrap();
    let mut numbers: Vec<i64> = answers.iter().map(|answer| number(&answer.body)).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=60).collect::<Vec<_>>());
}

#[test]
fn calls_are_noted_with_keys_and_sizes_and_without_values() {
    let host = Host::start_with(&["--kv", "memory", "--kv-calls", "calls"]);
    ok(&host, "keyvalue?do=set-many&keys=b,c&value=secret");
    ok(&host, "store?do=get&key=c");
    ok(&host, "store?do=get&key=absent");
    ok(&host, "keyvalue?do=increment&key=n&delta=5");
    ok(&host, "keyvalue?do=delete-many&keys=b,c");
    let folder = host.kill();
    let calls = std::fs::read_to_string(folder.path().join("calls")).unwrap();
    let expected = [
        "guest\tset-many\tb\t6\tc\t6",
        "guest\tget\tc\t6",
        "guest\tget\tabsent\t-",
        "guest\tincrement\tn\t-",
        "guest\tdelete-many\tb\t-\tc\t-",
    ];
    assert_eq!(calls.lines().collect::<Vec<_>>(), expected);
}
