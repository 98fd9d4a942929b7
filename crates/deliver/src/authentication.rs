//! The request's authentication: the header made from a connection's credentials.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookstep_ambient::Sources;
use hookstep_secrets::Values;
use tokio::time::Instant;

use crate::exchange::TokenFailure;
use crate::mask::Mask;
use crate::oauth::Tokens;

const AUTHORIZATION: &str = "authorization";

/// A webhook's credentials.
pub(crate) struct Credentials {
    /// Identifies the slot of the credentials' token: see [`Tokens`].
    token_slot: String,
    pub(crate) values: Values,
    /// The last header and its mask, which takes longer to make than the header.
    last_mask: Mutex<Option<(String, Arc<Mask>)>>,
}

/// A header that authenticates the request.
pub(crate) struct Authentication {
    /// The header's name in lower case.
    pub(crate) name: String,
    pub(crate) value: String,
    /// Masks the secrets in the record.
    pub(crate) mask: Arc<Mask>,
}

impl Credentials {
    pub(crate) fn new(token_slot: String, values: Values) -> Self {
        Self { token_slot, values, last_mask: Mutex::default() }
    }

    /// The header. If it needs a token from the authorisation server, the token is not the one that a
    /// receiver `refused`.
    pub(crate) async fn header(
        &self,
        tokens: &Tokens,
        refused: Option<&str>,
        http: &hookstep_egress::Client,
        deadline: Instant,
        sources: &Sources,
    ) -> Result<Authentication, TokenFailure> {
        let (name, value) = match &self.values {
            Values::Basic { username, password } => {
                (AUTHORIZATION, format!("Basic {}", STANDARD.encode(format!("{username}:{password}"))))
            }
            Values::ApiKey { name, value } => (name.as_str(), value.clone()),
            Values::Oauth(client) => {
                let header =
                    tokens.header(&self.token_slot, client, refused, http, deadline, sources).await?;
                (AUTHORIZATION, header.to_string())
            }
        };
        Ok(Authentication { name: name.to_ascii_lowercase(), mask: self.mask(&value), value })
    }

    /// The mask of a header with this value.
    fn mask(&self, value: &str) -> Arc<Mask> {
        let mut last = self.last_mask.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((known, mask)) if known == value => Arc::clone(mask),
            _ => {
                let mask = Arc::new(Mask::of_header(value));
                *last = Some((value.to_owned(), Arc::clone(&mask)));
                mask
            }
        }
    }

    /// Whether another header may be available when a receiver rejects this one.
    pub(crate) fn is_renewable(&self) -> bool {
        matches!(self.values, Values::Oauth(_))
    }
}
