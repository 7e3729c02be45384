//! Files that a provider keeps for a while: brought into the store in time, with its patience, and said to be lost if not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use relevo_e2e::{App, Desk, Fault, Store, eventually, seconds_since_1970, whatsapp};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(25);

/// Somebody sends a picture on WhatsApp; the webhook's body.
fn picture(phone: &str, id: &str, media: &str) -> String {
    let at = seconds_since_1970();
    let message = format!(
        r#"{{"from":"{phone}","id":"{id}","timestamp":"{at}","type":"image","image":{{"caption":"mire","mime_type":"image\/jpeg","sha256":"eA==","id":"{media}"}}}}"#
    );
    whatsapp::batch(&[vec![whatsapp::change(&[whatsapp::contact(phone, "Rosa")], &[message], &[])]])
}

/// Sends it; the ticket.
fn sends(app: &App, desk: &Desk, phone: &str, media: &str) -> String {
    whatsapp::deliver(app.client(), desk, &picture(phone, &format!("wamid.{phone}"), media)).is(200);
    desk.ticket_of(phone)["id"].as_str().unwrap().to_owned()
}

fn file(desk: &Desk, id: &str) -> Value {
    desk.ticket(id)["messages"][0]["attachments"][0].clone()
}

/// Waits until the ticket's file is in a state.
#[track_caller]
fn becomes(app: &App, desk: &Desk, id: &str, state: &str) -> Value {
    eventually(&format!("the file is {state}"), LIMIT, || {
        app.tick("delivery").is(200);
        Some(file(desk, id)).filter(|file| file["state"] == state)
    })
}

/// What a link of a ticket leads to.
#[track_caller]
fn bytes(app: &App, file: &Value) -> String {
    let url = file["url"].as_str().unwrap_or_else(|| panic!("no link: {file}"));
    app.client().send("GET", url, &[], None).is(200).body
}

#[test]
fn a_file_is_fetched_once_and_is_one_of_the_ticket_from_then_on() {
    let (mut app, desk) = App::school(Store::Sqlite);
    let phone = "15551000001";
    let id = sends(&app, &desk, phone, "9000000001");
    let kept = becomes(&app, &desk, &id, "kept");
    assert_eq!(bytes(&app, &kept), "whatsapp mid=9000000001&ext=1&hash=x");
    assert_eq!((&kept["kind"], &kept["mime_type"]), (&json!("image"), &json!("image/jpeg")));
    assert_eq!(kept["size_bytes"].as_u64(), Some(36), "{kept}");
    assert!(kept["hash"].as_str().is_some_and(|hash| hash.len() == 71), "{kept}");
    let asked = app.provider.received("/9000000001");
    assert_eq!(asked[0].header("authorization"), "Bearer access-school-main");
    let history = desk.agent.get(&format!("tickets/{id}/history")).is(200).body;
    assert!(history.contains("file.kept"), "{history}");

    // The provider delivers the webhook again, and the same picture comes in another message.
    let again = picture(phone, &format!("wamid.{phone}"), "9000000001");
    whatsapp::deliver(app.client(), &desk, &again).is(200);
    app.tick("delivery").is(200);
    assert_eq!(app.provider.received("/9000000001").len(), 1, "a repeat fetches nothing");
    assert_eq!(desk.ticket(&id)["messages"].as_array().map(Vec::len), Some(1));

    // It goes with the person it is of.
    let contact = desk.ticket(&id)["contact"]["id"].as_str().unwrap().to_owned();
    let why = json!({"reason": "asked by letter"});
    desk.admin.post(&format!("contacts/{contact}/erasure"), &why).is(200);
    app.host.kill9();
    app.host.restart();
    let desk = desk.through(app.client());
    let erased = file(&desk, &id);
    assert_eq!((&erased["url"], &erased["state"]), (&Value::Null, &Value::Null), "{erased}");
    let gone = app.client().send("GET", kept["url"].as_str().unwrap(), &[], None);
    assert_eq!(gone.problem(404), "unknown_file");
    assert!(app.verify().contains(" 0 differences"));
}

