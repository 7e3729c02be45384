//! Secrets from the system's random numbers.

use anyhow::{Result, anyhow};
use base64::Engine as _;
use p256::SecretKey;
use p256::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, LineEnding};

/// `bytes` random bytes in hexadecimal.
///
/// # Errors
/// When the system gives none.
pub fn hex(bytes: usize) -> Result<String> {
    fill(bytes).map(hex::encode)
}

/// `bytes` random bytes in base64.
///
/// # Errors
/// When the system gives none.
pub fn base64(bytes: usize) -> Result<String> {
    fill(bytes).map(|bytes| base64::engine::general_purpose::STANDARD.encode(bytes))
}

/// Two keys that belong together, as SendGrid's event webhook uses them.
pub struct KeyPair {
    /// PKCS #8 in PEM.
    pub private_pem: String,
    /// DER in base64, as the provider shows it.
    pub public_base64: String,
}

/// A new key pair on the curve P-256.
///
/// # Errors
/// When the system gives no random numbers.
pub fn p256() -> Result<KeyPair> {
    loop {
        // Of 2^32 draws one is no key of the curve.
        let Ok(key) = SecretKey::from_slice(&fill(32)?) else { continue };
        return Ok(KeyPair {
            private_pem: key.to_pkcs8_pem(LineEnding::LF)?.to_string(),
            public_base64: base64::engine::general_purpose::STANDARD
                .encode(key.public_key().to_public_key_der()?.as_bytes()),
        });
    }
}

fn fill(bytes: usize) -> Result<Vec<u8>> {
    let mut buffer = vec![0; bytes];
    getrandom::fill(&mut buffer).map_err(|error| anyhow!("the system gave no random numbers: {error}"))?;
    Ok(buffer)
}
