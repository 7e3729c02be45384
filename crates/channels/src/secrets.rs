//! The secrets of an account as they are set through the API.

use crate::{Account, Secret};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What `PUT /api/{desk}/channels/{channel}/{account}/secrets` takes. `Debug` shows none of it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountSecrets {
    /// What the provider signs with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// The one before, valid until it is removed: set while a secret is being rotated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_secret: Option<String>,
    /// Until when the one before is valid; none: until it is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_until: Option<DateTime<Utc>>,
    /// When setting: for how many hours the secret that is being replaced stays valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap_hours: Option<u32>,
    /// What a GET handshake must present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify_token: Option<String>,
    /// What calls to the provider are authorised with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
    /// What a token has to be asked for with, where a provider wants that (Podio).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// Origin under which the provider reaches us, without a path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
}

/// Longest overlap: half a year.
const MAX_OVERLAP_HOURS: u32 = 24 * 183;

impl AccountSecrets {
    /// What is stored when these are set in place of others: with an overlap the secret that is replaced goes on
    /// being valid, and no other before it does.
    #[must_use]
    pub fn replacing(self, old: &Self, now: DateTime<Utc>) -> Self {
        let Some(hours) = self.overlap_hours else { return self };
        let until = now + Duration::hours(i64::from(hours.min(MAX_OVERLAP_HOURS)));
        let (previous, until) = match old.secret == self.secret {
            // Setting the same once more ends no overlap that is running.
            true => (old.previous_secret.clone(), old.previous_until),
            false => (old.secret.clone(), Some(until)),
        };
        Self { previous_secret: previous, previous_until: until, overlap_hours: None, ..self }
    }
}

impl Account {
    /// An account of a pack with those of its secrets that are valid now.
    pub fn new(settings: Map<String, Value>, secrets: AccountSecrets, now: DateTime<Utc>) -> Self {
        let present = |secret: Option<String>| secret.filter(|s| !s.is_empty()).map(Secret::new);
        let overlaps = secrets.previous_until.is_none_or(|until| now < until);
        let previous = present(secrets.previous_secret).filter(|_| overlaps);
        Self {
            secrets: [present(secrets.secret), previous].into_iter().flatten().collect(),
            verify_token: present(secrets.verify_token),
            access_token: present(secrets.access_token),
            client_secret: present(secrets.client_secret),
            public_url: secrets.public_url,
            settings,
        }
    }
}

impl std::fmt::Debug for AccountSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<secrets>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_secret_is_none_and_both_of_a_rotation_are_valid() {
        let secrets = AccountSecrets {
            secret: Some("new".into()),
            previous_secret: Some("old".into()),
            verify_token: Some(String::new()),
            ..AccountSecrets::default()
        };
        assert_eq!(format!("{secrets:?}"), "<secrets>");
        let account = Account::new(Map::new(), secrets, DateTime::UNIX_EPOCH);
        assert_eq!(account.secrets.iter().map(Secret::expose).collect::<Vec<_>>(), ["new", "old"]);
        assert!(account.verify_token.is_none());
    }

    #[test]
    fn a_replaced_secret_is_valid_for_the_overlap_and_no_longer() {
        let at = |hours: i64| DateTime::UNIX_EPOCH + Duration::hours(hours);
        let secrets = |secret: &str, overlap_hours| AccountSecrets {
            secret: Some(secret.into()),
            overlap_hours,
            ..AccountSecrets::default()
        };
        let valid = |secrets: &AccountSecrets, now| -> Vec<String> {
            let account = Account::new(Map::new(), secrets.clone(), now);
            account.secrets.iter().map(|s| s.expose().to_owned()).collect()
        };
        let rotated = secrets("two", Some(24)).replacing(&secrets("one", None), at(0));
        assert_eq!(valid(&rotated, at(23)), ["two", "one"]);
        assert_eq!(valid(&rotated, at(24)), ["two"]);
        let again = secrets("two", Some(24)).replacing(&rotated, at(20));
        assert_eq!(valid(&again, at(24)), ["two"], "the same again does not prolong it");
        let at_once = secrets("three", None).replacing(&rotated, at(1));
        assert_eq!(valid(&at_once, at(1)), ["three"], "without an overlap the old one ends");
    }
}
