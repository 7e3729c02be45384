//! Requests that components send.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{http::Server, running::Host};

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

fn fetch(host: &Host, url: &str, more: &str) -> Value {
    host.json(&format!("/guest/fetch?url={}{more}", url.replace('&', "%26").replace('?', "%3F")))
}

#[test]
fn what_is_allowed_is_sent_over_kept_connections() {
    let host = Host::start();
    let server = Server::start(HELLO, Duration::ZERO);
    for _ in 0..2 {
        let answer = fetch(&host, &format!("http://{}/some/path?x=1", server.address), "");
        assert_eq!(answer, json!({ "status": 200, "body": "hello" }));
        let head = server.heads.recv_timeout(Duration::from_secs(5)).unwrap().to_lowercase();
        assert!(head.starts_with("get /some/path?x=1 http/1.1\r\n"), "{head}");
        assert_eq!(head.matches(&format!("host: {}\r\n", server.address)).count(), 1, "{head}");
    }
}

#[test]
fn what_is_not_allowed_is_denied() {
    let host = Host::start();
    for url in [
        "http://localhost:1/",
        "http://10.0.0.1:1/",
        "http://example.com/",
        "http://guest.spin.internal/number",
    ] {
        let answer = fetch(&host, url, "");
        assert_eq!(answer, json!({ "error": "ErrorCode::HttpRequestDenied" }), "{url}");
    }
    host.wait_until_said("allowed_outbound_hosts");
}

#[test]
fn what_only_a_star_allows_is_not_connected_to_inside() {
    let host = Host::start();
    let server = Server::start(HELLO, Duration::ZERO);
    let port = server.address.rsplit(':').next().unwrap();
    // An address, the same in IPv6, and names that lead there: the name is looked up where it is connected.
    for inside in ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "169.254.169.254", "localhost"] {
        let answer = fetch(&host, &format!("https://{inside}:{port}/"), "");
        assert_eq!(answer, json!({ "error": "ErrorCode::DestinationIpProhibited" }), "{inside}");
    }
    assert!(server.heads.try_recv().is_err());
}

#[test]
fn a_redirect_is_an_answer_and_not_followed() {
    let host = Host::start();
    let second = Server::start(HELLO, Duration::ZERO);
    let location =
        format!("HTTP/1.1 302 Found\r\nlocation: http://{}/\r\ncontent-length: 0\r\n\r\n", second.address);
    let first = Server::start(location.leak(), Duration::ZERO);
    assert_eq!(fetch(&host, &format!("http://{}/", first.address), ""), json!({ "status": 302, "body": "" }));
    assert!(second.heads.try_recv().is_err());
}

#[test]
fn the_requests_time_limit_is_kept() {
    let host = Host::start();
    let server = Server::start(HELLO, Duration::from_secs(5));
    let started = Instant::now();
    let answer = fetch(&host, &format!("http://{}/", server.address), "&first_byte_ms=300");
    assert_eq!(answer, json!({ "error": "ErrorCode::ConnectionReadTimeout" }));
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[test]
fn nobody_there_is_an_error_of_its_own() {
    let host = Host::start();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(
        fetch(&host, &format!("http://{free}/"), ""),
        json!({ "error": "ErrorCode::ConnectionRefused" })
    );
}

#[test]
fn components_call_each_other_by_name() {
    let host = Host::start();
    let answer = fetch(&host, "http://hidden.spin.internal/echo?a=1", "");
    assert_eq!(answer["status"], 200);
    let echo: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    let header = |name: &str| {
        let found = echo["headers"].as_array().unwrap().iter().find(|header| header[0] == name);
        found.map(|header| header[1].as_str().unwrap().to_owned()).unwrap_or_default()
    };
    assert_eq!(header("spin-client-addr"), "0.0.0.0:0");
    assert_eq!(header("spin-path-info"), "/echo");
    assert_eq!(header("spin-raw-component-route"), "/...");
    assert_eq!(header("spin-full-url"), "http://localhost/echo?a=1");
    let absent = fetch(&host, "http://absent.spin.internal/", "");
    assert!(absent["error"].as_str().unwrap().contains("no component"), "{absent}");
}

#[test]
fn a_component_cannot_limit_anothers_time_but_can_stop_waiting() {
    let host = Host::start();
    let slow = "http://hidden.spin.internal/slow?ms=1000";
    assert_eq!(fetch(&host, slow, "&first_byte_ms=100")["status"], 200, "as on Spin");
    assert_eq!(fetch(&host, slow, "&give_up_ms=100"), json!({ "error": "gave up" }));
}

#[test]
fn a_trap_of_another_component_is_its_own() {
    let host = Host::start();
    assert_eq!(host.json("/guest/number"), 1);
    let answer = fetch(&host, "http://hidden.spin.internal/trap", "");
    assert_eq!(answer, json!({ "status": 500, "body": "" }));
    assert_eq!(host.json("/guest/number"), 3);
}

#[test]
fn a_component_calls_the_applications_own_routes() {
    let host = Host::start();
    let answer = fetch(&host, "http://self.alt/exact", "");
    assert_eq!(answer, json!({ "status": 200, "body": "{\"path\":\"/exact\"}" }));
}
