//! Saving a webhook: its item, its credentials and its connection, so that it is wholly saved or not at all.

use hookstep_contract::{
    Auth, ConfigFields, ConfigId, Credentials, DetailType, FieldError, OrgId, PayloadRules, Publish,
    Timestamp, WebhookConfig, is_ours,
};
use hookstep_egress::PolicyRefusal;
use hookstep_expression::Fault;
use hookstep_http_edge::Problem;
use hookstep_signing::Secret;

use super::certificates::{self, Checked};
use super::connection::{self, Change, is_own};
use super::write::{no_credentials, write_over};
use crate::Context;
use crate::signing::secrets;

/// A webhook that was saved, and the signing secret that was made for it.
pub struct Saved {
    /// The webhook as it is now.
    pub config: WebhookConfig,
    /// The new signing secret; none when it already had one.
    pub secret: Option<Secret>,
}

/// What is asked for, checked, as it is to be stored.
struct Draft {
    fields: ConfigFields,
    change: Change,
    certificate: Option<hookstep_contract::CertificateInfo>,
}

/// Makes a webhook.
pub async fn create(ctx: &Context, org_id: OrgId, asked: ConfigFields) -> Result<Saved, Problem> {
    let now = ctx.sources.now();
    let Draft { fields, change, certificate } = draft(ctx, &org_id, asked, None, now)?;
    check_payload_rules(ctx, &org_id, &fields, None).await?;
    let (key, secret) = secrets::make(ctx, &org_id).await?;
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
        let connection = connection::apply(ctx, change, &config, None).await?;
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
            connection::tidy(ctx, &config).await;
        }
        return Err(problem);
    }
    Ok(Saved { config, secret: Some(secret) })
}

/// Changes a webhook, which was as `before` when it was read.
pub async fn replace(ctx: &Context, before: WebhookConfig, asked: ConfigFields) -> Result<Saved, Problem> {
    let now = ctx.sources.now();
    let org_id = &before.org_id;
    let Draft { fields, change, certificate } = draft(ctx, org_id, asked, Some(&before), now)?;
    check_payload_rules(ctx, org_id, &fields, Some(&before.fields)).await?;
    let stored = ctx.configs.credentials(org_id, before.config_id).await?;
    let mut credentials = stored.unwrap_or_else(|| no_credentials(&before));
    let mut secret = None;
    // Saved by a version that did not sign.
    if credentials.signing_keys.is_empty() {
        let (key, made) = secrets::make(ctx, org_id).await?;
        credentials.signing_keys.push(key);
        secret = Some(made);
    }
    credentials.tls = certificates::keys(ctx, org_id, fields.tls.as_ref(), credentials.tls).await?;
    let disabled_reason = before.disabled_reason.clone().filter(|_| !fields.enabled);
    let config = WebhookConfig { certificate, disabled_reason, fields, ..before.clone() };
    let config = write_over(ctx, &before, config, credentials, change).await?;
    Ok(Saved { config, secret })
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
        FieldError::new(format!("headers.{}", refusal.name), PolicyRefusal::from(refusal).to_string())
    })?;
    let stored = before.and_then(|before| before.fields.auth.as_ref());
    let asked = fields.auth.take();
    fields.auth = asked.clone().or_else(|| stored.cloned()).filter(|auth| *auth != Auth::None);
    connection::check(&fields, org_id, policy)?;
    let change = connection::change(stored, asked.as_ref())?;
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
