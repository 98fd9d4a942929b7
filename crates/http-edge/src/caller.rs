//! Who sent a request, found by the hash of the bearer token, and about which org.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use hookstep_ambient::Sources;
use hookstep_contract::{
    Actor, FieldError, Org, OrgId, OrgStatus, Owner, Scope, TOKEN_START, Token, TokenId, error_chain,
};
use hookstep_store::{Orgs, Tokens};
use sha2::{Digest, Sha256};
use tracing::warn;

use crate::path::{OrgPath, no_org};
use crate::sender::Sender;
use crate::{HasTokens, Problem};

/// The header by which a platform names the org that a request is about.
pub const ORG_HEADER: &str = "X-Org-Id";

/// The sender of a request, with the only org that the request can reach.
#[derive(Clone, Debug)]
pub struct Caller {
    token: Token,
    org_id: OrgId,
    /// `None` if the org is known by its tokens alone.
    org: Option<Arc<Org>>,
    /// What a session in the portal allows, in the place of what its token does.
    granted: Option<Vec<Scope>>,
}

/// A sender whose token belongs to the platform, and who asks about no org or about several.
#[derive(Clone, Debug)]
pub struct PlatformCaller {
    token: Token,
    actor: Actor,
}

impl Caller {
    /// Finds the caller by the request's bearer token, and the org by the token or, for a platform, by the header; and checks
    /// that the caller may do there what needs `scope`.
    pub(crate) async fn authenticate(
        headers: &HeaderMap,
        state: &impl HasTokens,
        scope: Scope,
    ) -> Result<Self, Problem> {
        let token = sender(headers, state.tokens()).await?;
        let named = named_org(headers);
        let org_id = match (&token.owner, named) {
            (Owner::Org(own), None) => own.clone(),
            (Owner::Org(own), Some(Ok(named))) if *own == named => named,
            (Owner::Org(_), Some(_)) => {
                let detail = "this token is not one of the org that X-Org-Id names";
                return Err(Problem::new(StatusCode::FORBIDDEN, detail));
            }
            (Owner::Platform, Some(named)) => named?,
            (Owner::Platform, None) => {
                let reason = "a platform's token belongs to no org: name the org that the request is about";
                return Err(FieldError::new(ORG_HEADER, reason).into());
            }
        };
        Self::in_org(token, org_id, state.orgs(), None, scope).await
    }

