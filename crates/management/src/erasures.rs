//! `/erasures`: erases single events with everything that is kept of them (ADR 0064).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookstep_api_types::{Erasure, ErasureFields, Page, schema};
use hookstep_contract::limits::CORRELATION_ID_BYTES;
use hookstep_contract::{
    Actor, AuditAction, AuditTarget, ErasureId, ErasureSubject, EventErasure, FieldError, OrgId,
};
use hookstep_http_edge::{ApiJson, ApiQuery, Authorized, ErasurePath, Manage, Problem, no_erasure};

use crate::audit::{Act, noted};
use crate::paging::PageQuery;
use crate::{Context, paging};

/// How many erasures of an org are carried out at once: each is looked at in every run.
const MAX_RUNNING: usize = 100;

/// `POST /erasures`
#[utoipa::path(
    post,
    path = "/erasures",
    operation_id = "erase_events",
    tag = "Events",
    summary = "Erase events with everything that is kept of them",
    description = "Takes an event (`config_id` and `event_id`), a publication (`publication_id`), or all events and publications with a \
        `correlation_id`. What has not ended is cancelled first. Records, attempts with the receivers' answers, bodies and uploads are \
        erased in the background; it cannot be undone. An event of a publication is erased with the publication, whose body it shares.",
    request_body(content = ErasureFields, example = json!({"correlation_id": "order-1042"})),
    responses(
        (status = 202, description = "The erasure. It runs in the background.", body = Erasure),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 409, response = hookstep_http_edge::Conflict),
        (status = 413, response = hookstep_http_edge::TooLarge),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn create(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    ApiJson(fields): ApiJson<ErasureFields>,
) -> Result<(StatusCode, Json<Erasure>), Problem> {
    let erasure = erase(&ctx, caller.org_id(), &caller.actor(), fields).await?;
    Ok((StatusCode::ACCEPTED, Json(erasure)))
}

/// `GET /erasures`
#[utoipa::path(
    get,
    path = "/erasures",
    operation_id = "list_erasures",
    tag = "Events",
    summary = "List the erasures of events",
    description = "Running erasures, all of them on the first page, and then finished ones, newest first. Records are kept for 396 days.",
    params(
        PageQuery,
    ),
    responses(
        (status = 200, description = "A page of erasures.", body = Page<Erasure>),
        (status = 400, response = hookstep_http_edge::Invalid),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn list(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<Page<Erasure>>, Problem> {
    let (before, limit): (Option<ErasureId>, _) = query.read()?;
    page(&ctx, caller.org_id(), before, limit).await.map(Json)
}

/// `GET /erasures/{erasure_id}`
#[utoipa::path(
    get,
    path = "/erasures/{erasure_id}",
    operation_id = "read_erasure",
    tag = "Events",
    summary = "Read how far an erasure is",
    params(
        ("erasure_id" = schema::ErasureId, Path, description = "The erasure."),
    ),
    responses(
        (status = 200, description = "The erasure.", body = Erasure),
        (status = 404, response = hookstep_http_edge::NotFound),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn read(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    ErasurePath(erasure_id): ErasurePath,
) -> Result<Json<Erasure>, Problem> {
    let found = ctx.erasures.get(caller.org_id(), erasure_id).await?;
    found.map(|erasure| Json(Erasure::from(erasure))).ok_or_else(no_erasure)
}

/// A page of the erasures of an org.
///
/// # Errors
/// 500 when the table cannot be read.
pub async fn page(
    ctx: &Context,
    org_id: &OrgId,
    before: Option<ErasureId>,
    limit: usize,
) -> Result<Page<Erasure>, Problem> {
    let (erasures, has_more) = ctx.erasures.list(org_id, before, limit).await?;
    let last = erasures.last().map(|erasure| erasure.erasure_id).filter(|_| has_more);
    let data = erasures.into_iter().map(Erasure::from).collect();
    Ok(Page { data, next_cursor: last.map(paging::encode_cursor) })
}

/// Has events erased, in the background.
///
/// # Errors
/// 400 unless exactly one thing is named that exists; 409 for an event of a publication, and while as many erasures are carried out
/// as an org may have.
pub async fn erase(
    ctx: &Context,
    org_id: &OrgId,
    actor: &Actor,
    fields: ErasureFields,
) -> Result<Erasure, Problem> {
    let erasure_id = ErasureId((ctx.sources.new_id)());
    let target = match &fields {
        ErasureFields { config_id: Some(config_id), event_id: Some(event_id), .. } => {
            AuditTarget::of_webhook(event_id, config_id)
        }
        ErasureFields { publication_id: Some(publication_id), .. } => AuditTarget::new(publication_id),
        // A correlation id may say whom it is about, and the log is kept.
        _ => AuditTarget::new(erasure_id),
    };
    let act = Act::in_org(org_id, actor, AuditAction::EventErase, target);
    noted(ctx, act, async {
        let subject = subject(ctx, org_id, fields).await?;
        if ctx.erasures.are_running(org_id, MAX_RUNNING).await? {
            let detail = format!("{MAX_RUNNING} erasures of the org are carried out: wait until one is done");
            return Err(Problem::new(StatusCode::CONFLICT, detail));
        }
        let erasure = EventErasure::new(erasure_id, org_id.clone(), subject, ctx.sources.now());
        ctx.erasures.begin(&erasure).await?;
        Ok(Erasure::from(erasure))
    })
    .await
}

/// What the request names.
async fn subject(ctx: &Context, org_id: &OrgId, fields: ErasureFields) -> Result<ErasureSubject, Problem> {
    match fields {
        ErasureFields {
            config_id: Some(config_id),
            event_id: Some(event_id),
            publication_id: None,
            correlation_id: None,
        } => {
            let event = ctx.events.latest(org_id, config_id, event_id).await?;
            let event = event.ok_or_else(|| FieldError::new("event_id", "names no event of this webhook"))?;
            if let Some(publication_id) = event.publication_id {
                let detail =
                    format!("the event shares its body with the others of the publication {publication_id}: erase that");
                return Err(Problem::new(StatusCode::CONFLICT, detail).about(event_id));
            }
            Ok(ErasureSubject::Event { config_id, webhook_id: event.webhook_id() })
        }
        ErasureFields {
            config_id: None,
            event_id: None,
            publication_id: Some(publication_id),
            correlation_id: None,
        } => {
            let found = ctx.publications.get(org_id, publication_id).await?;
            found.ok_or_else(|| FieldError::new("publication_id", "names no publication of the org"))?;
            Ok(ErasureSubject::Publication { publication_id })
        }
        ErasureFields { config_id: None, event_id: None, publication_id: None, correlation_id: Some(id) } => {
            if !(1..=CORRELATION_ID_BYTES).contains(&id.len()) {
                let reason = format!("must be 1 to {CORRELATION_ID_BYTES} bytes");
                return Err(FieldError::new("correlation_id", reason).into());
            }
            Ok(ErasureSubject::correlated(id))
        }
        ErasureFields { config_id: None, event_id: Some(_), .. } => {
            Err(FieldError::new("config_id", "must be the webhook of the event").into())
        }
        ErasureFields { config_id: Some(_), event_id: None, .. } => {
            Err(FieldError::new("event_id", "must be an event of the webhook").into())
        }
        _ => Err(FieldError::new(
            "correlation_id",
            "must be the only thing that is named; or name an event by config_id and event_id, or a publication by publication_id",
        )
        .into()),
    }
}
