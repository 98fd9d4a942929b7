//! Extractors of the pages. A refusal is shown as a page.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use hookstep_contract::WebhookConfig;
use hookstep_http_edge::{ApiBytes, ConfigPath, Problem};
use hookstep_management::Context;
use hookstep_management::webhooks::write;

use crate::error::PageError;
use crate::form::{Form, Query};
use crate::session::Visitor;

/// An extractor of the API, whose refusal is shown as a page.
pub(crate) struct Shown<E>(pub(crate) E);

impl<S: Send + Sync, E: FromRequestParts<S, Rejection = Problem>> FromRequestParts<S> for Shown<E> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        Ok(Self(E::from_request_parts(parts, state).await?))
    }
}

/// Somebody who is signed in (a `Visitor` or a `Manager`), and the webhook of the path as it is now.
pub(crate) struct OnWebhook<V>(pub(crate) V, pub(crate) WebhookConfig);

impl<V> FromRequestParts<Arc<Context>> for OnWebhook<V>
where
    V: FromRequestParts<Arc<Context>, Rejection = PageError> + AsRef<Visitor> + Send,
{
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, ctx: &Arc<Context>) -> Result<Self, PageError> {
        let visitor = V::from_request_parts(parts, ctx).await?;
        let ConfigPath(config_id) = ConfigPath::from_request_parts(parts, ctx).await?;
        let config = write::latest(ctx, visitor.as_ref().org_id(), config_id).await?;
        Ok(Self(visitor, config))
    }
}

/// What a page needs (`E`), and the form that was sent to it. If the session has ended meanwhile, the form is kept.
pub(crate) struct Submitted<E>(pub(crate) E, pub(crate) Form);

impl<E> FromRequest<Arc<Context>> for Submitted<E>
where
    E: FromRequestParts<Arc<Context>, Rejection = PageError> + Send,
{
    type Rejection = PageError;

    async fn from_request(request: Request, ctx: &Arc<Context>) -> Result<Self, PageError> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let needed = E::from_request_parts(&mut parts, ctx).await;
        let form = Form::from_request(Request::from_parts(parts, body), ctx).await?;
        match needed {
            Ok(needed) => Ok(Self(needed, form)),
            Err(PageError::SignIn { .. }) => Err(PageError::Expired { path, form }),
            Err(error) => Err(error),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        Ok(Self::of(&parts.uri))
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        let ApiBytes(body) = ApiBytes::from_request(request, state).await?;
        Ok(Self::read(&body))
    }
}
