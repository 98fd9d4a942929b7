//! Saving a webhook: its item, its credentials and its connection, so that it is wholly saved or not at all.

use axum::http::StatusCode;
use hookstep_contract::{
    Auth, ConfigFields, ConfigId, Credentials, DetailType, FieldError, OrgId, PayloadRules, Publish,
    Timestamp, WebhookConfig, is_ours,
};
use hookstep_egress::Refusal;
use hookstep_expression::Fault;
use hookstep_http_edge::{Caller, ConfigPath, Problem};
use hookstep_signing::Secret;
use hookstep_store::{Lease, Written};
use tracing::Instrument;

use crate::authentication::{self, Change, is_own};
use crate::certificates::{self, Checked};
use crate::{Context, signing_keys};

/// A webhook that was saved, and the signing secret that was made for it.
pub(crate) struct Saved {
    pub(crate) config: WebhookConfig,
    pub(crate) secret: Option<Secret>,
}

/// What is asked for, checked, as it is to be stored.
struct Draft {
    fields: ConfigFields,
    change: Change,
    certificate: Option<hookstep_contract::CertificateInfo>,
}

/// The caller's webhook of this id, with every change so far.
pub(crate) async fn latest(
    ctx: &Context,
    caller: &Caller,
    ConfigPath(config_id): ConfigPath,
) -> Result<WebhookConfig, Problem> {
    ctx.configs.latest(caller.org_id(), config_id).await?.ok_or_else(Problem::no_webhook)
}

/// Does the work even when whoever asked for it goes away: what stops half-way leaves what nobody knows of.
pub(crate) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    tokio::spawn(work.in_current_span()).await.map_err(|error| Problem::internal(&error))?
}

/// Makes a webhook.
pub(crate) async fn create(ctx: &Context, org_id: OrgId, asked: ConfigFields) -> Result<Saved, Problem> {
    let now = ctx.sources.now();
    let Draft { fields, change, certificate } = draft(ctx, &org_id, asked, None, now)?;
    check_payload_rules(ctx, &org_id, &fields, None).await?;
    let (key, secret) = signing_keys::make(ctx, &org_id).await?;
    let tls = certificates::keys(ctx, &org_id, fields.tls.as_ref(), None).await?;
    let config = WebhookConfig {
        config_id: ConfigId((ctx.sources.new_id)()),
        org_id,
        created_at: now,
        updated_at: now,
        revision: 1,
        signing_secrets: vec![key.lifetime],
        certificate,
        disabled_reason: None,
        fields,
    };
    let write = async || {
        let connection = authentication::apply(ctx, change, &config, None).await?;
        let credentials = Credentials {
            org_id: config.org_id.clone(),
            config_id: config.config_id,
            revision: config.revision,
            connection,
            signing_keys: vec![key],
            tls,
        };
        Ok(ctx.configs.create(&config, &credentials).await?)
    };
    if let Err(problem) = write().await {
        if is_own(config.fields.auth.as_ref()) {
            authentication::tidy(ctx, &config).await;
        }
        return Err(problem);
    }
    Ok(Saved { config, secret: Some(secret) })
}

/// Changes a webhook, which was as `before` when it was read.
pub(crate) async fn replace(
    ctx: &Context,
    before: WebhookConfig,
    asked: ConfigFields,
) -> Result<Saved, Problem> {
    let now = ctx.sources.now();
    let org_id = &before.org_id;
    let Draft { fields, change, certificate } = draft(ctx, org_id, asked, Some(&before), now)?;
    check_payload_rules(ctx, org_id, &fields, Some(&before.fields)).await?;
    let stored = ctx.configs.credentials(org_id, before.config_id).await?;
    let mut credentials = stored.unwrap_or_else(|| no_credentials(&before));
    let mut secret = None;
    // Saved by a version that did not sign.
    if credentials.signing_keys.is_empty() {
        let (key, made) = signing_keys::make(ctx, org_id).await?;
        credentials.signing_keys.push(key);
        secret = Some(made);
    }
    credentials.tls = certificates::keys(ctx, org_id, fields.tls.as_ref(), credentials.tls).await?;
    let disabled_reason = before.disabled_reason.clone().filter(|_| !fields.enabled);
    let config = WebhookConfig { certificate, disabled_reason, fields, ..before.clone() };
    let config = write_over(ctx, &before, config, credentials, change).await?;
    Ok(Saved { config, secret })
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
    config.signing_secrets = signing_keys::lifetimes(&credentials.signing_keys);
    credentials.revision = config.revision;
    let write = async || {
        credentials.connection = authentication::apply(ctx, change, &config, credentials.connection).await?;
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
        authentication::tidy(ctx, before).await;
    }
    written.map(|()| config)
}