    /// Finds the caller of an operation on an org that its path names: with a token of the platform, or of that very org.
    pub(crate) async fn authenticate_in(
        parts: &mut Parts,
        state: &(impl HasTokens + Send + Sync),
        scope: Scope,
    ) -> Result<Self, Problem> {
        let token = sender(&parts.headers, state.tokens()).await?;
        let OrgPath(org_id) = OrgPath::from_request_parts(parts, state).await?;
        match &token.owner {
            Owner::Org(own) if *own != org_id => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "the token belongs to another org than the one in the path",
            )),
            _ => Self::in_org(token, org_id, state.orgs(), None, scope).await,
        }
    }

    /// The caller of a session in the portal, which may do in the org what `granted` says. It was opened for a token of the org or of
    /// the platform, which must still be there and allow as much.
    ///
    /// # Errors
    /// 401 if the token is gone, 403 if it allows less by now or the org is being deleted, 404 if there is no such org, 500 when
    /// tokens cannot be read.
    pub async fn in_portal(
        opened_with: &str,
        org_id: OrgId,
        granted: &[Scope],
        state: &impl HasTokens,
    ) -> Result<Self, Problem> {
        let token = known(opened_with, state.tokens()).await?;
        let needed = match token.owner {
            Owner::Platform => vec![Scope::Platform],
            // A session never does what its token cannot.
            Owner::Org(_) => [&[Scope::Manage], granted].concat(),
        };
        if let Some(lacking) = needed.into_iter().find(|scope| !token.allows(*scope)) {
            return Err(lacks(lacking));
        }
        Self::in_org(token, org_id, state.orgs(), Some(granted.to_vec()), Scope::Read).await
    }

    /// Finds the caller by a token of an org, wherever the request carries it, and checks that the token has `scope`.
    ///
    /// # Errors
    /// 401 for an unknown token, 403 without the scope or for a platform's token, 500 when tokens cannot be read.
    pub async fn by_token(token: &str, state: &impl HasTokens, scope: Scope) -> Result<Self, Problem> {
        Self::by_hash(&hash_token(token), state, scope).await
    }

    /// Finds the caller by the hash of a token of an org and checks that the token has `scope`.
    ///
    /// # Errors
    /// 401 for an unknown token, 403 without the scope or for a platform's token, 500 when tokens cannot be read.
    pub async fn by_hash(token_hash: &str, state: &impl HasTokens, scope: Scope) -> Result<Self, Problem> {
        let token = known(token_hash, state.tokens()).await?;
        match token.owner.clone() {
            Owner::Org(org_id) => Self::in_org(token, org_id, state.orgs(), None, scope).await,
            Owner::Platform => {
                let detail = "a platform's token belongs to no org: use a token of the org";
                Err(Problem::new(StatusCode::FORBIDDEN, detail))
            }
        }
    }

    async fn in_org(
        token: Token,
        org_id: OrgId,
        orgs: &Orgs,
        granted: Option<Vec<Scope>>,
        scope: Scope,
    ) -> Result<Self, Problem> {
        let org = match token.owner {
            Owner::Org(_) => orgs.find(&org_id).await?,
            Owner::Platform => orgs.find_made(&org_id).await?,
        };
        let caller = Self { token, org_id, org, granted };
        match (&caller.token.owner, caller.status()) {
            (Owner::Platform, None | Some(OrgStatus::Deleting)) => return Err(no_org()),
            (Owner::Org(_), Some(OrgStatus::Deleting)) => {
                return Err(Problem::new(StatusCode::FORBIDDEN, "the org of this token is being deleted"));
            }
            _ => {}
        }
        caller.check(scope)?;
        Ok(caller)
    }

    fn check(&self, scope: Scope) -> Result<(), Problem> {
        if !self.has(scope) {
            return Err(lacks(scope));
        }
        if self.may(scope) {
            return Ok(());
        }
        let detail = match self.token.owner {
            Owner::Org(_) => "the org is suspended: it can be read, and nothing else",
            Owner::Platform => "the org is suspended: it takes no events",
        };
        Err(Problem::new(StatusCode::FORBIDDEN, detail))
    }

    /// Checks that the caller may give these scopes to somebody else: only those that it has itself.
    ///
    /// # Errors
    /// 403 that names a scope which the caller lacks.
    pub fn grants<'a>(&self, scopes: impl IntoIterator<Item = &'a Scope>) -> Result<(), Problem> {
        scopes.into_iter().find(|scope| !self.has(**scope)).map_or(Ok(()), |scope| Err(lacks(*scope)))
    }

    /// Whether the caller has `scope` in the org. A platform has every one that a token of an org can have.
    fn has(&self, scope: Scope) -> bool {
        match (&self.granted, &self.token.owner) {
            (Some(granted), _) => granted.contains(&scope),
            (None, Owner::Org(_)) => self.token.allows(scope),
            (None, Owner::Platform) => scope != Scope::Platform,
        }
    }

    /// Whether the caller may do now what needs `scope`.
    pub fn may(&self, scope: Scope) -> bool {
        // People in the portal are the org's, whoever has let them in.
        let is_platform = self.token.owner == Owner::Platform && self.granted.is_none();
        let is_frozen = self.status() == Some(OrgStatus::Suspended)
            && match scope {
                Scope::Read => false,
                Scope::Manage => !is_platform,
                Scope::Trigger | Scope::Platform => true,
            };
        self.has(scope) && !is_frozen
    }

    fn status(&self) -> Option<OrgStatus> {
        self.org.as_ref().map(|org| org.fields.status)
    }

    /// How many days the events of the org are kept, if a platform has said so.
    pub fn retention_days(&self) -> Option<u32> {
        self.org.as_ref()?.fields.retention_days
    }

    /// How many hours the bodies of the org's events are kept after these have ended, if a platform has said so.
    pub fn body_retention_hours(&self) -> Option<u32> {
        self.org.as_ref()?.fields.body_retention_hours
    }

    /// Whether a platform has said that values in the bodies of the org's events are not kept.
    pub fn redacts(&self) -> bool {
        self.org.as_ref().is_some_and(|org| !org.fields.redact_paths.is_empty())
    }

    /// The name of the caller's token.
    pub fn token_name(&self) -> &str {
        &self.token.name
    }

    /// The org that the request is about.
    pub fn org_id(&self) -> &OrgId {
        &self.org_id
    }

    /// Who the caller is, for the audit log.
    pub fn actor(&self, sender: &Sender) -> Actor {
        actor(&self.token, sender)
    }

    /// The owner of the tokens that the request is about: the org.
    pub fn owner(&self) -> Owner {
        Owner::Org(self.org_id.clone())
    }

    /// The hash of the caller's token.
    pub fn token_hash(&self) -> &str {
        &self.token.token_hash
    }

    /// The id of the caller's token; tokens made by early versions have none.
    pub fn token_id(&self) -> Option<TokenId> {
        self.token.token_id
    }
}

