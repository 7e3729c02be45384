use super::*;
use relevo_channels::{Secret, standard};
use serde_json::json;

fn account() -> Account {
    Account {
        secrets: vec!["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()],
        settings: json!({ "path": "/hooks/relevo" }).as_object().unwrap().clone(),
        ..Account::default()
    }
}

#[test]
fn the_documented_example_is_signed_as_documented() {
    let time = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
    let headers =
        standard::sign("msg_p5jXN8AQM9LWM0D4loKWxJek", br#"{"test": 2432232314}"#, &account().secrets, time);
    let headers = headers.unwrap();
    assert_eq!(headers["webhook-id"], "msg_p5jXN8AQM9LWM0D4loKWxJek");
    assert_eq!(headers["webhook-timestamp"], "1614265330");
    assert_eq!(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn what_is_sent_passes_the_own_check_with_either_secret() {
    let old: Secret = "whsec_b2xkIHNlY3JldCB0aGF0IGlzIHJvdGF0ZWQ=".into();
    let both = Account { secrets: [account().secrets, vec![old.clone()]].concat(), ..account() };
    let message = Outbound::text("out_1", address(AddressKind::User, "u-1"), " Hola\n");
    let sent = format("standard", &message, &both).unwrap();
    assert_eq!(sent.path, "/hooks/relevo");
    for secrets in [account().secrets, vec![old]] {
        let request = relevo_channels::Unverified {
            method: sent.method.clone(),
            path_and_query: sent.path.clone(),
            headers: sent.headers.clone(),
            body: sent.body.clone(),
        };
        let account = Account { secrets, ..Account::default() };
        assert!((relevo_channels::channel("standard").unwrap().verify)(request, &account, now()).is_ok());
    }
    assert_eq!(
        serde_json::from_slice::<Value>(&sent.body).unwrap(),
        json!({
            "type": "message", "timestamp": "2026-03-02T09:00:00.000Z",
            "data": { "id": "out_1", "to": "u-1", "to_kind": "user", "text": " Hola\n" },
        })
    );
}

#[test]
fn nothing_is_signed_without_a_secret_or_with_an_id_that_breaks_a_header() {
    let message = Outbound::text("out_1", address(AddressKind::User, "u-1"), "x");
    let bare = Account::default();
    assert_eq!(format("standard", &message, &bare).unwrap_err(), FormatError::Setting("secrets"));
    let message = Outbound { id: "a\nb".into(), ..message };
    assert!(matches!(format("standard", &message, &account()), Err(FormatError::Invalid { .. })));
    let message = Outbound { text: Some(Private(" \n".into())), ..message };
    assert_eq!(format("standard", &message, &account()).unwrap_err(), FormatError::Empty);
}

#[test]
fn only_gone_is_final() {
    assert_eq!(outcome("standard", 204, "", ""), Outcome::Sent { provider_id: None });
    assert!(is_refused(&outcome("standard", 410, "", "")));
    for status in [301, 400, 401, 404, 429, 500, 503] {
        assert!(is_retry(&outcome("standard", status, "", "")), "{status}");
    }
    assert!(matches!(outcome("standard", 503, "120", ""), Outcome::Retry { after_seconds: Some(120), .. }));
}
