//! The ticker.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{http::Server, running::Host};

#[test]
fn the_host_posts_its_own_routes() {
    let tick = [
        "--tick",
        "/guest/later?key=ticked&ms=0=0.2",
        "--tick",
        "/nowhere=0.2",
        "--tick-token-from",
        "secret_word",
    ];
    let host = Host::start_with(&[&["--kv", "memory"], &tick[..]].concat());
    let started = Instant::now();
    while host.json("/guest/store?do=get&key=ticked") != json!({ "ok": "done" }) {
        assert!(started.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(20));
    }
    host.wait_until_said("tick /nowhere: answered 404");
    assert!(!host.said().contains("hush"));
}

#[test]
fn an_application_elsewhere_is_posted_with_the_token_and_never_twice_at_once() {
    let server = Server::start("HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n", Duration::from_millis(400));
    let mut process = Command::new(env!("CARGO_BIN_EXE_relevo-host"))
        .args([
            "tick",
            "--base-url",
            &format!("http://{}", server.address),
            "--tick",
            "/internal/tick/sla=0.1",
        ])
        .env("SPIN_VARIABLE_TICK_TOKEN", "t0ken")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut times = Vec::new();
    for _ in 0..3 {
        let head = server.heads.recv_timeout(Duration::from_secs(10)).unwrap();
        times.push(Instant::now());
        assert!(head.starts_with("POST /internal/tick/sla HTTP/1.1\r\n"), "{head}");
        assert!(
            head.contains("authorization: Bearer t0ken\r\n") && head.contains("content-length: 0\r\n"),
            "{head}"
        );
    }
    let _ = process.kill();
    let _ = process.wait();
    for pair in times.windows(2) {
        assert!(pair[1] - pair[0] >= Duration::from_millis(350), "the next waits for the answer: {times:?}");
    }
}

#[test]
fn a_ticker_without_a_token_does_not_start() {
    let output = Command::new(env!("CARGO_BIN_EXE_relevo-host"))
        .args(["tick", "--base-url", "http://127.0.0.1:1", "--tick", "/t=1"])
        .env_remove("SPIN_VARIABLE_TICK_TOKEN")
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("tick_token"));
}
