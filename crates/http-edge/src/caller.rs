//! Who is asking: a bearer token, found by its hash.

use axum::http::{HeaderMap, StatusCode, header};
use hookstep_ambient::Sources;
use hookstep_contract::{OrgId, Scope, Token, TokenId};
use hookstep_store::Tokens;
use sha2::{Digest, Sha256};

use crate::Problem;

/// The one who sent a request, with the only org it can reach.
#[derive(Clone, Debug)]
pub struct Caller {
    token: Token,
}

impl Caller {
    /// Finds the caller by the request's bearer token and checks that it may do `scope`.
    ///
    /// # Errors
    /// 401 without a token we know, 403 without the scope, 500 when tokens cannot be read.
    pub async fn authenticate(headers: &HeaderMap, tokens: &Tokens, scope: Scope) -> Result<Self, Problem> {
        let bearer =
            headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer_token);
        let Some(bearer) = bearer else {
            return Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "send a token: Authorization: Bearer <token>",
            ));
        };
        Self::of(bearer, tokens, scope).await
    }

    /// Finds the caller by a token, wherever it was brought, and checks that it may do `scope`.
    ///
    /// # Errors
    /// 401 for a token we do not know, 403 without the scope, 500 when tokens cannot be read.
    pub async fn of(token: &str, tokens: &Tokens, scope: Scope) -> Result<Self, Problem> {
        let Some(token) = tokens.find(&hash_token(token)).await? else {
            return Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "this token is not known: it may have expired or been revoked",
            ));
        };
        if !token.allows(scope) {
            let name = format!("{scope:?}").to_lowercase();
            return Err(Problem::new(StatusCode::FORBIDDEN, format!("this token lacks the scope {name}")));
        }
        Ok(Self { token })
    }

    /// Whether the caller may do `scope`, too.
    pub fn may(&self, scope: Scope) -> bool {
        self.token.allows(scope)
    }

    /// The caller's org.
    pub fn org_id(&self) -> &OrgId {
        &self.token.org_id
    }

    /// What the caller's token is called by, when it has an id.
    pub fn token_id(&self) -> Option<TokenId> {
        self.token.token_id
    }
}

fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A new token: 256 random bits, in hex, with a prefix that secret scanners can look for.
pub fn new_token(sources: &Sources) -> String {
    let bytes = (sources.random_bytes)();
    format!("hookstep_{}", hex::encode(&bytes[..32]))
}

/// The hash under which a token is stored. Tokens are 256 random bits, so a plain SHA-256 cannot be searched.
pub fn hash_token(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}
