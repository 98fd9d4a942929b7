//! Replaces or deletes a webhook, provided that nobody has changed it since it was read. A lease keeps others out while
//! its connection and its item are written.

use axum::http::StatusCode;
use hookstep_contract::{Actor, AuditAction, AuditTarget, ConfigId, Credentials, OrgId, WebhookConfig};
use hookstep_http_edge::Problem;
use hookstep_store::{Lease, Written};
use tracing::Instrument;

use super::connection::{self, Change, is_own};
use crate::Context;
use crate::audit::{Act, noted};
use crate::signing::secrets;

/// Reads the org's webhook with this id, with every change so far.
///
/// # Errors
/// 404 when the org has no such webhook.
pub async fn latest(ctx: &Context, org_id: &OrgId, config_id: ConfigId) -> Result<WebhookConfig, Problem> {
    ctx.configs.latest(org_id, config_id).await?.ok_or_else(Problem::no_webhook)
}

/// Runs `work` to completion even if the client disconnects: stopping half-way could leave a connection that no webhook
/// refers to.
///
/// # Errors
/// Those of the work; 500 when it panics.
pub async fn run_to_completion<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    tokio::spawn(work.in_current_span()).await.map_err(|error| Problem::internal(&error))?
}

/// Writes `config` in place of `before`, with its credentials and the change of its connection.
pub(crate) async fn overwrite(
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
            Written::Outdated => Err(conflict(ctx, before).await),
        }
    };
    let written = write().await;
    if written.is_err() {
        release(ctx, before, lease).await;
    }
    let [was_own, is_own] = [before, &config].map(|config| is_own(config.fields.auth.as_ref()));
    // A changed connection cannot be changed back, because its old secrets cannot be read.
    if (written.is_ok() && was_own && !is_own) || (written.is_err() && is_own) {
        connection::tidy(ctx, before).await;
    }
    written.map(|()| config)
}

/// Deletes a webhook with its connection.
///
/// # Errors
/// 409 when the webhook has changed since it was read, 404 when it was deleted.
pub async fn delete(ctx: &Context, config: &WebhookConfig, actor: &Actor) -> Result<(), Problem> {
    let act = Act::in_org(&config.org_id, actor, AuditAction::WebhookDelete, target(config));
    noted(ctx, act, deleted(ctx, config)).await
}

/// What the audit log says an action on a webhook is about.
pub(crate) fn target(config: &WebhookConfig) -> AuditTarget {
    AuditTarget::named(config.config_id, &config.fields.name)
}

async fn deleted(ctx: &Context, config: &WebhookConfig) -> Result<(), Problem> {
    let lease = lease(ctx, config).await?;
    let delete = async || {
        // The connection goes first, and even where the webhook has none now: an earlier save may have left one behind, and
        // its name is known only from the webhook.
        connection::delete(ctx, config).await?;
        match ctx.configs.delete(config, &lease).await? {
            Written::Done => Ok(()),
            Written::Outdated => Err(conflict(ctx, config).await),
        }
    };
    let deleted = delete().await;
    if deleted.is_err() {
        release(ctx, config, lease).await;
    }
    deleted
}

/// The credentials of a webhook that has none stored: it was saved by a version without them.
pub(crate) fn empty_credentials(config: &WebhookConfig) -> Credentials {
    Credentials {
        org_id: config.org_id.clone(),
        config_id: config.config_id,
        revision: config.revision,
        connection: None,
        client_authentication: None,
        key_client: None,
        signing_keys: Vec::new(),
        tls: None,
    }
}

/// The refusal for a webhook that was changed or deleted after it was read.
async fn conflict(ctx: &Context, before: &WebhookConfig) -> Problem {
    match ctx.configs.latest(&before.org_id, before.config_id).await {
        Ok(Some(_)) => {
            let detail = "the webhook was changed by another request, or is being changed: read it again";
            Problem::new(StatusCode::CONFLICT, detail)
        }
        Ok(None) => Problem::no_webhook(),
        Err(error) => error.into(),
    }
}

/// Takes the lease of a webhook that has not changed since it was read.
async fn lease(ctx: &Context, config: &WebhookConfig) -> Result<Lease, Problem> {
    match ctx.configs.lease(config, &ctx.sources).await? {
        Some(lease) => Ok(lease),
        None => Err(conflict(ctx, config).await),
    }
}

async fn release(ctx: &Context, config: &WebhookConfig, lease: Lease) {
    // Only logged: the lease expires by itself.
    if let Err(error) = ctx.configs.release(config, lease).await {
        hookstep_http_edge::log_failure(&error);
    }
}