/// Deletes a webhook with its connection, while nobody else can change it.
pub(crate) async fn delete(ctx: &Context, config: &WebhookConfig) -> Result<(), Problem> {
    let lease = lease(ctx, config).await?;
    let delete = async || {
        // The connection first, even where the webhook has none: what is left of it is found by the webhook alone.
        authentication::delete(ctx, config).await?;
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

/// Takes the lease of a webhook that is as it was when it was read.
async fn lease(ctx: &Context, config: &WebhookConfig) -> Result<Lease, Problem> {
    match ctx.configs.lease(config, &ctx.sources).await? {
        Some(lease) => Ok(lease),
        None => Err(overtaken(ctx, config).await),
    }
}

async fn release(ctx: &Context, config: &WebhookConfig, lease: Lease) {
    // Only logged: the lease ends by itself.
    if let Err(error) = ctx.configs.release(config, lease).await {
        hookstep_http_edge::log_failure(&error);
    }
}

/// Checks what is asked for, and completes it with what is left out.
fn draft(
    ctx: &Context,
    org_id: &OrgId,
    asked: ConfigFields,
    before: Option<&WebhookConfig>,
    now: Timestamp,
) -> Result<Draft, FieldError> {
    let mut fields = asked;
    let policy = &ctx.policy;
    fields.check()?;
    check_published(&fields.event_types, ctx.publish)?;
    policy.check_url(&fields.url).map_err(|refusal| FieldError::new("url", refusal.to_string()))?;
    policy.check_headers(&fields.headers).map_err(|refusal| {
        FieldError::new(format!("headers.{}", refusal.name), Refusal::from(refusal).to_string())
    })?;
    let stored = before.and_then(|before| before.fields.auth.as_ref());
    let asked = fields.auth.take();
    fields.auth = asked.clone().or_else(|| stored.cloned()).filter(|auth| *auth != Auth::None);
    authentication::check(&fields, org_id, policy)?;
    let change = authentication::change(stored, asked.as_ref())?;
    let before = before.map_or_else(Checked::default, |before| Checked {
        tls: before.fields.tls.clone(),
        certificate: before.certificate.clone(),
    });
    let Checked { tls, certificate } = certificates::check(fields.tls, before, now)?;
    fields.tls = tls;
    Ok(Draft { fields, change, certificate })
}

/// A subscription to what is never told would wait for ever.
fn check_published(event_types: &[String], publish: Publish) -> Result<(), FieldError> {
    for (index, event_type) in event_types.iter().enumerate() {
        let known = DetailType::ALL.into_iter().find(|ours| ours.as_str() == event_type);
        if is_ours(event_type) && !known.is_some_and(|ours| publish.includes(ours)) {
            let reason = match known {
                Some(_) => "is not put on the bus here: it needs another PublishEvents (--publish-events)",
                None => "is no event: those that begin with “Webhook ” are Hookstep's own",
            };
            return Err(FieldError::new(format!("event_types[{index}]"), reason));
        }
    }
    Ok(())
}

/// Looks at the syntax of a filter and a transform that are new.
async fn check_payload_rules(
    ctx: &Context,
    org_id: &OrgId,
    fields: &ConfigFields,
    before: Option<&ConfigFields>,
) -> Result<(), Problem> {
    match PayloadRules::of(fields) {
        Some(rules) if before.and_then(PayloadRules::of).as_ref() != Some(&rules) => {
            match fault_of(ctx, org_id, &rules).await? {
                Some(Fault { field, position: Some(position), reason }) => {
                    Err(FieldError::new(field, format!("at character {position}: {reason}")).into())
                }
                Some(Fault { field, position: None, reason }) => Err(FieldError::new(field, reason).into()),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// What can be seen to be wrong with a filter or a transform before there is a body.
pub(crate) async fn fault_of(
    ctx: &Context,
    org_id: &OrgId,
    rules: &PayloadRules,
) -> Result<Option<Fault>, Problem> {
    if *rules == PayloadRules::default() {
        return Ok(None);
    }
    ctx.sandbox.check(org_id, rules).await.map_err(|error| Problem::internal(&error))
}
