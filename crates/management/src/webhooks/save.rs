//! Saves a webhook with its credentials and its connection: all of it, or nothing.

use std::time::Duration;

use hookstep_contract::{
    Actor, AuditAction, Auth, ClientAuthentication, CloudEvents, ConfigFields, ConfigId, Credentials,
    DetailType, FieldError, OrgId, PayloadRules, Publish, Timestamp, WebhookConfig, check_name, is_ours,
};
use hookstep_egress::PolicyRefusal;
use hookstep_expression::Fault;
use hookstep_http_edge::Problem;
use hookstep_signing::Secret;

use super::allowance;
use super::certificates::{self, CheckedTls};
use super::connection::{self, Change, is_own};
use super::key_client;
use super::write::{self, empty_credentials, overwrite};
use super::{event_headers, extra_signature, pins};
use crate::Context;
use crate::audit::{self, Act, noted};
use crate::signing::secrets;

/// A saved webhook, and the signing secret that was made for it.
pub struct SavedWebhook {
    /// The webhook as it is now.
    pub config: WebhookConfig,
    /// The new signing secret; none when it already had one.
    pub secret: Option<Secret>,
}

/// The fields of a request, checked and completed.
struct CheckedFields {
    fields: ConfigFields,
    /// What the save does to the connection.
    change: Change,
    certificate: Option<hookstep_contract::CertificateInfo>,
}

/// Creates a webhook.
///
/// # Errors
/// 400 that names the first wrong field; 409 when the org has as many webhooks as it may have; 503 when no more connections can
/// be made.
pub async fn create(
    ctx: &Context,
    org_id: OrgId,
    actor: &Actor,
    fields: ConfigFields,
) -> Result<SavedWebhook, Problem> {
    let now = ctx.sources.now();
    let retention = allowance::for_another(ctx, &org_id).await?;
    let checked = check(ctx, &org_id, fields, None, retention, now)?;
    let CheckedFields { fields, change, certificate } = checked;
    check_payload_rules(ctx, &org_id, &fields, None).await?;
    pins::check(ctx, &org_id, &fields, None).await?;
    let (key, secret) = secrets::new_secret(ctx, &org_id, None).await?;
    let tls = certificates::keys(ctx, &org_id, fields.tls.as_ref(), None).await?;
    let key_client = key_client::encrypted(ctx, &org_id, fields.auth.as_ref(), None).await?;
    let config = WebhookConfig {
        config_id: ConfigId((ctx.sources.new_id)()),
        org_id,
        created_at: now,
        updated_at: now,
        revision: 1,
        signing_secrets: vec![key.lifetime],
        certificate,
        disabled_reason: None,
        health: None,
        slow_since: None,
        learned: None,
        certificate_warning: None,
        fields,
    };
    let write = async || {
        let connection = connection::apply(ctx, change, &config, None).await?;
        let credentials = Credentials {
            org_id: config.org_id.clone(),
            config_id: config.config_id,
            revision: config.revision,
            connection,
            client_authentication: client_authentication(&config.fields),
            key_client,
            signing_keys: vec![key],
            tls,
        };
        Ok(ctx.configs.create(&config, &credentials).await?)
    };
    let act = Act::in_org(&config.org_id, actor, AuditAction::WebhookCreate, write::target(&config));
    let act = act.changing(audit::created(&config.fields)?);
    if let Err(problem) = noted(ctx, act, write()).await {
        if is_own(config.fields.auth.as_ref()) {
            connection::tidy(ctx, &config).await;
        }
        return Err(problem);
    }
    Ok(SavedWebhook { config, secret: Some(secret) })
}

/// Replaces the fields of a webhook; `before` is the webhook as it was read.
///
/// # Errors
/// As for [`create`]; 409 when the webhook has changed since it was read, 404 when it was deleted.
pub async fn replace(
    ctx: &Context,
    before: WebhookConfig,
    actor: &Actor,
    fields: ConfigFields,
) -> Result<SavedWebhook, Problem> {
    let now = ctx.sources.now();
    let org_id = &before.org_id;
    let retention = allowance::retention(ctx, org_id).await?;
    let checked = check(ctx, org_id, fields, Some(&before), retention, now)?;
    let CheckedFields { fields, change, certificate } = checked;
    check_payload_rules(ctx, org_id, &fields, Some(&before.fields)).await?;
    pins::check(ctx, org_id, &fields, Some(&before.fields)).await?;
    let stored = ctx.configs.credentials(org_id, before.config_id).await?;
    let mut credentials = stored.unwrap_or_else(|| empty_credentials(&before));
    let mut secret = None;
    // The webhook was saved by a version that did not sign requests.
    if credentials.signing_keys.is_empty() {
        let (key, made) = secrets::new_secret(ctx, org_id, None).await?;
        credentials.signing_keys.push(key);
        secret = Some(made);
    }
    credentials.tls = certificates::keys(ctx, org_id, fields.tls.as_ref(), credentials.tls).await?;
    credentials.client_authentication = client_authentication(&fields);
    credentials.key_client =
        key_client::encrypted(ctx, org_id, fields.auth.as_ref(), credentials.key_client).await?;
    let disabled_reason = before.disabled_reason.clone().filter(|_| !fields.enabled);
    // Whoever enables a webhook begins anew, and whoever changes it may have mended what kept the receiver from its events.
    let is_enabled_anew = fields.enabled && !before.fields.enabled;
    let health = before.health.clone().filter(|_| !is_enabled_anew).map(|health| health.after_edit(now));
    // Another URL may be another receiver.
    let is_same = fields.url == before.fields.url && fields.max_in_flight == before.fields.max_in_flight;
    let learned = before.learned.clone().filter(|_| is_same);
    let config = WebhookConfig { certificate, disabled_reason, health, learned, fields, ..before.clone() };
    let changes = audit::updated(&before.fields, &config.fields, change != Change::Keep)?;
    let act = Act::in_org(org_id, actor, AuditAction::WebhookUpdate, write::target(&before));
    let write = overwrite(ctx, &before, config, credentials, change);
    let config = noted(ctx, act.changing(changes), write).await?;
    Ok(SavedWebhook { config, secret })
}

