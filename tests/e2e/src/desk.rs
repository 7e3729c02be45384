//! A desk, set up through its API as an operator would, and the people who work there.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::app::ADMIN_TOKEN;
use crate::client::{Answer, Client};

/// A desk.
#[derive(Clone, Debug)]
pub struct Desk {
    /// Its name.
    pub name: String,
    /// The pack that was published.
    pub pack: Value,
    /// An agent of the pack.
    pub agent: Caller,
    /// A lead of the pack.
    pub lead: Caller,
    /// The operator.
    pub admin: Caller,
}

/// Somebody with a token, at one desk.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Person id.
    pub person: String,
    /// Bearer token.
    pub token: String,
    desk: String,
    client: Client,
}

impl Desk {
    #[track_caller]
    pub(crate) fn set_up(client: &Client, name: &str, pack: &Value) -> Self {
        let admin = Caller::operator(client, name);
        admin.put("pack", pack).is(200);
        for (channel, accounts) in pack["channels"].as_object().into_iter().flatten() {
            for account in accounts.as_object().into_iter().flatten().map(|(account, _)| account) {
                let body = json!({
                    "secret": secret(name, channel, account),
                    "verify_token": format!("verify-{name}-{account}"),
                    "access_token": format!("access-{name}-{account}"),
                    "client_secret": format!("client-{name}-{account}"),
                    "public_url": "https://desk.example.org",
                });
                admin.put(&format!("channels/{channel}/{account}/secrets"), &body).is(204);
            }
        }
        Self::there(client, name, pack)
    }

    /// A desk that is there already, with this pack and its secrets: only the people get their tokens.
    #[track_caller]
    pub fn there(client: &Client, name: &str, pack: &Value) -> Self {
        let admin = Caller::operator(client, name);
        let token = |role: &str| {
            let mut people = pack["people"].as_object().into_iter().flatten();
            let (person, _) =
                people.find(|(_, person)| person["role"] == role).expect("somebody of that role");
            let issued = admin.post("tokens", &json!({"person": person, "role": role})).is(201).json();
            let token = issued["token"].as_str().expect("a token").to_owned();
            Caller { person: person.clone(), token, ..admin.clone() }
        };
        let (agent, lead) = (token("agent"), token("lead"));
        Self { name: name.to_owned(), pack: pack.clone(), agent, lead, admin }
    }

    /// What a channel account of this desk signs with.
    pub fn secret(&self, channel: &str, account: &str) -> String {
        secret(&self.name, channel, account)
    }

    /// The path of a webhook of this desk.
    pub fn hook(&self, channel: &str, account: &str) -> String {
        format!("/hooks/{}/{channel}/{account}", self.name)
    }

    /// The same desk through another host.
    #[must_use]
    pub fn through(&self, client: &Client) -> Self {
        let caller = |caller: &Caller| Caller { client: client.clone(), ..caller.clone() };
        Self {
            agent: caller(&self.agent),
            lead: caller(&self.lead),
            admin: caller(&self.admin),
            ..self.clone()
        }
    }

    /// A token for somebody of any role.
    #[track_caller]
    pub fn token(&self, person: &str, role: &str) -> Caller {
        let issued = self.admin.post("tokens", &json!({"person": person, "role": role})).is(201).json();
        let token = issued["token"].as_str().expect("a token").to_owned();
        Caller { person: person.to_owned(), token, ..self.admin.clone() }
    }

    /// All tickets of the work list, newest first, through all its pages.
    #[track_caller]
    pub fn tickets(&self) -> Vec<Value> {
        let mut tickets = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.agent.get(&format!("tickets?limit=50{cursor}")).is(200).json();
            tickets.extend(page["items"].as_array().expect("items").iter().cloned());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return tickets,
            }
        }
    }

    /// The tickets in the work list of the contact with that number.
    #[track_caller]
    pub fn tickets_of(&self, phone: &str) -> Vec<Value> {
        let has = |ticket: &Value| ticket["contact"]["addresses"][0]["value"] == phone;
        self.tickets().into_iter().filter(has).collect()
    }

    /// The one ticket of the contact with that number, read whole.
    #[track_caller]
    pub fn ticket_of(&self, phone: &str) -> Value {
        let tickets = self.tickets_of(phone);
        assert_eq!(tickets.len(), 1, "tickets of {phone}: {tickets:?}");
        self.ticket(tickets[0]["id"].as_str().expect("an id"))
    }

    /// A ticket, read whole.
    #[track_caller]
    pub fn ticket(&self, id: &str) -> Value {
        self.agent.get(&format!("tickets/{id}")).is(200).json()
    }

    /// A target of a ticket; of several instances the newest.
    #[track_caller]
    pub fn target(&self, id: &str, name: &str) -> Value {
        let sla = self.agent.get(&format!("tickets/{id}/sla")).is(200).json();
        let mut targets = sla["targets"].as_array().into_iter().flatten().rev();
        let found = targets.find(|target| target["name"] == name);
        found.unwrap_or_else(|| panic!("no target {name}: {sla}")).clone()
    }
}

impl Caller {
    fn operator(client: &Client, desk: &str) -> Self {
        Self {
            person: "operator".to_owned(),
            token: ADMIN_TOKEN.to_owned(),
            desk: desk.to_owned(),
            client: client.clone(),
        }
    }

    /// `GET /api/{desk}/{path}`
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], None)
    }

    /// `POST /api/{desk}/{path}`
    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path, &[], Some(body))
    }

    /// `POST` with an Idempotency-Key.
    #[track_caller]
    pub fn post_once(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.call("POST", path, &[("idempotency-key", key)], Some(body))
    }

    /// `PUT /api/{desk}/{path}`
    #[track_caller]
    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.call("PUT", path, &[], Some(body))
    }

    /// `DELETE /api/{desk}/{path}`
    #[track_caller]
    pub fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, &[], None)
    }

    /// Any call.
    #[track_caller]
    pub fn call(&self, method: &str, path: &str, more: &[(&str, &str)], body: Option<&Value>) -> Answer {
        let authorization = format!("Bearer {}", self.token);
        let mut headers = vec![("authorization", &*authorization), ("content-type", "application/json")];
        headers.extend(more);
        let body = body.map(Value::to_string);
        self.client.send(
            method,
            &format!("/api/{}/{path}", self.desk),
            &headers,
            body.as_deref().map(str::as_bytes),
        )
    }

    /// A call whose body is no JSON.
    #[track_caller]
    pub fn send_as(&self, method: &str, path: &str, content_type: &str, body: &str) -> Answer {
        let authorization = format!("Bearer {}", self.token);
        let headers = [("authorization", &*authorization), ("content-type", content_type)];
        self.client.send(method, &format!("/api/{}/{path}", self.desk), &headers, Some(body.as_bytes()))
    }

    /// The same token at another desk.
    #[must_use]
    pub fn at(&self, desk: &str) -> Self {
        Self { desk: desk.to_owned(), ..self.clone() }
    }
}

/// Different for every account, the same in every run.
fn secret(desk: &str, channel: &str, account: &str) -> String {
    let secret = format!("secret of {desk}/{channel}/{account}");
    match channel {
        "standard" => format!("whsec_{}", STANDARD.encode(secret)),
        // As long as a public key; nothing is signed with its other half here.
        "sendgrid-events" => STANDARD.encode(format!("{secret:.<91}")),
        _ => hex::encode(secret),
    }
}
