//! The keys that a receiver trusts.

use std::error::Error;
use std::fmt;

use clap::Args;
use hookstep_client::{Key, PublicKey, Secret};

use crate::remote::Remote;

/// Where the keys come from.
#[derive(Args)]
pub(crate) struct KeyArgs {
    /// A signing secret (whsec_…), which checks v1. Several may be given, as while a secret is being replaced. Better in the
    /// environment, separated by spaces: flags show in the process list.
    #[arg(
        long,
        value_name = "SECRET",
        env = "HOOKSTEP_SIGNING_SECRET",
        hide_env_values = true,
        value_delimiter = ' '
    )]
    secret: Vec<String>,

    /// The org's public key, which checks v1a: whpk_…, or a PEM file.
    #[arg(long, value_name = "KEY", env = "HOOKSTEP_PUBLIC_KEY")]
    public_key: Option<String>,

    /// Ask Hookstep for the public key of this org.
    #[arg(long, conflicts_with = "public_key")]
    org: Option<String>,

    #[command(flatten)]
    remote: Remote,
}

/// Its secrets are nobody's business.
impl fmt::Debug for KeyArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyArgs").field("secrets", &self.secret.len()).finish_non_exhaustive()
    }
}

/// Keys, each list for one version of signatures.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    pub(crate) v1: Vec<Key>,
    pub(crate) v1a: Vec<Key>,
}

impl KeyArgs {
    pub(crate) async fn read(&self) -> Result<Keys, Box<dyn Error + Send + Sync>> {
        let mut keys = Keys::default();
        for secret in self.secret.iter().filter(|secret| !secret.is_empty()) {
            keys.v1.push(Key::Secret(secret.trim().parse::<Secret>()?));
        }
        let public_key = match (&self.public_key, &self.org) {
            (Some(text), _) => Some(public_key(text)?),
            (None, Some(org)) => {
                let key = self.remote.anonymous()?.public_key(&org.parse()?).await?;
                Some(key.public_key.parse()?)
            }
            (None, None) => None,
        };
        keys.v1a.extend(public_key.map(Key::Public));
        Ok(keys)
    }
}

fn public_key(text: &str) -> Result<PublicKey, Box<dyn Error + Send + Sync>> {
    if text.starts_with("whpk_") {
        return Ok(text.parse()?);
    }
    let pem =
        std::fs::read_to_string(text).map_err(|error| format!("cannot read the key {text}: {error}"))?;
    Ok(PublicKey::from_pem(&pem)?)
}

impl Keys {
    /// Every key.
    pub(crate) fn all(&self) -> Vec<Key> {
        [&*self.v1, &*self.v1a].concat()
    }

    /// The version of each list that has keys.
    pub(crate) fn versions(&self) -> impl Iterator<Item = (&'static str, &[Key])> {
        [("v1", &*self.v1), ("v1a", &*self.v1a)].into_iter().filter(|(_, keys)| !keys.is_empty())
    }
}
