//! The request's authentication: the header made from a connection's credentials.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookstep_ambient::Sources;
use hookstep_secrets::Values;
use tokio::time::Instant;

use crate::exchange::TokenFailure;
use crate::mask::Mask;
use crate::oauth::Tokens;

/// A webhook's credentials.
pub(crate) struct Credentials {
    /// Identifies the slot of the credentials' token: see [`Tokens`].
    pub(crate) token_slot: String,
    pub(crate) values: Values,
}

/// A header that authenticates the request.
pub(crate) struct Authentication {
    /// The header's name in lower case.
    pub(crate) name: String,
    pub(crate) value: String,
    /// Masks the secrets in the record.
    pub(crate) mask: Mask,
}

impl Credentials {
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
        let authorization =
            |value: String, mask: Mask| Authentication { name: "authorization".to_owned(), value, mask };
        Ok(match &self.values {
            Values::Basic { username, password } => {
                let value = format!("Basic {}", STANDARD.encode(format!("{username}:{password}")));
                let mask = Mask::of_header(&value);
                authorization(value, mask)
            }
            Values::ApiKey { name, value } => {
                let mask = Mask::of_header(value);
                Authentication { name: name.to_ascii_lowercase(), value: value.clone(), mask }
            }
            Values::Oauth(client) => {
                let header =
                    tokens.header(&self.token_slot, client, refused, http, deadline, sources).await?;
                let mask = Mask::of_header(&header);
                authorization(header.to_string(), mask)
            }
        })
    }

    /// Whether another header may be available when a receiver rejects this one.
    pub(crate) fn is_renewable(&self) -> bool {
        matches!(self.values, Values::Oauth(_))
    }
}
