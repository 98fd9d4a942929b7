//! What requests are signed with: the secrets of a webhook, and the key pair of an org.

pub(crate) mod jwks;
pub(crate) mod public_key;
pub(crate) mod rotate_key;
pub(crate) mod secrets;

use hookstep_ambient::Sources;

/// 32 random bytes, the length of every key here.
fn bytes_32(sources: &Sources) -> [u8; 32] {
    let bytes = (sources.random_bytes)();
    std::array::from_fn(|index| bytes[index])
}