#[test]
fn a_fetch_has_patience_and_what_is_said_meanwhile_does_not_wait_for_it() {
    let (app, desk) = App::school(Store::Sqlite);
    let phone = "15551000002";
    app.provider.misbehave(Fault::Status(500, json!({})), 1, "/9000000002");
    app.provider.misbehave(Fault::HalfAnswer, 1, "/whatsapp_business/");
    let id = sends(&app, &desk, phone, "9000000002");
    eventually("the first attempt", LIMIT, || app.provider.received("/9000000002").pop());
    assert_eq!(file(&desk, &id)["state"], "fetching");
    desk.agent.post(&format!("tickets/{id}/replies"), &json!({"text": "Lo miro"})).is(201);
    app.provider.wait_for(phone, "Lo miro");
    assert_eq!(app.provider.received("/9000000002").len(), 1, "the reply went before the second attempt");
    let kept = becomes(&app, &desk, &id, "kept");
    assert_eq!(bytes(&app, &kept), "whatsapp mid=9000000002&ext=1&hash=x");
    assert_eq!(app.provider.received("/9000000002").len(), 3, "a fault, half a file, the file");
    assert_eq!(desk.ticket(&id)["messages"][0]["delivery"], Value::Null, "a file is no message of ours");
}

#[test]
fn what_the_provider_no_longer_has_is_lost_in_words_and_can_be_tried_again_by_hand() {
    let (app, desk) = App::school(Store::Sqlite);
    app.provider.misbehave(Fault::Status(404, json!({"error": {"code": 100}})), 1, "/9000000003");
    let id = sends(&app, &desk, "15551000003", "9000000003");
    let lost = becomes(&app, &desk, &id, "lost");
    assert_eq!(lost["lost"], "the provider no longer has the file");
    assert_eq!((&lost["url"], app.provider.received("/9000000003").len()), (&Value::Null, 1));
    let delivery = lost["fetched_by"].as_str().unwrap().to_owned();
    let entry = desk.lead.get(&format!("outbox/{delivery}")).is(200).json();
    assert_eq!((&entry["status"], &entry["to"]), (&json!("failed"), &json!("whatsapp/main/files")));
    assert_eq!(entry["ticket"], json!(id));

    desk.lead.post(&format!("outbox/{delivery}/retry"), &json!({})).is(200);
    let kept = becomes(&app, &desk, &id, "kept");
    assert_eq!(bytes(&app, &kept), "whatsapp mid=9000000003&ext=1&hash=x");
    assert_eq!(kept["lost"], Value::Null);
}

#[test]
fn a_file_that_is_larger_than_the_desk_keeps_stays_where_it_is() {
    let app = App::bare(Store::Sqlite);
    let desk = app.publish_with("school", |pack| pack["limits"]["file_bytes"] = json!(1_000));
    app.provider.misbehave(Fault::File(vec![b'x'; 1_001]), 1, "/whatsapp_business/");
    let id = sends(&app, &desk, "15551000004", "9000000004");
    let lost = becomes(&app, &desk, &id, "lost");
    assert!(lost["lost"].as_str().is_some_and(|why| why.contains("1000 bytes")), "{lost}");
    app.provider.misbehave(Fault::File(vec![b'x'; 1_000]), 1, "/whatsapp_business/");
    let id = sends(&app, &desk, "15551000005", "9000000005");
    let kept = becomes(&app, &desk, &id, "kept");
    assert_eq!(bytes(&app, &kept), "x".repeat(1_000));
}

