//! What is asked of whom, and with which credentials.

use super::*;
use crate::Secret;
use http::header;
use serde_json::{Value, json};

const GRAPH: Place<'static> = Place { base: "https://graph.facebook.com", is_rehearsal: false };
const TWILIO: Place<'static> = Place { base: "https://api.twilio.com", is_rehearsal: false };
const TELEGRAM: Place<'static> = Place { base: "https://api.telegram.org", is_rehearsal: false };
const SLACK: Place<'static> = Place { base: "https://slack.com", is_rehearsal: false };
const STAND_IN: Place<'static> = Place { base: "http://127.0.0.1:4000/", is_rehearsal: true };
const MEDIA: &str = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1";

fn account() -> Account {
    let settings = json!({"account_sid": "AC1"});
    let settings = settings.as_object().cloned().unwrap();
    Account { access_token: Some(Secret::new("12:token")), settings, ..Account::default() }
}

fn first(channel: &str, place: Place<'_>, reference: &str) -> Result<MediaRequest, FormatError> {
    (fetcher(channel).unwrap().first)(&account(), place, reference)
}

fn next(channel: &str, place: Place<'_>, asked: &MediaRequest, status: u16, body: &Value) -> Step {
    answered(channel, place, asked, status, &[(header::RETRY_AFTER, "7")], body)
}

fn answered(
    channel: &str,
    place: Place<'_>,
    asked: &MediaRequest,
    status: u16,
    headers: &[(http::HeaderName, &str)],
    body: &Value,
) -> Step {
    let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
    let body = body.to_string();
    let answered = Answered { status, headers: &headers, body: body.as_bytes() };
    (fetcher(channel).unwrap().next)(&account(), place, asked, answered)
}

fn led_to(place: Place<'_>, asked: &MediaRequest, to: &str) -> Step {
    answered("twilio-sms", place, asked, 307, &[(header::LOCATION, to)], &Value::Null)
}

