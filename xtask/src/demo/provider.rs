//! WhatsApp's side: webhooks as Meta's Cloud API sends them, signed with the app's secret.

use anyhow::{Context, Result};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::http::{Answer, Client};
use crate::{clock, random};

/// A customer on WhatsApp, and the account that they write to.
pub struct Customer<'a> {
    pub client: &'a Client,
    /// Path of the webhook.
    pub path: &'a str,
    pub secret: &'a str,
    pub phone_number_id: String,
    /// Without `+`, as WhatsApp writes it.
    pub phone: String,
    pub name: &'static str,
}

/// A webhook that is ready to be sent, also again.
pub struct Webhook {
    body: String,
    signature: String,
}

impl Webhook {
    /// The same with a signature that is not the provider's.
    pub fn forged(&self) -> Self {
        Self { body: self.body.clone(), signature: format!("sha256={}", "0".repeat(64)) }
    }
}

impl Customer<'_> {
    /// A number of the kind that is set aside for fiction, new for every story.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn new_phone() -> Result<String> {
        let digits = u32::from_str_radix(&random::hex(3)?, 16)? % 10_000_000;
        Ok(format!("1555{digits:07}"))
    }

    /// A text message.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn writes(&self, text: &str) -> Result<Webhook> {
        let id = format!("wamid.{}", random::hex(16)?);
        let message = json!({
            "from": self.phone, "id": id, "timestamp": now_seconds(), "type": "text", "text": {"body": text},
        });
        let contact = json!({"profile": {"name": self.name}, "wa_id": self.phone});
        self.webhook(json!({"contacts": [contact], "messages": [message]}))
    }

    /// What WhatsApp reports of a message that it was given.
    ///
    /// # Errors
    /// When the secret cannot be signed with.
    pub fn reports(&self, message: &str, status: &str) -> Result<Webhook> {
        let status =
            json!({"id": message, "status": status, "timestamp": now_seconds(), "recipient_id": self.phone});
        self.webhook(json!({"statuses": [status]}))
    }

    fn webhook(&self, mut value: Value) -> Result<Webhook> {
        value["messaging_product"] = "whatsapp".into();
        value["metadata"] =
            json!({"display_phone_number": "12025550141", "phone_number_id": self.phone_number_id});
        let change = json!({"field": "messages", "value": value});
        let body =
            json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]});
        let body = body.to_string();
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).context("the account's secret")?;
        mac.update(body.as_bytes());
        Ok(Webhook { body, signature: format!("sha256={}", hex::encode(mac.finalize().into_bytes())) })
    }

    /// Sends a webhook.
    ///
    /// # Errors
    /// When no answer came.
    pub fn send(&self, webhook: &Webhook) -> Result<Answer> {
        let headers = [("content-type", "application/json"), ("x-hub-signature-256", &*webhook.signature)];
        self.client.send("POST", self.path, &headers, Some(webhook.body.as_bytes()))
    }
}

fn now_seconds() -> String {
    (clock::now_ms() / 1000).to_string()
}
