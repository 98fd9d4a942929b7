//! Who sent a request: found by the hash of the bearer token.

use axum::http::{HeaderMap, StatusCode, header};
use hookstep_ambient::Sources;
use hookstep_contract::{OrgId, Scope, TOKEN_START, Token, TokenId, error_chain};
use hookstep_store::Tokens;
use sha2::{Digest, Sha256};
use tracing::warn;

use crate::Problem;

/// The sender of a request, with the only org that it can reach.
#[derive(Clone, Debug)]
pub struct Caller {
    token: Token,
}

impl Caller {
    /// Finds the caller by the request's bearer token and checks that the token has `scope`.
    pub(crate) async fn authenticate(
        headers: &HeaderMap,
        tokens: &Tokens,
        scope: Scope,
    ) -> Result<Self, Problem> {
        let bearer =
            headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer_token);
        let Some(bearer) = bearer else {
            return Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "send a token: Authorization: Bearer <token>",
            ));
        };
        Self::by_token(bearer, tokens, scope).await
    }

    /// Finds the caller by a token, wherever the request carries it, and checks that the token has `scope`.
    ///
    /// # Errors
    /// 401 for an unknown token, 403 without the scope, 500 when tokens cannot be read.
    pub async fn by_token(token: &str, tokens: &Tokens, scope: Scope) -> Result<Self, Problem> {
        Self::by_hash(&hash_token(token), tokens, scope).await
    }

    /// Finds the caller by the hash of a token and checks that the token has `scope`.
    ///
    /// # Errors
    /// 401 for an unknown token, 403 without the scope, 500 when tokens cannot be read.
    pub async fn by_hash(token_hash: &str, tokens: &Tokens, scope: Scope) -> Result<Self, Problem> {
        let Some(token) = tokens.find(token_hash).await? else {
            return Err(Problem::wrong_token());
        };
        // A token works whether or not its use can be noted.
        if let Err(error) = tokens.note_use(&token).await {
            warn!(error.chain = error_chain(&error), "the use of a token could not be noted");
        }
        let caller = Self { token };
        if caller.may(scope) { Ok(caller) } else { Err(lacks(scope)) }
    }

    /// Checks that the caller may give these scopes to somebody else: only those that it has itself.
    ///
    /// # Errors
    /// 403 that names a scope which the caller lacks.
    pub fn grants<'a>(&self, scopes: impl IntoIterator<Item = &'a Scope>) -> Result<(), Problem> {
        scopes.into_iter().find(|scope| !self.may(**scope)).map_or(Ok(()), |scope| Err(lacks(*scope)))
    }

    /// Whether the token has `scope` as well.
    pub fn may(&self, scope: Scope) -> bool {
        self.token.allows(scope)
    }

    /// The name of the caller's token.
    pub fn token_name(&self) -> &str {
        &self.token.name
    }

    /// The caller's org.
    pub fn org_id(&self) -> &OrgId {
        &self.token.org_id
    }

    /// The id of the caller's token; tokens made by early versions have none.
    pub fn token_id(&self) -> Option<TokenId> {
        self.token.token_id
    }
}

fn lacks(scope: Scope) -> Problem {
    let name = format!("{scope:?}").to_lowercase();
    Problem::new(StatusCode::FORBIDDEN, format!("this token lacks the scope {name}"))
}

fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A new token: 256 random bits, in hex, with a prefix that secret scanners can look for.
pub fn new_token(sources: &Sources) -> String {
    let bytes = (sources.random_bytes)();
    format!("{TOKEN_START}{}", hex::encode(&bytes[..32]))
}

/// The hash under which a token is stored. Tokens are 256 random bits, so nobody can guess one that has a known SHA-256.
pub fn hash_token(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}
