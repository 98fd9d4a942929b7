//! The assertion with which an OAuth client proves who it is (RFC 7523, 2.2 and 3).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hookstep_ambient::Sources;
use hookstep_egress::ClientKey;
use serde_json::{Value, json};

/// The type of the assertion.
pub(crate) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long an assertion is valid, in seconds: it is used at once, but clocks differ.
const LIFETIME_SECS: i64 = 120;

/// A new assertion of a client for its token endpoint; each has an id of its own, because servers refuse one that they
/// have seen.
///
/// # Errors
/// If the key cannot be used, a description.
pub(crate) fn make(
    client_id: &str,
    token_url: &str,
    private_key: &str,
    key_id: Option<&str>,
    sources: &Sources,
) -> Result<String, String> {
    let key = ClientKey::parse(private_key.as_bytes());
    let key = key.map_err(|refusal| format!("the private key {refusal}"))?;
    let mut header = json!({"alg": key.algorithm(), "typ": "JWT"});
    if let Some(key_id) = key_id {
        header["kid"] = key_id.into();
    }
    let now = sources.now().unix_seconds();
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": token_url,
        "jti": (sources.new_id)(),
        "iat": now,
        "exp": now + LIFETIME_SECS,
    });
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encode(&header), encode(&claims));
    let signature = key.sign(message.as_bytes()).ok_or("the private key cannot sign")?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}
