//! `/notifications`: who is told about changes of the org's webhooks.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hookstep_api_types::{NotificationFields, Notifications};
use hookstep_contract::{
    Actor, AuditAction, AuditChange, AuditTarget, FieldError, NotificationSettings, OrgId, Publish,
};
use hookstep_http_edge::{ApiJson, Authorized, Manage, Problem, Read};
use serde_json::json;

use crate::Context;
use crate::audit::{Act, noted};

/// `GET /notifications`
#[utoipa::path(
    get,
    path = "/notifications",
    operation_id = "read_notifications",
    tag = "Webhooks",
    summary = "Read who is told about webhooks",
    description = "The addresses that get a mail when a webhook of the org is degraded or failing, has recovered, was disabled, or has a client certificate that expires.",
    responses(
        (status = 200, description = "Who is told.", body = Notifications),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["read"])),
)]
pub(crate) async fn read(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Read>,
) -> Result<Json<Notifications>, Problem> {
    Ok(Json(notifications(&ctx, caller.org_id()).await?))
}

/// `PUT /notifications`
#[utoipa::path(
    put,
    path = "/notifications",
    operation_id = "replace_notifications",
    tag = "Webhooks",
    summary = "Set who is told about webhooks",
    description = "Replaces the addresses. Each gets one mail about each change: when a webhook of the org is degraded or failing, \
        has recovered, was disabled, or has a client certificate that expires.",
    request_body(content = NotificationFields, example = json!({"emails": ["ops@example.com"]})),
    responses(
        (status = 200, description = "Who is told from now on.", body = Notifications),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 413, response = hookstep_http_edge::TooLarge),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn replace(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    ApiJson(fields): ApiJson<NotificationFields>,
) -> Result<Json<Notifications>, Problem> {
    Ok(Json(set_notifications(&ctx, caller.org_id(), &caller.actor(), &fields).await?))
}

/// Who is told about changes of an org's webhooks.
///
/// # Errors
/// 500 when the table cannot be read.
pub async fn notifications(ctx: &Context, org_id: &OrgId) -> Result<Notifications, Problem> {
    Ok(view(ctx, ctx.configs.notification_settings(org_id).await?))
}

/// Sets who is told.
///
/// # Errors
/// 400 that names the wrong address, or says what the operator has to set first; 500 when the table cannot be written.
pub async fn set_notifications(
    ctx: &Context,
    org_id: &OrgId,
    actor: &Actor,
    fields: &NotificationFields,
) -> Result<Notifications, Problem> {
    let settings = NotificationSettings::parse(&fields.emails)?;
    if !sends_mails(ctx) && !settings.emails.is_empty() {
        return Err(FieldError::new("emails", OPERATOR_HAS_TO).into());
    }
    let before = ctx.configs.notification_settings(org_id).await?;
    let changes =
        AuditChange::between(&json!({"emails": before.emails}), &json!({"emails": settings.emails}));
    let act = Act::in_org(org_id, actor, AuditAction::NotificationsUpdate, AuditTarget::new(org_id));
    let write = async { Ok(ctx.configs.put_notification_settings(org_id, &settings).await?) };
    noted(ctx, act.changing(changes), write).await?;
    Ok(view(ctx, settings))
}

/// What has to be done before mails can be sent.
const OPERATOR_HAS_TO: &str = "cannot be told, because this deployment sends no mails: its operator has to set --smtp-url and \
    --mail-from or, on AWS, the parameter MailFrom, and must not set --publish-events or PublishEvents to none";

fn view(ctx: &Context, settings: NotificationSettings) -> Notifications {
    let emails = settings.emails.into_iter().map(String::from).collect();
    Notifications { emails, enabled: sends_mails(ctx) }
}

/// The mails are about events that are published.
fn sends_mails(ctx: &Context) -> bool {
    ctx.has_mailer && ctx.publish != Publish::Nothing
}
