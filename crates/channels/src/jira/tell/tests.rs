use super::*;
use crate::exchange::testing;

const MYSELF: (u16, &str) = (200, r#"{"accountId": "u1", "emailAddress": "relevo@campanario.example"}"#);
const DONE: (u16, &str) =
    (200, r#"{"key": "CAMP-7", "fields": {"status": {"name": "Hecho", "statusCategory": {"key": "done"}}}}"#);
const OPEN: (u16, &str) = (
    200,
    r#"{"key": "CAMP-7", "fields": {"status": {"name": "Reabierto", "statusCategory": {"key": "new"}}}}"#,
);
const NO_COMMENTS: (u16, &str) = (200, r#"{"comments": []}"#);
const COMMENTED: (u16, &str) = (201, r#"{"id": "10"}"#);
const TRANSITIONS: (u16, &str) = (
    200,
    r#"{"transitions": [
        {"id": "31", "name": "Validar", "to": {"name": "Validado", "statusCategory": {"key": "done"}}},
        {"id": "11", "name": "Volver", "to": {"name": "Reabierto", "statusCategory": {"key": "new"}}}]}"#,
);
const MOVED: (u16, &str) = (204, "");

fn account(more: Value) -> Account {
    let mut settings =
        json!({"email": "relevo@campanario.example", "account_id": "u1"}).as_object().cloned().unwrap();
    settings.extend(more.as_object().cloned().unwrap());
    Account { access_token: Some("tok".into()), settings, ..Account::default() }
}

fn judged(accepted: bool) -> Work {
    let task =
        IssueTask::Judged { key: "CAMP-7".into(), accepted, comment: "#12: sigue\n\nsin cargar".into() };
    Work::new(&task, "ab12")
}

fn opened() -> Work {
    let task = IssueTask::Open {
        project: "DEV".into(),
        summary: "No carga\n el acta".into(),
        description: "Uno\nDos".into(),
    };
    Work::new(&task, "ab12")
}

fn play(work: &mut Work, account: &Account, answers: &[(u16, &str)]) -> (Vec<String>, Value, String) {
    let (mut asked, body, end) = testing::play(work, account, DateTime::UNIX_EPOCH, answers);
    let basic = " Basic cmVsZXZvQGNhbXBhbmFyaW8uZXhhbXBsZTp0b2s=";
    assert!(asked.iter().all(|asked| asked.ends_with(basic)), "{asked:?}");
    asked.iter_mut().for_each(|asked| *asked = asked.replace(basic, "").replace("/rest/api/3/", ""));
    (asked, body, end)
}

#[test]
fn what_is_rejected_is_said_there_and_goes_back_to_where_it_is_not_done() {
    let mut work = judged(false);
    let (asked, body, end) =
        play(&mut work, &account(json!({})), &[MYSELF, DONE, NO_COMMENTS, COMMENTED, TRANSITIONS, MOVED]);
    let comments = "GET issue/CAMP-7/comment?expand=properties&orderBy=-created&maxResults=100";
    let expected = [
        "GET myself",
        "GET issue/CAMP-7?fields=status",
        comments,
        "POST issue/CAMP-7/comment",
        "GET issue/CAMP-7/transitions",
        "POST issue/CAMP-7/transitions",
    ];
    assert_eq!((asked, end.as_str()), (expected.map(str::to_owned).to_vec(), "done"));
    assert_eq!(body, json!({"transition": {"id": "11"}}));
    assert_eq!(work.stands(), Some(("Reabierto", false)));
}

#[test]
fn a_comment_is_a_document_that_carries_our_id_and_is_not_made_twice() {
    let (_, body, end) =
        play(&mut judged(false), &account(json!({})), &[MYSELF, OPEN, NO_COMMENTS, (201, "{}")]);
    assert_eq!(end, "done", "it is open already");
    let text = |text: &str| json!({"type": "paragraph", "content": [{"type": "text", "text": text}]});
    let content = json!([text("#12: sigue"), {"type": "paragraph", "content": []}, text("sin cargar")]);
    assert_eq!(body["body"], json!({"type": "doc", "version": 1, "content": content}));
    assert_eq!(body["properties"], json!([{"key": "relevo", "value": {"id": "ab12"}}]));

    let ours = r#"{"comments": [{"id": "9", "properties": [{"key": "x", "value": 1}]},
        {"id": "10", "properties": [{"key": "relevo", "value": {"id": "ab12"}}]}]}"#;
    let (asked, ..) =
        play(&mut judged(false), &account(json!({})), &[MYSELF, DONE, (200, ours), TRANSITIONS, MOVED]);
    assert!(!asked.contains(&"POST issue/CAMP-7/comment".to_owned()), "{asked:?}");
    let others = ours.replace("ab12", "cd34");
    let (asked, ..) =
        play(&mut judged(false), &account(json!({})), &[MYSELF, OPEN, (200, &others), COMMENTED]);
    assert!(asked.contains(&"POST issue/CAMP-7/comment".to_owned()), "{asked:?}");
}