impl PlatformCaller {
    /// The id of the caller's token.
    pub fn token_id(&self) -> Option<TokenId> {
        self.token.token_id
    }

    /// Who the caller is, for the audit log.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
}

impl<T: HasTokens + Send + Sync> FromRequestParts<T> for PlatformCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &T) -> Result<Self, Problem> {
        let token = sender(&parts.headers, state.tokens()).await?;
        if token.owner == Owner::Platform && token.allows(Scope::Platform) {
            let Ok(sender) = Sender::from_request_parts(parts, state).await;
            let actor = actor(&token, &sender);
            return Ok(Self { token, actor });
        }
        Err(lacks(Scope::Platform))
    }
}

/// The token of the sender of a request.
async fn sender(headers: &HeaderMap, tokens: &Tokens) -> Result<Token, Problem> {
    let bearer =
        headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer_token);
    match bearer {
        Some(bearer) => known(&hash_token(bearer), tokens).await,
        None => Err(Problem::new(StatusCode::UNAUTHORIZED, "send a token: Authorization: Bearer <token>")),
    }
}

/// The token with this hash, whose use is noted.
async fn known(token_hash: &str, tokens: &Tokens) -> Result<Token, Problem> {
    let Some(token) = tokens.find(token_hash).await? else {
        return Err(Problem::wrong_token());
    };
    // A token works whether or not its use can be noted.
    if let Err(error) = tokens.note_use(&token).await {
        warn!(error.chain = error_chain(&error), "the use of a token could not be noted");
    }
    Ok(token)
}

/// The org that the header names, if it is there.
fn named_org(headers: &HeaderMap) -> Option<Result<OrgId, FieldError>> {
    let mut values = headers.get_all(ORG_HEADER).into_iter();
    let value = values.next()?;
    if values.next().is_some() {
        return Some(Err(FieldError::new(ORG_HEADER, "must be given once")));
    }
    let org_id = value.to_str().ok().and_then(|text| text.parse().ok());
    Some(org_id.ok_or_else(|| {
        FieldError::new(ORG_HEADER, "must be the id of an org: 1 to 32 of a-z, 0-9, '-' and '_'")
    }))
}

fn actor(token: &Token, sender: &Sender) -> Actor {
    Actor {
        token_id: token.token_id,
        token_name: token.name.clone(),
        session_id: None,
        portal_role: None,
        is_platform: token.owner == Owner::Platform,
        address: sender.address(),
        user_agent: sender.program(),
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
