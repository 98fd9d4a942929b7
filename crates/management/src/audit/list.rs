//! The audit log, as the API shows it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hookstep_api_types::{AuditEntry, Page, schema};
use hookstep_contract::{AuditId, FieldError, Owner, Timestamp};
use hookstep_http_edge::{ApiQuery, Authorized, Manage, PlatformCaller, Problem};
use serde::Deserialize;
use utoipa::IntoParams;

use super::AuditFilter;
use crate::{Context, paging};

/// The longest id that anything has: that of an org is shorter.
const MAX_ID_CHARS: usize = 64;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only entries about what has this id, or belongs to the webhook with this id.
    #[param(value_type = String, required = false, max_length = 64)]
    pub(crate) target_id: Option<String>,
    /// Only entries from this moment on.
    #[param(value_type = schema::Timestamp, required = false)]
    pub(crate) from: Option<Timestamp>,
    /// Only entries up to this moment.
    #[param(value_type = schema::Timestamp, required = false)]
    pub(crate) to: Option<Timestamp>,
    /// The most entries of the page.
    #[param(value_type = u32, required = false, minimum = 1, maximum = 100, default = 50)]
    pub(crate) limit: Option<String>,
    /// The `next_cursor` of the previous page; leave it out for the first page.
    #[param(value_type = String, required = false)]
    pub(crate) cursor: Option<String>,
}

/// `GET /audit`
#[utoipa::path(
    get,
    path = "/audit",
    operation_id = "list_audit_entries",
    tag = "Audit",
    summary = "List the audit log of the org",
    description = "Who did what in the org, newest first: every change of webhooks, secrets, tokens and notifications, every sign-in \
        to the console, and every event that was cancelled or sent again. Entries are kept for 396 days. A filtered list looks at up \
        to 2,000 entries for a page: only a null `next_cursor` means that there are no more.",
    params(
        ListQuery,
    ),
    responses(
        (status = 200, description = "A page of entries.", body = Page<AuditEntry>),
        (status = 400, response = hookstep_http_edge::Invalid),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn list(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<Json<Page<AuditEntry>>, Problem> {
    entries(&ctx, &caller.owner(), query).await.map(Json)
}

/// `GET /platform/audit`
#[utoipa::path(
    get,
    path = "/platform/audit",
    operation_id = "list_platform_audit_entries",
    tag = "Audit",
    summary = "List the audit log of the platform",
    description = "Who made, changed and deleted orgs and tokens of the platform, newest first. What a platform does in an org is in \
        the log of the org.",
    params(
        ListQuery,
    ),
    responses(
        (status = 200, description = "A page of entries.", body = Page<AuditEntry>),
        (status = 400, response = hookstep_http_edge::Invalid),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["platform"])),
)]
pub(crate) async fn list_of_platform(
    State(ctx): State<Arc<Context>>,
    _: PlatformCaller,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<Json<Page<AuditEntry>>, Problem> {
    entries(&ctx, &Owner::Platform, query).await.map(Json)
}

async fn entries(ctx: &Context, owner: &Owner, query: ListQuery) -> Result<Page<AuditEntry>, Problem> {
    let limit = paging::parse_limit(query.limit.as_deref())?;
    let before: Option<AuditId> = paging::decode_cursor(query.cursor.as_deref())?;
    if query.target_id.as_ref().is_some_and(|id| id.chars().count() > MAX_ID_CHARS) {
        let reason = format!("must be an id: at most {MAX_ID_CHARS} characters");
        return Err(FieldError::new("target_id", reason).into());
    }
    if query.from.zip(query.to).is_some_and(|(from, to)| from > to) {
        return Err(FieldError::new("from", "must not be later than to").into());
    }
    let filter = AuditFilter { target: query.target_id, from: query.from, to: query.to, before };
    page(ctx, owner, &filter, limit).await
}

/// A page of an owner's audit log, newest first.
///
/// # Errors
/// 500 when the table cannot be read.
pub async fn page(
    ctx: &Context,
    owner: &Owner,
    filter: &AuditFilter,
    limit: usize,
) -> Result<Page<AuditEntry>, Problem> {
    let (entries, next) = ctx.audit_log.list(owner, filter, limit).await?;
    let data = entries.into_iter().map(AuditEntry::from).collect();
    Ok(Page { data, next_cursor: next.map(paging::encode_cursor) })
}