#[track_caller]
fn asks(step: Step) -> MediaRequest {
    match step {
        Step::Ask(request) => request,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn is_refused(step: &Step, about: &str) {
    assert!(matches!(step, Step::Not(Outcome::Refused { .. })), "{about}: {step:?}");
}

fn authorisation(request: &MediaRequest) -> Option<&str> {
    Some(request.headers.get(header::AUTHORIZATION)?.to_str().unwrap())
}

#[test]
fn the_list_of_slugs_is_what_is_known_how_to_fetch_from() {
    for slug in crate::SLUGS {
        assert_eq!(fetcher(slug).is_some(), is_fetched(slug), "{slug}");
    }
    assert!(FETCHED.iter().all(|slug| crate::SLUGS.contains(slug)));
}

#[test]
fn mailgun_gives_what_it_stored_for_the_key_and_no_other_host_sees_that() {
    let place = Place { base: "https://api.mailgun.net", is_rehearsal: false };
    let path = "/v3/domains/desk.example/messages/eyJ/attachments/0";
    for host in
        ["https://storage-us-east4.api.mailgun.net", "https://so.api.mailgun.net", "https://api.mailgun.net"]
    {
        let file = first("mailgun", place, &format!("{host}{path}")).unwrap();
        assert_eq!(file.url.0, format!("{host}{path}"));
        // `api:12:token`
        assert_eq!(authorisation(&file), Some("Basic YXBpOjEyOnRva2Vu"));
        assert!(matches!(next("mailgun", place, &file, 200, &Value::Null), Step::File));
        is_refused(&next("mailgun", place, &file, 404, &Value::Null), "after three days");
        is_refused(&next("mailgun", place, &file, 302, &Value::Null), "led on");
        assert!(matches!(next("mailgun", place, &file, 503, &Value::Null), Step::Not(Outcome::Retry { .. })));
    }
    for host in [
        "https://example.com",
        "http://so.api.mailgun.net",
        "https://xmailgun.net",
        "https://a@so.api.mailgun.net",
        "https://so.api.mailgun.net.example.com",
    ] {
        assert!(first("mailgun", place, &format!("{host}{path}")).is_err(), "{host}");
    }
    let file = first("mailgun", STAND_IN, &format!("https://so.api.mailgun.net{path}")).unwrap();
    assert_eq!(file.url.0, format!("http://127.0.0.1:4000{path}"));
}

#[test]
fn whatsapp_says_where_the_file_is_and_gives_it_for_the_same_token() {
    let about = first("whatsapp", GRAPH, "42").unwrap();
    assert_eq!(about.url.0, "https://graph.facebook.com/v23.0/42");
    assert_eq!(authorisation(&about), Some("Bearer 12:token"));
    let url = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=42&ext=1&hash=x";
    let file = asks(next("whatsapp", GRAPH, &about, 200, &json!({"url": url, "id": "42"})));
    assert_eq!((file.url.0.as_str(), authorisation(&file)), (url, Some("Bearer 12:token")));
    assert!(matches!(next("whatsapp", GRAPH, &file, 200, &Value::Null), Step::File));
}

#[test]
fn the_token_is_shown_to_no_other_host() {
    let about = first("whatsapp", GRAPH, "42").unwrap();
    for host in [
        "https://example.com/",
        "http://lookaside.fbsbx.com/",
        "https://lookaside.fbsbx.com.example.com/",
        "https://xlookaside.fbsbx.com/",
        "https://lookaside.fbsbx.com@example.com/",
        "https://me@lookaside.fbsbx.com/",
        "https://lookaside.fbsbx.com:8443/",
        "https://169.254.169.254/",
        "//lookaside.fbsbx.com/",
        "",
    ] {
        is_refused(&next("whatsapp", GRAPH, &about, 200, &json!({ "url": host })), host);
        assert!(first("slack", SLACK, &host.replace("lookaside.fbsbx.com", "files.slack.com:1")).is_err());
        assert!(first("messenger", GRAPH, &host.replace("lookaside.fbsbx.com", "cdn.example")).is_err());
    }
    for id in ["", "../me", "1/2", "1?x=y", "ñ"] {
        assert!(first("whatsapp", GRAPH, id).is_err(), "{id}");
    }
}

#[test]
fn messenger_and_instagram_serve_from_their_network_without_a_token() {
    for url in ["https://scontent.xx.fbcdn.net/v/t1/x.jpg?oh=1", "https://lookaside.fbsbx.com/ig/?asset=1"] {
        let file = first("instagram", GRAPH, url).unwrap();
        assert_eq!((file.url.0.as_str(), authorisation(&file)), (url, None));
        assert!(matches!(next("instagram", GRAPH, &file, 200, &Value::Null), Step::File));
        is_refused(&next("messenger", GRAPH, &file, 403, &Value::Null), "its time is over");
    }
    assert!(first("messenger", GRAPH, "https://evilfbcdn.net/x").is_err());
}

#[test]
fn twilio_leads_on_once_and_the_credentials_stay_behind() {
    let media = first("twilio-sms", TWILIO, MEDIA).unwrap();
    assert_eq!((media.url.0.as_str(), authorisation(&media)), (MEDIA, Some("Basic MTI6dG9rZW4=")));
    for to in [
        "https://mms.twiliocdn.com/AC1/x?Signature=y",
        "https://s3-external-1.amazonaws.com/media.twiliocdn.com/AC1/x",
    ] {
        let file = asks(led_to(TWILIO, &media, to));
        assert_eq!((file.url.0.as_str(), authorisation(&file)), (to, None));
        assert!(matches!(next("twilio-sms", TWILIO, &file, 200, &Value::Null), Step::File));
        is_refused(&led_to(TWILIO, &file, to), "on and on");
    }
    assert!(matches!(next("twilio-voice", TWILIO, &media, 200, &Value::Null), Step::File));
    for to in ["https://example.com/", "http://mms.twiliocdn.com/", "https://twiliocdn.com.example.com/", ""]
    {
        is_refused(&led_to(TWILIO, &media, to), to);
    }
    for url in [
        "https://example.com/2010-04-01/Accounts/AC1/x",
        "https://mms.twiliocdn.com/2010-04-01/Accounts/AC1/x",
        "https://api.twilio.com/other",
        "http://api.twilio.com/2010-04-01/Accounts/AC1/x",
        "blob:x",
    ] {
        assert!(first("twilio-sms", TWILIO, url).is_err(), "{url}");
    }
}

#[test]
fn telegram_says_where_the_file_is_below_the_token() {
    let about = first("telegram", TELEGRAM, "AgAC&x=1").unwrap();
    assert_eq!(about.url.0, "https://api.telegram.org/bot12:token/getFile?file_id=AgAC%26x%3D1");
    let found = |path: &str| json!({"ok": true, "result": {"file_path": path}});
    let file = asks(next("telegram", TELEGRAM, &about, 200, &found("photos/file_0.jpg")));
    assert_eq!(file.url.0, "https://api.telegram.org/file/bot12:token/photos/file_0.jpg");
    assert!(matches!(next("telegram", TELEGRAM, &file, 200, &Value::Null), Step::File));
    for path in ["../../me", "a?b", "@example.com", ""] {
        is_refused(&next("telegram", TELEGRAM, &about, 200, &found(path)), path);
    }
    is_refused(&next("telegram", TELEGRAM, &about, 400, &json!({"ok": false})), "gone");
    is_refused(&next("telegram", TELEGRAM, &file, 404, &Value::Null), "gone since");
}

#[test]
fn slack_gives_files_to_bots_that_may_and_a_page_to_others() {
    let url = "https://files.slack.com/files-pri/T1-F1/download/x.png";
    let file = first("slack", SLACK, url).unwrap();
    assert_eq!((file.url.0.as_str(), authorisation(&file)), (url, Some("Bearer 12:token")));
    let answered = |status, headers: &[_]| answered("slack", SLACK, &file, status, headers, &Value::Null);
    let page = (header::CONTENT_TYPE, "text/html; charset=utf-8");
    let sent_as_file = (header::CONTENT_DISPOSITION, "attachment; filename=\"x.html\"");
    assert!(matches!(answered(200, &[(header::CONTENT_TYPE, "image/png")]), Step::File));
    assert!(matches!(answered(200, &[page.clone(), sent_as_file]), Step::File));
    is_refused(&answered(200, &[page]), "a page");
    is_refused(&answered(302, &[(header::LOCATION, "https://slack.com/?redir=x")]), "led to one");
    for url in ["https://slack.example.com/x", "https://evil.com/files.slack.com", "F1&x=1", ""] {
        assert!(first("slack", SLACK, url).is_err(), "{url}");
    }
}

#[test]
fn slack_is_asked_where_a_file_is_of_which_it_gave_only_the_id() {
    let info = first("slack", SLACK, "F07ABC").unwrap();
    let expected = ("https://slack.com/api/files.info?file=F07ABC", Some("Bearer 12:token"));
    assert_eq!((info.url.0.as_str(), authorisation(&info)), expected);
    let next = |status, body: Value| next("slack", SLACK, &info, status, &body);
    let url = "https://files.slack.com/files-pri/T1-F1/download/x.png";
    let file = asks(next(200, json!({"ok": true, "file": {"id": "F07ABC", "url_private_download": url}})));
    assert_eq!((file.url.0.as_str(), authorisation(&file)), (url, Some("Bearer 12:token")));
    for error in ["file_not_found", "file_deleted", "missing_scope", "invalid_auth"] {
        is_refused(&next(200, json!({"ok": false, "error": error})), error);
    }
    is_refused(
        &next(200, json!({"ok": true, "file": {"url_private": "https://evil.example/x"}})),
        "elsewhere",
    );
    is_refused(&next(200, json!({"ok": true, "file": {"mode": "tombstone"}})), "no bytes");
    for (status, error) in [(200, "ratelimited"), (429, ""), (500, "")] {
        let step = next(status, json!({"ok": false, "error": error}));
        assert!(matches!(step, Step::Not(Outcome::Retry { .. })), "{status} {error}: {step:?}");
    }
}

#[test]
fn a_stand_in_plays_all_of_a_providers_hosts_and_no_others() {
    let media = first("twilio-sms", STAND_IN, MEDIA).unwrap();
    assert_eq!(media.url.0, "http://127.0.0.1:4000/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1");
    let file = asks(led_to(STAND_IN, &media, "https://mms.twiliocdn.com/x?y"));
    assert_eq!(file.url.0, "http://127.0.0.1:4000/x?y");
    assert!(first("twilio-sms", STAND_IN, "https://example.com/2010-04-01/Accounts/AC1/x").is_err());
}

#[test]
fn passing_faults_are_tried_again_and_what_is_gone_is_gone() {
    let about = first("whatsapp", GRAPH, "42").unwrap();
    for status in [408, 429, 500, 503] {
        let step = next("whatsapp", GRAPH, &about, status, &Value::Null);
        assert!(
            matches!(step, Step::Not(Outcome::Retry { after_seconds: Some(7), .. })),
            "{status}: {step:?}"
        );
    }
    for status in [400, 401, 403, 404, 410] {
        is_refused(&next("whatsapp", GRAPH, &about, status, &Value::Null), &status.to_string());
    }
    let step = next("whatsapp", GRAPH, &about, 200, &json!({}));
    assert!(matches!(step, Step::Not(Outcome::Retry { .. })), "half an answer: {step:?}");
    for base in [TELEGRAM, GRAPH] {
        let mut none = account();
        none.access_token = None;
        for channel in ["whatsapp", "telegram"] {
            assert!((fetcher(channel).unwrap().first)(&none, base, "42").is_err(), "{channel}");
        }
    }
}
