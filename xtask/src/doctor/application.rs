//! A running application: does it answer, what does it say of itself, are its desks set up.

use serde_json::Value;

use super::Finding;
use crate::clock;
use crate::http::Client;
use crate::up::info::Info;

/// The components' clock may differ from this machine's by so much.
const SKEW_MS: i64 = 2_000;

/// Asks it how it is.
pub fn look(base_url: &str, tick_token: &str) -> Vec<Finding> {
    let client = Client::new(base_url);
    let what = "application";
    let live = match client.send("GET", "/.well-known/spin/health", &[], None) {
        Err(_) => {
            let why = format!("nothing answers at {base_url}");
            return vec![Finding::wrong(what, why, "start it, or look at its log for why it ended")];
        }
        Ok(answer) => answer,
    };
    if !live.is_success() {
        let why = format!("something else answers at {base_url} (status {})", live.status);
        return vec![Finding::wrong(what, why, "another program has the port: choose another with --port")];
    }
    let health = match client.get("/internal/health", tick_token) {
        Ok(answer) if answer.status == 401 => {
            let todo = "use the value of the variable tick_token; the schedule needs the same one";
            return vec![Finding::wrong(what, "the tick token is not the one it has", todo)];
        }
        Ok(answer) if matches!(answer.status, 200 | 503) => answer,
        Ok(answer) => {
            let why = format!("it does not say how it is (status {})", answer.status);
            return vec![Finding::wrong(what, why, "is this version deployed? Its log has more")];
        }
        Err(error) => return vec![Finding::wrong(what, format!("{error:#}"), "look at its log")],
    };
    match serde_json::from_str::<Value>(&health.body) {
        Ok(health) if health["checks"].is_array() => judge(&health, clock::now_ms()),
        _ => vec![Finding::wrong(
            what,
            "what answers is not this application",
            "another program has the port, or a proxy is in between",
        )],
    }
}

/// Puts what it says of itself into words.
fn judge(health: &Value, now_ms: i64) -> Vec<Finding> {
    let mut findings = vec![Finding::well("application", format!("it answers and is {}", health["status"]))];
    let at = health["at"].as_str().and_then(|at| chrono::DateTime::parse_from_rfc3339(at).ok());
    if let Some(at) = at {
        let off = at.timestamp_millis() - now_ms;
        if off.abs() > SKEW_MS {
            let why = format!("it is {off} ms off this machine's");
            findings.push(Finding::wrong(
                "its clock",
                why,
                "let its machine take the time from an NTP server",
            ));
        }
    }
    for check in health["checks"].as_array().into_iter().flatten() {
        let text = |name: &str| check[name].as_str().unwrap_or_default();
        let (name, detail) = (text("name"), text("detail"));
        findings.push(match (check["ok"] == true, check["required"] == true) {
            (true, _) => Finding::well(name, detail),
            (false, required) => {
                let todo = todo(name);
                if required {
                    Finding::wrong(name, detail, todo)
                } else {
                    Finding::doubtful(name, detail, todo)
                }
            }
        });
    }
    findings
}

/// What to do about a check of this name.
fn todo(name: &str) -> &'static str {
    match name.split('.').next().unwrap_or_default() {
        "store" => {
            "see that the store runs, that its address in the runtime configuration is right and its disk is not full"
        }
        "master_key" => {
            "set the variable master_key to the key that this store was filled with; without it nothing can be read"
        }
        "tick" => {
            "have a schedule post /internal/tick/… every few seconds with `Authorization: Bearer <tick_token>`"
        }
        "projection" => {
            "post /internal/tick/projections until it says that there is no more; see that the store is quick"
        }
        "outbox" => "look at /api/{desk}/outbox?status=queued: `why` says what the receiver answers",
        "pack" => "publish a pack: PUT /api/{desk}/pack with the admin token",
        "secrets" => {
            "set them: PUT /api/{desk}/channels/{channel}/{account}/secrets; until then its webhooks are refused"
        }
        "public_url" => {
            "set the variable public_url to the origin under which customers reach it, such as https://desk.example.org"
        }
        _ => "its log has more",
    }
}

/// The desks that `up` set up are there.
pub fn desks(info: &Info) -> Vec<Finding> {
    let client = Client::new(&info.base_url);
    let desk = |name: &String| {
        let what = format!("desk {name}");
        match client.get(&format!("/api/{name}/pack"), &info.admin_token) {
            Ok(answer) if answer.is_success() => Finding::well(&what, "its pack is published"),
            Ok(answer) if answer.status == 404 => Finding::wrong(&what, "it has no pack", todo("pack")),
            Ok(answer) => Finding::wrong(
                &what,
                format!("its pack cannot be read (status {})", answer.status),
                "its log has more",
            ),
            Err(error) => Finding::wrong(&what, format!("{error:#}"), "look at its log"),
        }
    };
    info.desks.keys().map(desk).collect()
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;
    use crate::stand_in::StandIn;
    use serde_json::json;
    use std::net::TcpListener;

    #[test]
    fn nothing_and_something_else_at_the_address_are_told_apart() {
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let found = look(&format!("http://127.0.0.1:{port}"), "t");
        assert!(found[0].text().contains("nothing answers"), "{found:?}");
        // A server that answers everything with 200 and {} is not the application.
        let other = StandIn::start(None).expect("starts");
        let found = look(&other.base_url(), "t");
        assert!(found[0].text().contains("not this application"), "{found:?}");
    }

    #[test]
    fn what_it_says_of_itself_is_told_with_what_to_do() {
        let checks = [
            ("store", true, true),
            ("master_key", false, true),
            ("tick.sla", false, false),
            ("projection.school.views", false, false),
            ("outbox.school", false, false),
            ("pack.school", false, false),
            ("secrets.school", false, false),
            ("public_url", false, false),
        ];
        let checks = checks.map(|(name, ok, required)| json!({"name": name, "ok": ok, "required": required, "detail": "as it is"}));
        let health = json!({"status": "unready", "at": "2026-05-01T12:00:00Z", "checks": checks});
        let at = chrono::DateTime::parse_from_rfc3339("2026-05-01T12:00:00Z")
            .expect("an instant")
            .timestamp_millis();
        let found = judge(&health, at);
        let state = |name: &str| found.iter().find(|f| f.what == name).map(|f| f.state.clone());
        assert!(matches!(state("store"), Some(State::Well(_))));
        assert!(
            matches!(state("master_key"), Some(State::Wrong { todo, .. }) if todo.contains("filled with"))
        );
        assert!(matches!(state("tick.sla"), Some(State::Doubtful { todo, .. }) if todo.contains("schedule")));
        assert!(
            matches!(state("secrets.school"), Some(State::Doubtful { todo, .. }) if todo.contains("secrets"))
        );
        assert!(found.iter().all(|f| !f.text().contains("its log has more")), "each has advice of its own");
        assert_eq!(state("its clock"), None);
        let late = judge(&health, at + 60_000);
        assert!(late.iter().any(|f| f.what == "its clock" && f.text().contains("-60000 ms")), "{late:?}");
    }
}