#[test]
fn telegram_slack_and_twilio_give_their_files_to_the_account_they_are_for() {
    let app = App::bare(Store::Sqlite);
    let desk = app.publish_with("school", |pack| {
        pack["channels"]["telegram"]["main"] = json!({"settings": {}});
        pack["channels"]["slack"]["main"] = json!({"settings": {}});
        pack["channels"]["twilio-sms"]["main"] = json!({"settings": {"account_sid": "AC1"}});
    });
    let deliver = |channel: &str, headers: &[(&str, &str)], body: &str| {
        app.client().send("POST", &desk.hook(channel, "main"), headers, Some(body.as_bytes())).is(200);
        let find = || desk.tickets().into_iter().find(|ticket| ticket["channel"] == channel);
        eventually("a ticket", LIMIT, find)["id"].as_str().unwrap().to_owned()
    };
    let json = ("content-type", "application/json");

    let secret = desk.secret("telegram", "main");
    let update = json!({"update_id": 1, "message": {"message_id": 5, "date": 1_772_442_000,
        "from": {"id": 7, "is_bot": false, "first_name": "Luz"}, "chat": {"id": 7, "type": "private"},
        "document": {"file_id": "BQAC", "file_name": "a.pdf", "mime_type": "application/pdf", "file_size": 3}}});
    let id = deliver("telegram", &[json, ("x-telegram-bot-api-secret-token", &secret)], &update.to_string());
    let kept = becomes(&app, &desk, &id, "kept");
    assert_eq!(bytes(&app, &kept), "telegram file_1.pdf");
    assert_eq!((&kept["filename"], &kept["mime_type"]), (&json!("a.pdf"), &json!("application/pdf")));
    assert_eq!(app.provider.received("/botaccess-school-main/getFile?file_id=BQAC").len(), 1);
    // Sent back by its reference alone, it is what it came as.
    let body = json!({"text": "Firmado", "attachments": [{"reference": kept["reference"]}]});
    desk.agent.post(&format!("tickets/{id}/replies"), &body).is(201);
    let back = desk.ticket(&id)["messages"][1]["attachments"][0].clone();
    assert_eq!(
        (&back["filename"], &back["mime_type"]),
        (&json!("a.pdf"), &json!("application/pdf")),
        "{back}"
    );

    let at = seconds_since_1970().to_string();
    let event = json!({"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": {
        "type": "message", "subtype": "file_share", "channel": "D1", "channel_type": "im", "user": "U1", "text": "mire",
        "ts": "1772442000.000100", "files": [{"id": "F1", "name": "x.png", "mimetype": "image/png",
            "url_private_download": "https://files.slack.com/files-pri/T1-F1/download/x.png"}]}})
    .to_string();
    let signed = whatsapp::signature(&desk.secret("slack", "main"), &format!("v0:{at}:{event}"));
    let signed = signed.replace("sha256=", "v0=");
    let headers = [json, ("x-slack-request-timestamp", &*at), ("x-slack-signature", &*signed)];
    let id = deliver("slack", &headers, &event);
    let kept = becomes(&app, &desk, &id, "kept");
    assert_eq!(bytes(&app, &kept), "slack x.png");
    let asked = app.provider.received("/files-pri/");
    assert_eq!(asked[0].header("authorization"), "Bearer access-school-main");

    let url = format!("https://desk.example.org{}", desk.hook("twilio-sms", "main"));
    let fields = [
        ("AccountSid", "AC1"),
        ("Body", ""),
        ("From", "+34600111222"),
        ("MediaContentType0", "image/jpeg"),
        ("MediaUrl0", "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1"),
        ("MessageSid", "MM1"),
        ("NumMedia", "1"),
        ("To", "+34911111111"),
    ];
    let signature = twilio_signature(&desk.secret("twilio-sms", "main"), &url, &fields);
    let escaped = |text: &str| text.replace('+', "%2B").replace(':', "%3A").replace('/', "%2F");
    let body: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    let form = ("content-type", "application/x-www-form-urlencoded");
    let id = deliver("twilio-sms", &[form, ("x-twilio-signature", &signature)], &body.join("&"));
    let kept = becomes(&app, &desk, &id, "kept");
    assert_eq!(bytes(&app, &kept), "twilio ME1");
    assert!(app.provider.received("/Media/ME1")[0].header("authorization").starts_with("Basic "));
    let led_to = app.provider.received("/media/ME1");
    assert_eq!((led_to.len(), led_to[0].header("authorization")), (1, ""), "the credentials stay behind");
}

