//! The secrets of an account as they are set through the API.

use crate::{Account, Secret};
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
    /// What a GET handshake must present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify_token: Option<String>,
    /// What calls to the provider are authorised with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
    /// Origin under which the provider reaches us, without a path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
}

impl Account {
    /// An account of a pack with its secrets.
    pub fn new(settings: Map<String, Value>, secrets: AccountSecrets) -> Self {
        let present = |secret: Option<String>| secret.filter(|s| !s.is_empty()).map(Secret::new);
        Self {
            secrets: [present(secrets.secret), present(secrets.previous_secret)]
                .into_iter()
                .flatten()
                .collect(),
            verify_token: present(secrets.verify_token),
            access_token: present(secrets.access_token),
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
        let account = Account::new(Map::new(), secrets);
        assert_eq!(account.secrets.iter().map(Secret::expose).collect::<Vec<_>>(), ["new", "old"]);
        assert!(account.verify_token.is_none());
    }
}
