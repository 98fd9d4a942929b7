//! Writing a webhook in the place of the one that was read, while nobody else can change it.

use axum::http::StatusCode;
use hookstep_contract::{ConfigId, Credentials, OrgId, WebhookConfig};
use hookstep_http_edge::Problem;
use hookstep_store::{Lease, Written};
use tracing::Instrument;

use super::connection::{self, Change, is_own};
use crate::Context;
use crate::signing::secrets;

/// The org's webhook with this id, with every change so far.
///
/// # Errors
/// 404 when the org has no such webhook.
pub async fn latest(ctx: &Context, org_id: &OrgId, config_id: ConfigId) -> Result<WebhookConfig, Problem> {
    ctx.configs.latest(org_id, config_id).await?.ok_or_else(Problem::no_webhook)
}

/// Does the work even when whoever asked for it goes away: what stops half-way leaves what nobody knows of.
pub async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    tokio::spawn(work.in_current_span()).await.map_err(|error| Problem::internal(&error))?
}

/// Writes a changed webhook in the place of `before`, while nobody else can.
pub(crate) async fn write_over(
    ctx: &Context,
    before: &WebhookConfig,
    mut config: WebhookConfig,
    mut credentials: Credentials,
    change: Change,
) -> Result<WebhookConfig, Problem> {
    let now = ctx.sources.now();
    let lease = lease(ctx, before).await?;
    config.updated_at = now;
    config.revision = before.revision + 1;
    config.signing_secrets = secrets::lifetimes(&credentials.signing_keys);
    credentials.revision = config.revision;
    let write = async || {
        credentials.connection = connection::apply(ctx, change, &config, credentials.connection).await?;
        match ctx.configs.replace(&config, &credentials, &lease).await? {
            Written::Done => Ok(()),
            Written::Outdated => Err(overtaken(ctx, before).await),
        }
    };
    let written = write().await;
    if written.is_err() {
        release(ctx, before, lease).await;
    }
    let [was_own, is_own] = [before, &config].map(|config| is_own(config.fields.auth.as_ref()));
    // A connection that is changed cannot be changed back: its secrets are not ours to read.
    if (written.is_ok() && was_own && !is_own) || (written.is_err() && is_own) {
        connection::tidy(ctx, before).await;
    }
    written.map(|()| config)
}

/// Deletes a webhook with its connection, while nobody else can change it.
pub async fn delete(ctx: &Context, config: &WebhookConfig) -> Result<(), Problem> {
    let lease = lease(ctx, config).await?;
    let delete = async || {
        // The connection first, even where the webhook has none: what is left of it is found by the webhook alone.
        connection::delete(ctx, config).await?;
        match ctx.configs.delete(config, &lease).await? {
            Written::Done => Ok(()),
            Written::Outdated => Err(overtaken(ctx, config).await),
        }
    };
    let deleted = delete().await;
    if deleted.is_err() {
        release(ctx, config, lease).await;
    }
    deleted
}

/// For a webhook that was saved by a version that knew of none.
pub(crate) fn no_credentials(config: &WebhookConfig) -> Credentials {
    Credentials {
        org_id: config.org_id.clone(),
        config_id: config.config_id,
        revision: config.revision,
        connection: None,
        signing_keys: Vec::new(),
        tls: None,
    }
}

/// The webhook is not as it was when it was read.
async fn overtaken(ctx: &Context, before: &WebhookConfig) -> Problem {
    match ctx.configs.latest(&before.org_id, before.config_id).await {
        Ok(Some(_)) => {
            let detail = "somebody else has changed the webhook meanwhile, or is about to: read it again";
            Problem::new(StatusCode::CONFLICT, detail)
        }
        Ok(None) => Problem::no_webhook(),
        Err(error) => error.into(),
    }
}

/// Holds a webhook that is as it was when it was read.
async fn lease(ctx: &Context, config: &WebhookConfig) -> Result<Lease, Problem> {
    match ctx.configs.lease(config, &ctx.sources).await? {
        Some(lease) => Ok(lease),
        None => Err(overtaken(ctx, config).await),
    }
}

async fn release(ctx: &Context, config: &WebhookConfig, lease: Lease) {
    // Logged and left: it ends by itself.
    if let Err(error) = ctx.configs.release(config, lease).await {
        hookstep_http_edge::log_failure(&error);
    }
}
