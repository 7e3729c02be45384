//! Secrets from the system's random numbers.

use anyhow::{Result, anyhow};
use base64::Engine as _;

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

fn fill(bytes: usize) -> Result<Vec<u8>> {
    let mut buffer = vec![0; bytes];
    getrandom::fill(&mut buffer).map_err(|error| anyhow!("the system gave no random numbers: {error}"))?;
    Ok(buffer)
}
