//! Which component answers, and with which headers.

use serde_json::Value;

use crate::{http::ask, running::Host};

fn values<'a>(echo: &'a Value, name: &str) -> Vec<&'a str> {
    let headers = echo["headers"].as_array().unwrap();
    headers.iter().filter(|header| header[0] == name).map(|header| header[1].as_str().unwrap()).collect()
}

#[test]
fn forged_spin_headers_come_before_the_hosts_own() {
    let host = Host::start();
    let address = host.address();
    let answer = ask(
        address,
        &format!(
            "POST /guest/echo?q=1 HTTP/1.1\r\nhost: {address}\r\nspin-client-addr: 6.6.6.6:6\r\nspin-path-info: /forged\r\n\
             spin-full-url: http://evil/\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc"
        ),
    );
    let echo: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((echo["method"].as_str(), echo["body"].as_u64()), (Some("POST"), Some(3)));
    let address_of_client = values(&echo, "spin-client-addr");
    assert_eq!(address_of_client[0], "6.6.6.6:6");
    assert!(address_of_client[1].starts_with("127.0.0.1:") && address_of_client.len() == 2);
    assert_eq!(values(&echo, "spin-path-info"), ["/forged", "/echo"]);
    assert_eq!(values(&echo, "spin-full-url"), ["http://evil/", &format!("http://{address}/guest/echo?q=1")]);
    assert_eq!(values(&echo, "spin-matched-route"), ["/guest/..."]);
    assert_eq!(values(&echo, "spin-component-route"), ["/guest"]);
    assert_eq!(values(&echo, "spin-raw-component-route"), ["/guest/..."]);
    assert_eq!(values(&echo, "spin-base-path"), ["/"]);
}

#[test]
fn paths_lead_to_their_routes() {
    let host = Host::start();
    assert_eq!(host.get("/exact").status, 200);
    assert_eq!(host.get("/users/7/number").status, 200);
    for unknown in ["/", "/exact/more", "/hidden", "/users", "/.well-known/spin/nothing"] {
        let answer = host.get(unknown);
        assert_eq!((answer.status, answer.body.as_str()), (404, ""), "{unknown}");
    }
}

#[test]
fn the_host_says_that_it_is_well() {
    let answer = Host::start().get("/.well-known/spin/health");
    assert_eq!((answer.status, answer.body.as_str()), (200, "OK"));
    assert!(answer.head.contains("content-length: 2"));
}

#[test]
fn requests_without_a_clear_host_are_refused() {
    let host = Host::start();
    for headers in ["", "host: not a host\r\n"] {
        let answer =
            ask(host.address(), &format!("GET /exact HTTP/1.1\r\n{headers}connection: close\r\n\r\n"));
        assert_eq!(answer.status, 400, "{headers}");
    }
    let internal = "GET /exact HTTP/1.1\r\nhost: hidden.spin.internal\r\nconnection: close\r\n\r\n";
    assert_eq!(ask(host.address(), internal).status, 400, "only components may say that");
}

#[test]
fn a_header_that_is_not_utf8_is_the_clients_mistake_and_reaches_no_component() {
    let host = Host::start();
    let mut stream = std::net::TcpStream::connect(host.address()).unwrap();
    let mut answer = String::new();
    std::io::Write::write_all(
        &mut stream,
        b"GET /exact HTTP/1.1\r\nhost: x\r\nx: \xff\r\nconnection: close\r\n\r\n",
    )
    .unwrap();
    std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("malformed_request"), "{answer}");
}

#[test]
fn a_connection_is_kept() {
    let host = Host::start();
    let address = host.address();
    let first = format!("GET /guest/number HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let last = format!("GET /guest/number HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    let answer = ask(address, &format!("{first}{last}"));
    assert_eq!(answer.body.matches("HTTP/1.1 200 OK").count(), 1, "{answer:?}");
    assert!(answer.body.starts_with('1') && answer.body.ends_with('2'), "{answer:?}");
}
