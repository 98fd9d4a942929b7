//! The caller of an operation, as an extractor.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use hookstep_contract::{Actor, Scope};
use hookstep_store::{Orgs, Tokens};

use crate::{Caller, Problem, Sender};

/// A router's state that has what is needed to know who sent a request.
pub trait HasTokens {
    /// The table of API tokens.
    fn tokens(&self) -> &Tokens;

    /// The orgs, which may be suspended.
    fn orgs(&self) -> &Orgs;
}

impl<T: HasTokens> HasTokens for Arc<T> {
    fn tokens(&self) -> &Tokens {
        T::tokens(self)
    }

    fn orgs(&self) -> &Orgs {
        T::orgs(self)
    }
}

/// A scope as a type, for the signature of a handler.
pub trait RequiredScope {
    /// The scope.
    const SCOPE: Scope;
}

/// The scope `trigger`.
#[derive(Clone, Copy, Debug)]
pub enum Trigger {}

/// The scope `read`.
#[derive(Clone, Copy, Debug)]
pub enum Read {}

/// The scope `manage`.
#[derive(Clone, Copy, Debug)]
pub enum Manage {}

impl RequiredScope for Trigger {
    const SCOPE: Scope = Scope::Trigger;
}

impl RequiredScope for Read {
    const SCOPE: Scope = Scope::Read;
}

impl RequiredScope for Manage {
    const SCOPE: Scope = Scope::Manage;
}

/// The [`Caller`], whose token has the scope `S`; otherwise the answer is 401 or 403.
///
/// It stands before every other argument that can be refused, so that nothing is learned without a token.
#[derive(Clone, Debug)]
pub struct Authorized<S> {
    caller: Caller,
    sender: Sender,
    scope: PhantomData<fn() -> S>,
}

impl<S> Authorized<S> {
    /// Who the caller is, for the audit log.
    pub fn actor(&self) -> Actor {
        self.caller.actor(&self.sender)
    }
}

/// The same on an operation whose path names the org, `{org_id}`: with a token of that org, or of the platform.
#[derive(Clone, Debug)]
pub struct AuthorizedIn<S>(pub Authorized<S>);

impl<S> Deref for Authorized<S> {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl<S: RequiredScope, T: HasTokens + Send + Sync> FromRequestParts<T> for Authorized<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &T) -> Result<Self, Problem> {
        let caller = Caller::authenticate(&parts.headers, state, S::SCOPE).await?;
        let Ok(sender) = Sender::from_request_parts(parts, state).await;
        Ok(Self { caller, sender, scope: PhantomData })
    }
}

impl<S: RequiredScope, T: HasTokens + Send + Sync> FromRequestParts<T> for AuthorizedIn<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &T) -> Result<Self, Problem> {
        let caller = Caller::authenticate_in(parts, state, S::SCOPE).await?;
        let Ok(sender) = Sender::from_request_parts(parts, state).await;
        Ok(Self(Authorized { caller, sender, scope: PhantomData }))
    }
}
