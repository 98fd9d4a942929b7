//! Which webhooks listen to an event type.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use futures_util::{StreamExt, TryStreamExt, stream};
use hookstep_api_types::{Page, TypeListener};
use hookstep_contract::{ConfigId, OrgId};
use hookstep_http_edge::{ApiQuery, Authorized, EventTypePath, Problem, Read};

use super::write::stored;
use crate::paging::PageQuery;
use crate::{Context, paging};

/// How many webhooks are read concurrently.
const MAX_CONCURRENT: usize = 8;

/// `GET /event-types/{event_type}/webhooks`
#[utoipa::path(
    get,
    path = "/event-types/{event_type}/webhooks",
    operation_id = "list_event_type_webhooks",
    tag = "Event types",
    summary = "List the webhooks that listen to an event type",
    description = "Those whose `event_types` match the type, disabled ones as well, in the order of their ids.",
    params(
        ("event_type" = String, Path, description = "The name of the type."),
        PageQuery,
    ),
    responses(
        (status = 200, description = "A page of webhooks.", body = Page<TypeListener>),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["read"])),
)]
pub(crate) async fn list(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Read>,
    EventTypePath(name): EventTypePath,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<Page<TypeListener>>, Problem> {
    stored(&ctx, caller.org_id(), &name).await?;
    let (after, limit) = query.read()?;
    Ok(Json(listeners(&ctx, caller.org_id(), &name, after, limit).await?))
}

/// A page of the webhooks that listen to an event type.
///
/// # Errors
/// 500 when the table cannot be read.
pub async fn listeners(
    ctx: &Context,
    org_id: &OrgId,
    event_type: &str,
    after: Option<ConfigId>,
    limit: usize,
) -> Result<Page<TypeListener>, Problem> {
    let (found, is_more) = ctx.configs.listeners(org_id, event_type, after, limit).await?;
    let next = found.last().filter(|_| is_more).map(|listener| listener.config_id);
    let read = found.into_iter().map(|listener| async move {
        let config = ctx.configs.get(org_id, listener.config_id).await?;
        // Deleted a moment ago, if it is not there.
        Ok::<_, Problem>(config.map(|config| TypeListener {
            config_id: listener.config_id,
            name: config.fields.name,
            enabled: config.fields.enabled,
            event_types: listener.event_types,
            pinned_version: config.fields.event_type_versions.get(event_type).cloned(),
        }))
    });
    // Collected first, for the compiler cannot prove the lifetimes of a lazy iterator.
    let read: Vec<_> = read.collect();
    let read: Vec<Option<TypeListener>> = stream::iter(read).buffered(MAX_CONCURRENT).try_collect().await?;
    Ok(Page { data: read.into_iter().flatten().collect(), next_cursor: next.map(paging::encode_cursor) })
}
