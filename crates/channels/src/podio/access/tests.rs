use super::*;
use crate::{Outcome, exchange::testing};

fn account(app: bool) -> Account {
    let settings = match app {
        true => json!({"app_id": 71, "client_id": "relevo"}),
        false => json!({}),
    };
    Account {
        access_token: Some("app-token".into()),
        client_secret: Some("shh".into()),
        settings: settings.as_object().cloned().unwrap_or_default(),
        ..Account::default()
    }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + Duration::seconds(seconds)
}

const TOKEN: &str =
    r#"{"access_token": "t1", "token_type": "bearer", "expires_in": 28800, "refresh_token": "r"}"#;

fn play(call: &mut Call, account: &Account, now: i64, answers: &[(u16, &str)]) -> (Vec<String>, String) {
    let (asked, _, end) = testing::play(call, account, at(now), answers);
    (asked, end)
}

#[test]
fn an_app_signs_in_once_and_its_token_is_used_until_it_ends() {
    let account = account(true);
    let mut call = Call::item("3000", None);
    let (asked, end) = play(&mut call, &account, 0, &[(200, TOKEN), (200, r#"{"item_id": 3000}"#)]);
    assert_eq!(asked, ["POST /oauth/token/v2", "GET /item/3000 OAuth2 t1"]);
    assert_eq!(end, "done");
    let token = call.new_token().cloned();
    assert_eq!(call.into_document(), Some(json!({"item_id": 3000})));

    let mut later = Call::item("3001", token.clone());
    assert_eq!(play(&mut later, &account, 28_739, &[(200, "{}")]).0, ["GET /item/3001 OAuth2 t1"]);
    assert!(later.new_token().is_none());
    let mut too_late = Call::item("3001", token);
    let renewed = [(200, &*TOKEN.replace("t1", "t2")), (200, "{}")];
    assert_eq!(play(&mut too_late, &account, 28_740, &renewed).0[1], "GET /item/3001 OAuth2 t2");
}

#[test]
fn the_request_for_a_token_is_the_one_of_the_app_flow() {
    let Turn::Ask(request) = Call::item("1", None).begin(&account(true), at(0)) else { panic!("no request") };
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let expected = json!({"grant_type": "app", "app_id": "71", "app_token": "app-token", "client_id": "relevo",
        "client_secret": "shh", "redirect_uri": null});
    assert_eq!(body, expected);
}

#[test]
fn a_token_that_is_no_longer_taken_is_renewed_and_a_new_one_that_is_not_is_given_up() {
    let account = account(true);
    let old = Some(Token { token: "old".into(), until: at(9_000) });
    let expired = (401, r#"{"error": "unauthorized", "error_description": "expired_token"}"#);
    let mut call = Call::item("3000", old.clone());
    let (asked, end) = play(&mut call, &account, 0, &[expired, (200, TOKEN), (200, "{}")]);
    assert_eq!(asked, ["GET /item/3000 OAuth2 old", "POST /oauth/token/v2", "GET /item/3000 OAuth2 t1"]);
    assert!(end == "done" && call.new_token().is_some());
    let mut call = Call::item("3000", old);
    let (_, end) = play(&mut call, &account, 0, &[expired, (200, TOKEN), expired]);
    assert_eq!(end, "the provider does not take the account's token");
}

#[test]
fn what_cannot_be_had_now_is_tried_later_and_what_is_gone_is_not() {
    let cases = [
        ((404, "{}"), "the provider no longer has the item"),
        ((410, "{}"), "the provider no longer has the item"),
        ((403, "{}"), "the provider does not let this app see it"),
        ((401, "{}"), "the provider does not take the account's token"),
        ((400, "{}"), "HTTP 400"),
        ((420, "{}"), "later: HTTP 420"),
        ((429, "{}"), "later: HTTP 429"),
        ((503, ""), "later: HTTP 503"),
        ((200, "<html>"), "later: the provider's answer is no item"),
    ];
    for (given, expected) in cases {
        let (asked, end) = play(&mut Call::item("3000", None), &account(false), 0, &[given]);
        assert_eq!((asked[0].as_str(), end.as_str()), ("GET /item/3000 OAuth2 app-token", expected));
    }
    let sign_in = [
        (
            (401, r#"{"error": "invalid_client"}"#),
            "the provider does not take the app's id, token or client secret",
        ),
        ((429, "{}"), "later: HTTP 429"),
        ((200, "{}"), "later: the provider gave no token"),
    ];
    for (given, expected) in sign_in {
        assert_eq!(play(&mut Call::item("3000", None), &account(true), 0, &[given]).1, expected);
    }
    let asked_to_wait = HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from_static("30"))]);
    let answered = Answered { status: 420, headers: &asked_to_wait, body: b"" };
    let turn = Call::item("1", None).next(&account(false), answered, at(0));
    assert!(matches!(turn, Turn::Not(Outcome::Retry { after_seconds: Some(30), .. })), "{turn:?}");
}

#[test]
fn an_account_that_cannot_sign_in_says_what_it_lacks_and_ids_are_numbers() {
    let bare = Account { client_secret: None, ..account(true) };
    let why = |mut call: Call, account: &Account| play(&mut call, account, 0, &[]).1;
    assert_eq!(why(Call::item("1", None), &bare), "the channel account lacks `client_secret`");
    let nothing = Account::default();
    assert_eq!(why(Call::item("1", None), &nothing), "the channel account lacks `access_token`");
    assert!(why(Call::item("../hook/1", None), &account(false)).contains("not a number"));
    assert!(why(Call::validation("1/2", "c", None), &account(false)).contains("not a number"));
}
