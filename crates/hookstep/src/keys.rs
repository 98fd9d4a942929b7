//! The keys with which a receiver verifies signatures.

use std::fmt;

use clap::Args;
use hookstep_client::{Key, PublicKey, Secret};

use crate::remote::Remote;
use crate::settings::BoxError;

/// Where the keys come from.
#[derive(Args)]
pub(crate) struct KeyArgs {
    /// A signing secret (whsec_…), which verifies v1. Give several while a secret is being replaced. Better set it in the
    /// environment, separated by spaces: flags show in the process list.
    #[arg(
        long,
        value_name = "SECRET",
        env = "HOOKSTEP_SIGNING_SECRET",
        hide_env_values = true,
        value_delimiter = ' '
    )]
    secret: Vec<String>,

    /// The org's public key, which verifies v1a: whpk_…, or a PEM file.
    #[arg(long, value_name = "KEY", env = "HOOKSTEP_PUBLIC_KEY")]
    public_key: Option<String>,

    /// Get the public keys of this org from Hookstep.
    #[arg(long, conflicts_with = "public_key")]
    org: Option<String>,

    #[command(flatten)]
    remote: Remote,
}

/// Without the secrets.
impl fmt::Debug for KeyArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyArgs").field("secrets", &self.secret.len()).finish_non_exhaustive()
    }
}

/// Keys to verify with, by the version of signatures that they are for.
#[derive(Clone, Debug, Default)]
pub(crate) struct VerifyKeys {
    pub(crate) v1: Vec<Key>,
    pub(crate) v1a: Vec<Key>,
}

impl KeyArgs {
    pub(crate) async fn read(&self) -> Result<VerifyKeys, BoxError> {
        let mut keys = VerifyKeys::default();
        for secret in self.secret.iter().filter(|secret| !secret.is_empty()) {
            keys.v1.push(Key::Secret(secret.trim().parse::<Secret>()?));
        }
        if let Some(text) = &self.public_key {
            keys.v1a.push(Key::Public(public_key(text)?));
        } else if let Some(org) = &self.org {
            for key in self.remote.anonymous()?.jwks(&org.parse()?).await?.keys {
                keys.v1a.push(Key::Public(PublicKey::from_jwk_x(&key.x)?));
            }
        }
        Ok(keys)
    }
}

fn public_key(text: &str) -> Result<PublicKey, BoxError> {
    if text.starts_with("whpk_") {
        return Ok(text.parse()?);
    }
    let pem =
        std::fs::read_to_string(text).map_err(|error| format!("cannot read the key {text}: {error}"))?;
    Ok(PublicKey::from_pem(&pem)?)
}

impl VerifyKeys {
    /// Every key.
    pub(crate) fn all(&self) -> Vec<Key> {
        [&*self.v1, &*self.v1a].concat()
    }

    /// Each version that has keys, with its keys.
    pub(crate) fn versions(&self) -> impl Iterator<Item = (&'static str, &[Key])> {
        [("v1", &*self.v1), ("v1a", &*self.v1a)].into_iter().filter(|(_, keys)| !keys.is_empty())
    }
}
