//! Requests to Podio's API, signed in as the app.
//!
//! With the setting `app_id` the account signs in by the app flow: `POST /oauth/token/v2` with the app's id and token
//! (the account's `access_token`), the client's id (setting `client_id`) and secret. The token that it is given is good
//! for hours and is used until then, or until Podio no longer takes it. Without `app_id` the account's `access_token` is
//! such a token itself.
//!
//! Source: Podio, "App authentication flow", "Rate limits", "Get item".

use super::digits;
use crate::{
    account::Account,
    exchange::{Exchange, Turn, again, ask, fault, refused},
    media::Answered,
    outbound::{FormatError, OutboundRequest},
};
use chrono::{DateTime, Duration, Utc};
use http::{HeaderMap, HeaderValue, Method, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Seconds before its end at which a token is no longer used.
const SPARE_SECONDS: i64 = 60;

/// Longest life of a token that is believed: a day.
const MAX_SECONDS: i64 = 86_400;

/// A token that the provider gave.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    token: String,
    until: DateTime<Utc>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("until", &self.until).finish_non_exhaustive()
    }
}

/// A request that needs a token, and getting one.
pub struct Call {
    what: What,
    token: Option<Token>,
    /// The token is of this call: that it is not taken is no matter of its age.
    is_new: bool,
    signing_in: bool,
    document: Option<Value>,
}

enum What {
    Item(String),
    Validation { hook: String, code: String },
}

impl Call {
    /// Reads an item; `token` is one from before.
    pub fn item(id: &str, token: Option<Token>) -> Self {
        Self::new(What::Item(id.to_owned()), token)
    }

    /// Answers `hook.verify`.
    pub fn validation(hook: &str, code: &str, token: Option<Token>) -> Self {
        Self::new(What::Validation { hook: hook.to_owned(), code: code.to_owned() }, token)
    }

    fn new(what: What, token: Option<Token>) -> Self {
        Self { what, token, is_new: false, signing_in: false, document: None }
    }

    /// The token that it was given, to be used again; none if it needed no new one.
    pub fn new_token(&self) -> Option<&Token> {
        self.token.as_ref().filter(|_| self.is_new)
    }

    /// What was read.
    pub fn into_document(self) -> Option<Value> {
        self.document
    }

    fn sign_in(&mut self, account: &Account, app: &str) -> Turn {
        self.signing_in = true;
        self.token = None;
        let secret = |secret: &Option<crate::Secret>, name| {
            let secret = secret.as_ref().map(|secret| secret.expose().to_owned());
            secret.ok_or(FormatError::Setting(name))
        };
        ask(secret(&account.access_token, "access_token").and_then(|app_token| {
            let body = json!({
                "grant_type": "app",
                "app_id": app,
                "app_token": app_token,
                "client_id": account.setting("client_id").ok_or(FormatError::Setting("client_id"))?,
                "client_secret": secret(&account.client_secret, "client_secret")?,
                "redirect_uri": account.public_url,
            });
            Ok(OutboundRequest::json("/oauth/token/v2".to_owned(), &body))
        }))
    }

    fn signed_in(&mut self, account: &Account, answered: Answered<'_>, now: DateTime<Utc>) -> Turn {
        match answered.status {
            200..=299 => {}
            // `invalid_grant`, `invalid_client`, `unauthorized_client`.
            400 | 401 | 403 => {
                return refused("the provider does not take the app's id, token or client secret");
            }
            _ => return fault(answered),
        }
        let answer: Value = serde_json::from_slice(answered.body).unwrap_or_default();
        let Some(token) =
            answer.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty())
        else {
            return again(answered, "the provider gave no token");
        };
        let seconds = answer.get("expires_in").and_then(Value::as_i64).unwrap_or(0);
        let until = now + Duration::seconds(seconds.clamp(0, MAX_SECONDS).saturating_sub(SPARE_SECONDS));
        (self.token, self.is_new, self.signing_in) =
            (Some(Token { token: token.to_owned(), until }), true, false);
        self.ask(account)
    }

    fn ask(&self, account: &Account) -> Turn {
        ask(self.request(account))
    }

    fn request(&self, account: &Account) -> Result<OutboundRequest, FormatError> {
        let mut headers = HeaderMap::new();
        let (method, path, body) = match &self.what {
            What::Item(id) => (Method::GET, format!("/item/{}", digits(id)?), Vec::new()),
            What::Validation { hook, code } => {
                let form = HeaderValue::from_static("application/x-www-form-urlencoded");
                headers.insert(header::CONTENT_TYPE, form);
                let body = form_urlencoded::Serializer::new(String::new()).append_pair("code", code).finish();
                (Method::POST, format!("/hook/{}/verify/validate", digits(hook)?), body.into_bytes())
            }
        };
        let own = account.access_token.as_ref().map(crate::Secret::expose);
        let given = self.token.as_ref().map(|token| token.token.as_str());
        let token = given.or(own).ok_or(FormatError::Setting("access_token"))?;
        let request = OutboundRequest { method, path, headers, body };
        request.with_secret(header::AUTHORIZATION, &format!("OAuth2 {token}"), "access_token")
    }
}

impl Exchange for Call {
    fn begin(&mut self, account: &Account, now: DateTime<Utc>) -> Turn {
        match account.setting("app_id") {
            Some(app) if self.token.as_ref().is_none_or(|token| token.until <= now) => {
                self.sign_in(account, &app)
            }
            Some(_) => self.ask(account),
            None => {
                self.token = None;
                self.ask(account)
            }
        }
    }

    fn next(&mut self, account: &Account, answered: Answered<'_>, now: DateTime<Utc>) -> Turn {
        if self.signing_in {
            return self.signed_in(account, answered, now);
        }
        match (answered.status, &self.what) {
            (200..=299, What::Validation { .. }) => Turn::Done,
            (200..=299, What::Item(_)) => match serde_json::from_slice(answered.body) {
                Ok(document @ Value::Object(_)) => {
                    self.document = Some(document);
                    Turn::Done
                }
                _ => again(answered, "the provider's answer is no item"),
            },
            // `expired_token`, or it was taken back.
            (401, _) => match account.setting("app_id").filter(|_| !self.is_new) {
                Some(app) => self.sign_in(account, &app),
                None => refused("the provider does not take the account's token"),
            },
            (403, _) => refused("the provider does not let this app see it"),
            (404 | 410, What::Item(_)) => refused("the provider no longer has the item"),
            _ => fault(answered),
        }
    }
}

#[cfg(test)]
#[path = "access/tests.rs"]
mod tests;
