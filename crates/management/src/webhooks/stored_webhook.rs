//! The webhook of the path, as an extractor.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use hookstep_contract::{Actor, WebhookConfig};
use hookstep_http_edge::{Authorized, ConfigPath, Problem, RequiredScope};

use super::write::latest;
use crate::Context;

/// The webhook of the path with every change so far, for a caller whose token has the scope `S`.
pub(crate) struct StoredWebhook<S> {
    pub(crate) config: WebhookConfig,
    /// Who asks, for the audit log.
    pub(crate) actor: Actor,
    scope: PhantomData<fn() -> S>,
}

impl<S: RequiredScope> FromRequestParts<Arc<Context>> for StoredWebhook<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, ctx: &Arc<Context>) -> Result<Self, Problem> {
        let caller = Authorized::<S>::from_request_parts(parts, ctx).await?;
        let ConfigPath(config_id) = ConfigPath::from_request_parts(parts, ctx).await?;
        let config = latest(ctx, caller.org_id(), config_id).await?;
        Ok(Self { config, actor: caller.actor(), scope: PhantomData })
    }
}