#[test]
fn messenger_instagram_and_calls_give_their_files_and_slack_those_it_names_by_id() {
    let app = App::bare(Store::Sqlite);
    let desk = app.publish_with("school", |pack| {
        for channel in ["instagram", "messenger", "slack"] {
            pack["channels"][channel]["main"] = json!({"settings": {}});
        }
        pack["channels"]["twilio-voice"]["main"] = json!({"settings": {"account_sid": "AC1"}});
    });
    let deliver = |channel: &str, headers: &[(&str, &str)], body: &str| {
        app.client().send("POST", &desk.hook(channel, "main"), headers, Some(body.as_bytes())).is(200);
    };
    let ticket = |channel: &str| {
        let find = || desk.tickets().into_iter().find(|ticket| ticket["channel"] == channel);
        eventually("a ticket", LIMIT, find)["id"].as_str().unwrap().to_owned()
    };
    let json_type = ("content-type", "application/json");

    for (channel, object) in [("messenger", "page"), ("instagram", "instagram")] {
        let url = format!("https:\\/\\/scontent.xx.fbcdn.net\\/v\\/t1.15752-9\\/{channel}.jpg?oh=03&oe=69");
        let body = format!(
            r#"{{"object":"{object}","entry":[{{"id":"1","time":1772442001000,"messaging":[{{"sender":{{"id":"622"}},"recipient":{{"id":"1"}},"timestamp":1772442000123,"message":{{"mid":"m_{channel}","attachments":[{{"type":"image","payload":{{"url":"{url}"}}}}]}}}}]}}]}}"#
        );
        let signature = whatsapp::signature(&desk.secret(channel, "main"), &body);
        // The content network is busy, and then it is not.
        app.provider.misbehave(Fault::Status(503, Value::Null), 1, &format!("/{channel}.jpg"));
        deliver(channel, &[json_type, ("x-hub-signature-256", &signature)], &body);
        let kept = becomes(&app, &desk, &ticket(channel), "kept");
        assert_eq!(bytes(&app, &kept), format!("meta {channel}.jpg"));
        let asked = app.provider.received(&format!("/v/t1.15752-9/{channel}.jpg?oh=03&oe=69"));
        assert_eq!((asked.len(), asked[1].header("authorization")), (2, ""), "the network gets no token");
    }

    let url = format!("https://desk.example.org{}", desk.hook("twilio-voice", "main"));
    let recording = "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1";
    let escaped = |text: &str| text.replace('+', "%2B").replace(':', "%3A").replace('/', "%2F");
    let call = |fields: &[(&str, &str)]| {
        let mut sorted = fields.to_vec();
        sorted.sort_unstable();
        let signature = twilio_signature(&desk.secret("twilio-voice", "main"), &url, &sorted);
        let body: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let form = ("content-type", "application/x-www-form-urlencoded");
        deliver("twilio-voice", &[form, ("x-twilio-signature", &signature)], &body.join("&"));
    };
    let (sid, account) = (("CallSid", "CA1"), ("AccountSid", "AC1"));
    call(&[
        sid,
        account,
        ("From", "+34600111222"),
        ("To", "+34911111111"),
        ("CallStatus", "ringing"),
        ("Direction", "inbound"),
    ]);
    call(&[
        sid,
        account,
        ("RecordingSid", "RE1"),
        ("RecordingUrl", recording),
        ("RecordingStatus", "completed"),
        ("RecordingDuration", "7"),
        ("RecordingSource", "DialVerb"),
    ]);
    let kept = becomes(&app, &desk, &ticket("twilio-voice"), "kept");
    assert_eq!(bytes(&app, &kept), "recording RE1");
    let basic = "Basic QUMxOmFjY2Vzcy1zY2hvb2wtbWFpbg==";
    assert_eq!(
        app.provider.received("/Recordings/RE1")[0].header("authorization"),
        basic,
        "the account's SID and token"
    );

    // Of a file in a shared channel Slack gives the id alone.
    let at = seconds_since_1970().to_string();
    let event = json!({"type": "event_callback", "team_id": "T1", "event_id": "Ev2", "event": {
        "type": "message", "subtype": "file_share", "channel": "D1", "channel_type": "im", "user": "U1", "text": "mire",
        "ts": "1772442000.000100",
        "files": [{"id": "F07ABC", "mode": "file_access", "file_access": "check_file_info"}]}})
    .to_string();
    let signed = whatsapp::signature(&desk.secret("slack", "main"), &format!("v0:{at}:{event}"));
    let signed = signed.replace("sha256=", "v0=");
    deliver(
        "slack",
        &[json_type, ("x-slack-request-timestamp", &*at), ("x-slack-signature", &*signed)],
        &event,
    );
    let kept = becomes(&app, &desk, &ticket("slack"), "kept");
    assert_eq!(bytes(&app, &kept), "slack F07ABC.png");
    let asked = app.provider.received("/api/files.info?file=F07ABC");
    assert_eq!((asked.len(), asked[0].header("authorization")), (1, "Bearer access-school-main"));
}