fn client_authentication(fields: &ConfigFields) -> Option<ClientAuthentication> {
    match fields.auth.as_ref()? {
        Auth::OauthClientCredentials { client_authentication, .. } => *client_authentication,
        _ => None,
    }
}

/// Checks the fields of a request as [`create`] and [`replace`] do, and changes nothing.
///
/// # Errors
/// 400 that names the first wrong field.
pub async fn verify(
    ctx: &Context,
    org_id: &OrgId,
    fields: ConfigFields,
    before: Option<&WebhookConfig>,
) -> Result<(), Problem> {
    let retention = allowance::retention(ctx, org_id).await?;
    let CheckedFields { fields, .. } = check(ctx, org_id, fields, before, retention, ctx.sources.now())?;
    check_payload_rules(ctx, org_id, &fields, before.map(|before| &before.fields)).await
}

/// Checks the fields of a request, and completes them with what the request leaves out.
fn check(
    ctx: &Context,
    org_id: &OrgId,
    mut fields: ConfigFields,
    before: Option<&WebhookConfig>,
    retention: Duration,
    now: Timestamp,
) -> Result<CheckedFields, FieldError> {
    let policy = &ctx.policy;
    fields.check()?;
    if before.is_none_or(|before| before.fields.name != fields.name) {
        check_name(&fields.name)?;
    }
    fields.keep_shards(before.map(|before| &before.fields))?;
    fields.check_retention(retention)?;
    check_published(&fields.event_types, ctx.publish)?;
    policy.check_url(&fields.url).map_err(|refusal| FieldError::new("url", refusal.to_string()))?;
    policy.check_headers(&fields.headers).map_err(|refusal| {
        FieldError::new(format!("headers.{}", refusal.name), PolicyRefusal::from(refusal).to_string())
    })?;
    let stored = before.and_then(|before| before.fields.auth.as_ref());
    let requested = fields.auth.take();
    fields.auth = requested.clone().or_else(|| stored.cloned()).filter(|auth| *auth != Auth::None);
    connection::check(&fields, org_id, policy)?;
    extra_signature::check(&fields, policy)?;
    event_headers::check(&fields, policy)?;
    check_cloud_events(&fields)?;
    let change = connection::change(stored, requested.as_ref())?;
    let before = before.map_or_else(CheckedTls::default, |before| CheckedTls {
        tls: before.fields.tls.clone(),
        certificate: before.certificate.clone(),
    });
    let CheckedTls { tls, certificate } = certificates::check(fields.tls, before, now)?;
    fields.tls = tls;
    Ok(CheckedFields { fields, change, certificate })
}

/// Refuses own headers that are attributes of CloudEvents. Others that begin with `ce-` add attributes.
fn check_cloud_events(fields: &ConfigFields) -> Result<(), FieldError> {
    let is_ours = |name: &&String| CloudEvents::HEADERS.iter().any(|ours| ours.eq_ignore_ascii_case(name));
    match fields.headers.keys().find(is_ours) {
        Some(name) if fields.cloud_events.is_some() => {
            Err(FieldError::new(format!("headers.{name}"), "must be left out: cloud_events sets this header"))
        }
        _ => Ok(()),
    }
}

/// Refuses a subscription to events of our own that this deployment does not publish.
fn check_published(event_types: &[String], publish: Publish) -> Result<(), FieldError> {
    for (index, event_type) in event_types.iter().enumerate() {
        let known = DetailType::ALL.into_iter().find(|ours| ours.as_str() == event_type);
        if is_ours(event_type) && !known.is_some_and(|ours| publish.includes(ours)) {
            let reason = match known {
                Some(_) => {
                    "is not published by this deployment: its operator can change that with PublishEvents (--publish-events)"
                }
                None => "is not an event type: names that begin with “Webhook ” are Hookstep's own",
            };
            return Err(FieldError::new(format!("event_types[{index}]"), reason));
        }
    }
    Ok(())
}

/// Checks the syntax of a filter and a transform that have changed.
async fn check_payload_rules(
    ctx: &Context,
    org_id: &OrgId,
    fields: &ConfigFields,
    before: Option<&ConfigFields>,
) -> Result<(), Problem> {
    match PayloadRules::of(fields) {
        Some(rules) if before.and_then(PayloadRules::of).as_ref() != Some(&rules) => {
            match find_fault(ctx, org_id, &rules).await? {
                Some(Fault { field, position: Some(position), reason, .. }) => {
                    Err(FieldError::new(field, format!("at character {position}: {reason}")).into())
                }
                Some(Fault { field, position: None, reason, .. }) => {
                    Err(FieldError::new(field, reason).into())
                }
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// The first fault of a filter or a transform that shows without a body.
pub(crate) async fn find_fault(
    ctx: &Context,
    org_id: &OrgId,
    rules: &PayloadRules,
) -> Result<Option<Fault>, Problem> {
    if *rules == PayloadRules::default() {
        return Ok(None);
    }
    ctx.sandbox.check(org_id, rules).await.map_err(|error| Problem::internal(&error))
}
