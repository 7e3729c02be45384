//! Instances are reused, and what follows from it.

use std::{
    thread::{self, sleep},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::running::Host;

#[test]
fn statics_survive_from_request_to_request_up_to_128() {
    let host = Host::start();
    let numbers: Vec<u64> = (0..130).map(|_| host.json("/guest/number").as_u64().unwrap()).collect();
    assert_eq!(numbers[..128], (1..=128).collect::<Vec<_>>());
    assert_eq!(numbers[128..], [1, 2]);
}

#[test]
fn an_instance_takes_sixteen_requests_at_once() {
    let host = Host::start();
    let answers = host.get_all(&vec!["/guest/slow?ms=1500".to_owned(); 40]);
    let mut numbers: Vec<u64> = answers.iter().map(|answer| answer.body.parse().unwrap()).collect();
    numbers.sort_unstable();
    // One 1 for each instance: fewer than requests, and enough for sixteen in each.
    let instances = numbers.iter().filter(|number| **number == 1).count();
    assert!((3..40).contains(&instances), "{numbers:?}");
    assert!(numbers.iter().all(|number| *number <= 16), "{numbers:?}");
    assert!(numbers.contains(&2), "instances are shared: {numbers:?}");
}

#[test]
fn an_idle_instance_goes_after_a_second() {
    let host = Host::start();
    assert_eq!(host.json("/guest/number"), 1);
    sleep(Duration::from_millis(1_500));
    assert_eq!(host.json("/guest/number"), 1);
}

#[test]
fn a_trap_ends_the_requests_on_its_instance_and_the_host_goes_on() {
    let host = Host::start();
    assert_eq!(host.json("/guest/number"), 1);
    thread::scope(|scope| {
        let slow = scope.spawn(|| host.get("/guest/slow?ms=5000"));
        sleep(Duration::from_millis(300));
        let started = Instant::now();
        assert_eq!(host.get("/guest/trap").status, 500);
        assert_eq!(slow.join().unwrap().status, 500, "it shared the instance");
        assert!(started.elapsed() < Duration::from_secs(3));
    });
    assert_eq!(host.json("/guest/number"), 1, "a new instance");
    host.wait_until_said("component guest: an instance failed");
}

#[test]
fn an_error_instead_of_a_response_is_500_and_harms_nobody() {
    let host = Host::start();
    assert_eq!(host.get("/guest/error").status, 500);
    assert_eq!(host.json("/guest/number"), 2, "the same instance");
}

#[test]
fn a_request_that_takes_too_long_is_504_while_others_are_answered() {
    let host = Host::start_with(&["--kv", "memory", "--request-timeout", "2"]);
    thread::scope(|scope| {
        let late =
            ["/guest/endless", "/guest/slow?ms=60000"].map(|path| scope.spawn(|| host.get(path).status));
        sleep(Duration::from_millis(300));
        let started = Instant::now();
        assert_eq!(host.get("/guest/number").status, 200);
        assert!(started.elapsed() < Duration::from_secs(1));
        assert_eq!(late.map(|answer| answer.join().unwrap()), [504, 504]);
    });
    assert_eq!(host.get("/guest/number").status, 200);
}

#[test]
fn work_after_the_response_goes_on() {
    let host = Host::start();
    let started = Instant::now();
    host.json("/guest/later?key=k&ms=1500");
    assert!(started.elapsed() < Duration::from_secs(1));
    assert_eq!(host.json("/guest/store?do=get&key=k"), json!({ "ok": null }));
    sleep(Duration::from_millis(2_000));
    assert_eq!(host.json("/guest/store?do=get&key=k"), json!({ "ok": "done" }));
}

#[test]
fn what_a_component_prints_comes_out_in_whole_lines() {
    let host = Host::start();
    host.json("/guest/print");
    host.wait_until_said("no end of line\n");
    let said = host.said();
    assert!(said.contains("to stdout\n") && said.contains("to stderr\n"), "{said}");
}