#[test]
fn what_is_accepted_moves_only_where_the_account_says() {
    let mut work = judged(true);
    let (asked, ..) = play(&mut work, &account(json!({})), &[MYSELF, DONE, NO_COMMENTS, COMMENTED]);
    assert_eq!(asked.len(), 4);
    let to = account(json!({"accepted_status": "VALIDADO"}));
    let (_, body, _) =
        play(&mut judged(true), &to, &[MYSELF, DONE, NO_COMMENTS, COMMENTED, TRANSITIONS, MOVED]);
    assert_eq!(body, json!({"transition": {"id": "31"}}));
    // Begun again after a crash, it is there.
    let there = DONE.1.replace("Hecho", "Validado");
    let (asked, ..) = play(&mut judged(true), &to, &[MYSELF, (200, &there), NO_COMMENTS, COMMENTED]);
    assert_eq!(asked.len(), 4);
    let nowhere = account(json!({"rejected_status": "En curso"}));
    let (.., end) = play(&mut judged(false), &nowhere, &[MYSELF, DONE, NO_COMMENTS, COMMENTED, TRANSITIONS]);
    assert_eq!(
        end,
        "from its present status Jira does not let this user move the issue to where it should be"
    );
}

#[test]
fn an_issue_is_looked_for_by_its_label_before_it_is_made() {
    let mut work = opened();
    let key = (201, r#"{"id": "10001", "key": "DEV-8", "self": "https://x"}"#);
    let (asked, body, end) =
        play(&mut work, &account(json!({"issue_type": "Bug"})), &[MYSELF, (200, r#"{"issues": []}"#), key]);
    assert_eq!(
        (asked, end.as_str()),
        (["GET myself", "POST search/jql", "POST issue"].map(str::to_owned).to_vec(), "done")
    );
    assert_eq!((work.key(), work.stands()), (Some("DEV-8"), None));
    let fields = &body["fields"];
    assert_eq!(
        (&fields["summary"], &fields["labels"]),
        (&json!("No carga el acta"), &json!(["relevo-ab12"]))
    );
    assert_eq!((&fields["project"], &fields["issuetype"]), (&json!({"key": "DEV"}), &json!({"name": "Bug"})));
    assert_eq!(fields["description"]["content"][1]["content"][0]["text"], "Dos");

    let mut again = opened();
    let found = (200, r#"{"issues": [{"id": "10001", "key": "DEV-8"}], "isLast": true}"#);
    let (asked, body, _) = play(&mut again, &account(json!({})), &[MYSELF, found]);
    assert_eq!((asked.len(), again.key()), (2, Some("DEV-8")));
    assert_eq!(body["jql"], r#"project = "DEV" AND labels = "relevo-ab12""#);
}

#[test]
fn nothing_is_changed_as_somebody_whose_changes_would_come_back_as_news() {
    let (asked, _, end) = play(&mut judged(false), &account(json!({"account_id": "u2"})), &[MYSELF]);
    assert!(asked.len() == 1 && end.starts_with("`account_id` is not that of the user"), "{end}");
    let (.., end) = play(&mut opened(), &account(json!({"account_id": ""})), &[MYSELF]);
    assert_eq!(end, "the channel account lacks `account_id`");
}

#[test]
fn what_cannot_be_done_now_is_tried_later_and_what_is_refused_says_why_without_values() {
    let account = account(json!({}));
    for (answers, expected) in [
        (vec![(401, "")], "Jira does not take the account's token"),
        (vec![(404, "")], "there is no Jira at the account's `base_url`"),
        (vec![MYSELF, (404, "{}")], "Jira has no such issue, or does not show it to this user"),
        (vec![MYSELF, (403, "{}")], "Jira does not let this user do that"),
        (vec![MYSELF, (429, "{}")], "later: HTTP 429"),
        (vec![MYSELF, (502, "")], "later: HTTP 502"),
        (vec![MYSELF, (200, "<html>")], "later: Jira answered something else than JSON"),
        (vec![MYSELF, DONE, NO_COMMENTS, (413, "{}")], "HTTP 413"),
        (vec![MYSELF, DONE, NO_COMMENTS, COMMENTED, TRANSITIONS, (409, "{}")], "later: HTTP 409"),
    ] {
        assert_eq!(play(&mut judged(false), &account, &answers).2, expected);
    }
    let none = (200, r#"{"issues": []}"#);
    let wrong =
        (400, r#"{"errorMessages": [], "errors": {"issuetype": "Rosa Pérez is not valid", "cf": ""}}"#);
    assert_eq!(
        play(&mut opened(), &account, &[MYSELF, none, wrong]).2,
        "Jira does not take the issue's cf, issuetype"
    );
    let odd = (201, r#"{"key": "../x"}"#);
    assert_eq!(
        play(&mut opened(), &account, &[MYSELF, none, odd]).2,
        "later: Jira did not say which issue it made"
    );
    let task = IssueTask::Open { project: "A\" OR 1=1".into(), summary: "x".into(), description: "x".into() };
    assert_eq!(play(&mut Work::new(&task, "a"), &account, &[MYSELF]).2, "the project's key is none");
}