/// Base64 of the HMAC-SHA1 over the URL and the fields, which are sorted by name.
/// A route's `store()`: the notification has the files' places, and one mail to two addresses comes twice.
#[test]
fn mailgun_gives_what_it_stored_and_a_mail_to_two_addresses_is_one_message() {
    let app = App::bare(Store::Sqlite);
    let desk = app.publish_with("school", |pack| {
        pack["channels"]["mailgun"]["main"] = json!({"settings": {"domain": "desk.example"}});
    });
    let stored = json!([{"url": "https://storage-us-east4.api.mailgun.net/v3/domains/desk.example/messages/eyJ/attachments/0",
        "content-type": "application/pdf", "name": "scan.pdf", "size": 9}]);
    for (recipient, token) in [("soporte@desk.example", "t1"), ("ayuda@desk.example", "t2")] {
        let at = seconds_since_1970().to_string();
        let signed = whatsapp::signature(&desk.secret("mailgun", "main"), &format!("{at}{token}"));
        let fields = [
            ("recipient", recipient),
            ("from", "Ana <ana@example.com>"),
            ("To", "soporte@desk.example, ayuda@desk.example"),
            ("Subject", "Escaneo"),
            ("Message-Id", "<scan@example.com>"),
            ("body-plain", "Mire"),
            ("attachments", &stored.to_string()),
            ("timestamp", &at),
            ("token", token),
            ("signature", signed.strip_prefix("sha256=").unwrap()),
        ];
        let body = multipart(&fields);
        let kind = ("content-type", "multipart/form-data; boundary=b");
        app.client().send("POST", &desk.hook("mailgun", "main"), &[kind], Some(body.as_bytes())).is(200);
    }
    let tickets = desk.tickets();
    assert_eq!(tickets.len(), 1, "{tickets:?}");
    let id = tickets[0]["id"].as_str().unwrap();
    let kept = becomes(&app, &desk, id, "kept");
    assert_eq!((bytes(&app, &kept).as_str(), &kept["filename"]), ("mailgun 0", &json!("scan.pdf")));
    assert_eq!(desk.ticket(id)["messages"].as_array().map(Vec::len), Some(1));
    let asked = app.provider.received("/attachments/0");
    assert_eq!(asked.len(), 1);
    assert!(asked[0].header("authorization").starts_with("Basic "), "with the key");
}

fn multipart(fields: &[(&str, &str)]) -> String {
    let part = |(name, value): &(&str, &str)| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    fields.iter().map(part).collect::<String>() + "--b--\r\n"
}

fn twilio_signature(secret: &str, url: &str, fields: &[(&str, &str)]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(url.as_bytes());
    for (name, value) in fields {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}
