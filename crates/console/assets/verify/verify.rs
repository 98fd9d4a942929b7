// [dependencies] base64 = "0.22", hmac = "0.13", sha2 = "0.11"
use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Whether the body, exactly as received, was signed with the secret. `id`, `timestamp` and `signatures` are
/// the headers webhook-id, webhook-timestamp and webhook-signature.
pub fn verify(secret: &str, id: &str, timestamp: &str, signatures: &str, body: &[u8]) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    if !timestamp.parse::<u64>().is_ok_and(|sent| sent.abs_diff(now) <= 300) {
        return false;
    }
    let Ok(key) = STANDARD.decode(secret.trim_start_matches("whsec_")) else { return false };
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(&key) else { return false };
    let mac = mac.chain_update(format!("{id}.{timestamp}.")).chain_update(body);
    // While a secret is being replaced there are two signatures; one has to match.
    signatures
        .split(' ')
        .filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok())
        .any(|one| mac.clone().verify_slice(&one).is_ok())
}
