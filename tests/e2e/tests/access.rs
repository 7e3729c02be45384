//! Every route against every caller and method that it does not name: made from the table that components dispatch
//! by, so that no route can be added and forgotten here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use relevo_e2e::{ADMIN_TOKEN, Answer, App, Caller, Client, Desk, MASTER_KEY, Store, TICK_TOKEN};
use serde_json::{Value, json};

/// The table itself, as it is written.
const TABLE: &str = include_str!("../../../crates/edge/src/routes.rs");

/// Roles, the lowest first.
const ROLES: [&str; 5] = ["service", "agent", "lead", "manager", "admin"];

const METHODS: [&str; 8] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"];

/// A line of the table.
struct Route {
    name: &'static str,
    method: &'static str,
    /// With words of its own instead of `{…}`, at the desk `school`.
    path: String,
    access: &'static str,
    /// Other components alone may call it, and nobody else finds it.
    is_from_inside: bool,
}

impl Route {
    /// The lowest role that may call it; none: it takes no token of a desk.
    fn role(&self) -> Option<usize> {
        ROLES.iter().position(|role| role.eq_ignore_ascii_case(self.access))
    }
}

fn routes() -> Vec<Route> {
    let lines = TABLE.lines().filter_map(|line| line.strip_prefix("    route("));
    let routes: Vec<_> = lines
        .map(|line| {
            let mut texts = line.split('"').skip(1).step_by(2);
            let mut text = || texts.next().expect("four texts");
            let (name, _, method, path) = (text(), text(), text(), text());
            let access = line.split(&format!("\"{path}\", ")).nth(1).unwrap().split(',').next().unwrap();
            let path = path.replace("{desk}", "school").replace(['{', '}'], "");
            let is_from_inside = line.contains("reachable from inside only");
            Route { name, method, path, access, is_from_inside }
        })
        .collect();
    assert!(routes.len() > 45, "{} routes: does this still read the table?", routes.len());
    let known = ["Access::Public", "Access::Webhook", "Access::Schedule"];
    for route in &routes {
        assert!(route.role().is_some() || known.contains(&route.access), "{}: {}", route.name, route.access);
    }
    routes
}

fn bearer(token: &str) -> Vec<(&'static str, String)> {
    vec![("authorization", format!("Bearer {token}"))]
}

fn call(client: &Client, route: &Route, headers: &[(&'static str, String)]) -> Answer {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let body = (route.method != "GET").then_some(&b"{}"[..]);
    client.send(route.method, &route.path, &headers, body)
}

/// A token of each role.
fn of_each_role(desk: &Desk) -> BTreeMap<&'static str, Caller> {
    let people = desk.pack["people"].as_object().unwrap();
    let (admin, _) = people.iter().find(|(_, person)| person["role"] == "admin").expect("an admin");
    // A service is nobody who works here.
    let named = |role: &str| if role == "service" { "integration" } else { admin.as_str() };
    ROLES.iter().map(|role| (*role, desk.token(named(role), role))).collect()
}

#[test]
fn every_route_refuses_every_caller_that_it_does_not_name() {
    let (app, school) = App::school(Store::Sqlite);
    let travel = app.publish("travel");
    let (own, foreign) = (of_each_role(&school), of_each_role(&travel));
    let client = app.client();

    let issued = |role: &str| {
        let body = json!({"person": own["admin"].person, "role": role});
        school.admin.post("tokens", &body).is(201).json()
    };
    let token = |answer: &Value| answer["token"].as_str().unwrap().to_owned();
    let at = |answer: &Value, more: &str| format!("tokens/{}{more}", answer["id"].as_str().unwrap());
    let (revoked, over) = (issued("admin"), issued("admin"));
    school.admin.delete(&at(&revoked, "")).is(204);
    school.admin.post(&at(&over, "/rotation"), &json!({"overlap_minutes": 0})).is(201);
    let limited = school
        .admin
        .post("tokens", &json!({"person": own["admin"].person, "role": "admin", "operations": ["me"]}))
        .is(201)
        .json();

    let mut nobody: Vec<(String, Vec<(&str, String)>)> = vec![
        ("without a token".into(), vec![]),
        ("with an empty one".into(), bearer("")),
        ("with another scheme".into(), vec![("authorization", format!("Basic {ADMIN_TOKEN}"))]),
        ("with the token alone".into(), vec![("authorization", own["admin"].token.clone())]),
        ("with it in a cookie".into(), vec![("cookie", format!("token={}", own["admin"].token))]),
        ("with the schedule's".into(), bearer(TICK_TOKEN)),
        ("with the master key".into(), bearer(MASTER_KEY)),
        ("with a revoked one".into(), bearer(&token(&revoked))),
        ("with one that is over".into(), bearer(&token(&over))),
    ];
    for (role, caller) in &foreign {
        nobody.push((format!("as {role} of another desk"), bearer(&caller.token)));
    }

    for (n, route) in routes().into_iter().enumerate() {
        // So many wrong ones in a minute would be slowed down.
        if n % 40 == 39 {
            app.set_clock(app.clock() + 61);
        }
        let what = |who: &str| format!("{} {} {who}", route.method, route.path);
        if route.is_from_inside {
            // It does not exist outside, whatever comes with it and whatever the host is called.
            for headers in [bearer(TICK_TOKEN), bearer(ADMIN_TOKEN)] {
                call(client, &route, &headers).is(404);
                for host in ["delivery.spin.internal", "templates.spin.internal:80", "self.alt"] {
                    let mut headers = headers.clone();
                    headers.push(("host", host.to_owned()));
                    assert_eq!(call(client, &route, &headers).status, 404, "{}", what(host));
                }
            }
            continue;
        }
        if route.access == "Access::Schedule" {
            for (who, headers) in nobody.iter().filter(|(who, _)| who != "with the schedule's") {
                assert_eq!(call(client, &route, headers).problem(401), "unauthorized", "{}", what(who));
            }
            for caller in own.values() {
                assert_eq!(call(client, &route, &bearer(&caller.token)).problem(401), "unauthorized");
            }
            assert_eq!(call(client, &route, &bearer(ADMIN_TOKEN)).problem(401), "unauthorized");
            // Health may say that something is wrong.
            assert!([200, 503].contains(&call(client, &route, &bearer(TICK_TOKEN)).status), "{}", route.path);
        }
        if route.access == "Access::Webhook" {
            for (who, headers) in &nobody {
                let code = call(client, &route, headers).problem(401);
                assert_eq!(code, "webhook_refused", "{}", what(who));
            }
        }
        let Some(needed) = route.role() else { continue };
        for (who, headers) in &nobody {
            let answer = call(client, &route, headers);
            assert_eq!(answer.header("www-authenticate"), "Bearer", "{}", what(who));
            assert_eq!(answer.problem(401), "unauthorized", "{}", what(who));
        }
        for (n, role) in ROLES.iter().enumerate() {
            let answer = call(client, &route, &bearer(&own[role].token));
            if n < needed {
                assert_eq!(answer.problem(403), "forbidden", "{}", what(role));
            } else {
                assert!(![401, 403, 429, 500].contains(&answer.status), "{}: {}", what(role), answer.body);
            }
        }
        let answer = call(client, &route, &bearer(&token(&limited)));
        if route.name == "me" {
            answer.is(200);
        } else {
            assert_eq!(answer.problem(403), "forbidden", "{}", what("limited to another operation"));
        }
    }
}

#[test]
fn every_path_takes_its_own_methods_alone_and_no_other_origin_may_ask() {
    let app = App::bare(Store::Sqlite);
    let mut by_path: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let routes = routes();
    for route in routes.iter().filter(|route| !route.is_from_inside) {
        by_path.entry(route.path.clone()).or_default().insert(route.method);
    }
    for (path, own) in &by_path {
        let allow: Vec<_> = own.iter().copied().collect();
        for method in METHODS.iter().filter(|method| !own.contains(**method)) {
            let headers = [
                ("origin", "https://elsewhere.example.org"),
                ("access-control-request-method", "POST"),
                ("access-control-request-headers", "authorization"),
            ];
            let answer = app.client().send(method, path, &headers, None);
            assert_eq!(answer.status, 405, "{method} {path}: {}", answer.body);
            let mut said: Vec<_> = answer.header("allow").split(", ").collect();
            said.sort_unstable();
            assert_eq!(said, allow, "{method} {path}");
            let opened = answer.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
            assert_eq!(opened, None, "{method} {path}");
        }
        if own.contains("GET") {
            let head = app.client().send("HEAD", path, &[], None);
            let get = app.client().send("GET", path, &[], None);
            assert_eq!((head.status, head.body.as_str()), (get.status, ""), "HEAD {path}");
        }
    }
}

#[test]
fn no_answer_holds_a_secret_and_each_says_what_a_browser_may_do_with_it() {
    let (app, desk) = App::school(Store::Sqlite);
    let own = of_each_role(&desk);
    let hook = json!({"url": "https://example.org/hook"});
    let subscriber = desk.admin.post("subscribers", &hook).is(201).json();
    let mut secrets = vec![MASTER_KEY.to_owned(), ADMIN_TOKEN.to_owned(), TICK_TOKEN.to_owned()];
    secrets.extend(own.values().map(|caller| caller.token.clone()));
    secrets.push(subscriber["secret"].as_str().unwrap().to_owned());
    for channel in ["whatsapp", "standard"] {
        secrets.push(desk.secret(channel, "main"));
    }
    secrets.extend(["access-school-main".to_owned(), "verify-school-main".to_owned()]);
    let mut read = 0;
    for route in routes().iter().filter(|route| route.method == "GET") {
        let path = route.path.replace("/reports/report", "/reports/csat");
        for token in [ADMIN_TOKEN, &own["admin"].token] {
            let mut headers = bearer(token);
            headers.push(("origin", "https://elsewhere.example.org".to_owned()));
            headers.push(("x-forwarded-proto", "https".to_owned()));
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = app.client().send("GET", &path, &headers, None);
            for secret in &secrets {
                assert!(!answer.body.contains(secret.as_str()), "{path} holds {secret}");
            }
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("cache-control", "no-store"),
                ("referrer-policy", "no-referrer"),
                ("cross-origin-resource-policy", "same-origin"),
                ("access-control-allow-origin", ""),
                ("set-cookie", ""),
                ("strict-transport-security", "max-age=31536000; includeSubDomains"),
            ] {
                assert_eq!(answer.header(name), value, "{path} {name}");
            }
            let policy = answer.header("content-security-policy");
            assert!(policy.starts_with("default-src 'none'"), "{path} {policy}");
            assert!(policy.contains("frame-ancestors 'none'"), "{path} {policy}");
            read += usize::from(answer.status == 200);
        }
    }
    assert!(read > 20, "{read} were read");
    let plain = app.client().send("GET", "/api/openapi.json", &[], None).is(200);
    assert_eq!(plain.header("strict-transport-security"), "", "said over TLS alone");
    assert!(!app.host.log().contains(ADMIN_TOKEN) && !app.host.log().contains(&own["admin"].token));
}
