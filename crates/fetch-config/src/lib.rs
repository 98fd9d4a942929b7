//! The state `FetchConfig`: what a webhook's config means for one event. It also stores the event's body for
//! viewing and replays (ADR 0014), and fetches the stored body of a replay.
//!
//! The state `RefreshPlan`: what the config means for the next attempt of an event that is already recorded
//! (ADR 0024).
#![warn(clippy::large_futures, reason = "every delivery moves and keeps them")]

mod context;
mod pins;
mod plan;
mod scheduled;
mod watch;

use std::time::Duration;

use hookstep_contract::{
    BodyLoss, BodyPart, Content, ErrorName, EventMetadata, EventRecord, FetchConfigInput, FetchConfigOutput,
    FetchedConfig, OrgStatus, Origin, RefreshedPlan, Source, Status, StepError, StoreError, Unresolved,
    WebhookConfig,
};

pub use context::Context;
pub use watch::Watch;

/// What is known about an event's body after it was stored or fetched.
#[derive(Debug, Default)]
struct ReadBody {
    size: Option<u64>,
    claim: Option<String>,
    /// The body, if it was fetched from another event or is stored already.
    payload: Option<Unresolved>,
}

/// For how long what `trigger` has seen of the org of an event holds for the event: as long as it is kept in memory on AWS.
const ORG_CHECK_HOLDS: Duration = Duration::from_secs(10);

/// Returns the plan of an event's next attempt. Before the first one, it also stores or fetches the body, and
/// returns the event's record. A new event that is to be sent later is only recorded.
///
/// # Errors
/// `ConfigNotFound` if the webhook does not exist before the first attempt; `StorageUnavailable` if a table does not respond.
pub async fn handle(mut input: FetchConfigInput, ctx: &Context) -> Result<FetchConfigOutput, StepError> {
    let org = match was_just_checked(&input, ctx) {
        true => None,
        false => ctx.orgs.find(&input.event.org_id).await?,
    };
    let status = org.as_ref().map_or(OrgStatus::Active, |org| org.fields.status);
    // An event from the bus does not bring it, nor what a platform fault has met before this step.
    let body_retention_hours = org.as_ref().and_then(|org| org.fields.body_retention_hours);
    input.event.body_retention_hours = input.event.body_retention_hours.or(body_retention_hours);
    // The body of a publication is redacted after its last delivery, so all of them or none say so.
    let has_paths = org.as_ref().is_some_and(|org| !org.fields.redact_paths.is_empty());
    input.event.redacts |= has_paths && input.event.publication_id.is_none();
    if input.refresh {
        return refresh(input, status, ctx).await;
    }
    input.event.retention_days = input.event.retention_days.or(org.and_then(|org| org.fields.retention_days));
    if status == OrgStatus::Deleting {
        return Err(deleted());
    }
    if let Some(due) = input.event.deliver_at {
        return Ok(FetchConfigOutput::Event(Box::new(scheduled::record(&input, due, ctx).await?)));
    }
    let (config, body) = (ctx.configs.get(&input.event.org_id, input.event.config_id), &input.payload);
    Ok(FetchConfigOutput::Event(Box::new(prepare(&input, status, config, body.clone(), None, ctx).await?)))
}

/// Whether `trigger` has accepted the event a moment ago: then it has looked at the org, and says how long the event is kept.
fn was_just_checked(input: &FetchConfigInput, ctx: &Context) -> bool {
    let EventMetadata { origin, created_at, .. } = &input.event;
    !input.refresh && *origin == Origin::Api && ctx.watch.now().since(*created_at) < ORG_CHECK_HOLDS
}

/// The plan of a further attempt, with every change of the webhook so far. An event that a fault of the platform
/// stopped before it was filtered and transformed is prepared as a new one is.
async fn refresh(
    input: FetchConfigInput,
    status: OrgStatus,
    ctx: &Context,
) -> Result<FetchConfigOutput, StepError> {
    let FetchConfigInput { event, number, needs_body, keeps_place, .. } = &input;
    let (org_id, config_id) = (&event.org_id, event.config_id);
    // What the record says decides which body is sent, so it must not be of before the last attempt.
    let config = ctx.configs.latest(org_id, config_id);
    let (config, record) = tokio::try_join!(config, ctx.events.latest(org_id, config_id, event.event_id))?;
    let config = config.filter(|_| status != OrgStatus::Deleting);
    // The event has expired, or was erased: nothing is sent of it, and there is nothing left whose end could be recorded.
    if record.is_none() {
        let plan = Box::new(RefreshedPlan::Superseded { superseded: true });
        return Ok(FetchConfigOutput::Refreshed { plan, payload: None, number: None });
    }
    let stored = record.as_ref().map(EventRecord::stored_body);
    let unprepared = record.as_ref().and_then(|record| record.unprepared.clone());
    let now = ctx.watch.now();
    let webhook = config.clone().map(|config| (config, status));
    let mut plan = plan::again(webhook, event, record.as_ref(), *number, *keeps_place, now);
    if let RefreshedPlan::Attempt(plan) = &mut plan {
        plan.queued &= ctx.has_delivery_queue;
    }
    if let (RefreshedPlan::Attempt(_), Some(source)) = (&plan, unprepared) {
        // The execution has no body but for this one.
        let unchanged = match &source {
            Source::Claim(claim) => Some(Unresolved::Claim(claim.clone())),
            Source::Unusable(reason) => Some(Unresolved::Unusable(reason.clone())),
            Source::Inline(content) => Some(Unresolved::Inline(content.clone())),
            Source::Published(publication_id) if event.publication_id == Some(*publication_id) => {
                Some(Unresolved::Published(*publication_id))
            }
            Source::AcceptedBodyOf(_) | Source::SentBodyOf(_) | Source::Published(_) => None,
        };
        let fetched = prepare(&input, status, async { Ok(config) }, Some(source), record, ctx).await?;
        let payload = fetched.payload.or(unchanged);
        return Ok(FetchConfigOutput::Event(Box::new(FetchedConfig { payload, ..fetched })));
    }
    let payload = stored.filter(|_| *needs_body && matches!(plan, RefreshedPlan::Attempt(_)));
    let number = record.filter(|_| *keeps_place).map(|record| record.attempt_count + 1);
    Ok(FetchConfigOutput::Refreshed { plan: Box::new(plan), payload, number })
}

/// The plan, the record and the body of an event of which nothing was sent yet. `earlier` is the event's record if it
/// has one.
async fn prepare(
    input: &FetchConfigInput,
    status: OrgStatus,
    config: impl Future<Output = Result<Option<WebhookConfig>, StoreError>>,
    source: Option<Source>,
    earlier: Option<EventRecord>,
    ctx: &Context,
) -> Result<FetchedConfig, StepError> {
    let event = &input.event;
    let config = async { Ok(config.await?) };
    let is_inline = matches!(source, Some(Source::Inline(_)));
    // An event with a record is on the watch list already.
    let watch = async { if earlier.is_some() { Ok(None) } else { ctx.watch.note(event).await } };
    // Before the body is stored, so that none stays for too long.
    ctx.expiring.note_new(event, source.as_ref(), ctx.retention).await?;
    let (config, mut body, late) =
        tokio::try_join!(config, store_or_fetch(event, source.as_ref(), ctx), watch)?;
    let config = config.ok_or_else(deleted)?;
    let misfit = pins::misfit(&config.fields, event, source.as_ref(), body.payload.as_ref(), ctx).await?;
    let is_refused = misfit.is_some();
    body.payload = misfit.map(Unresolved::Unusable).or(body.payload);
    let mut plan = plan::of(config, status, event, ctx.watch.now());
    let has_body = is_inline || matches!(body.payload, Some(Unresolved::Inline(_)));
    plan.queued &= ctx.has_delivery_queue;
    plan.unkept = (has_body && !ctx.keep_bodies).then_some(BodyPart::Accepted);
    let new = EventRecord::new(event, &input.execution, plan.status, plan.reason.clone(), ctx.retention);
    let new = match earlier {
        // Its time has come.
        Some(EventRecord { status: Status::Scheduled, retention_days, expires_at, .. }) => {
            EventRecord { updated_at: ctx.watch.now(), retention_days, expires_at, ..new }
        }
        Some(record) => EventRecord {
            retention_days: record.retention_days,
            expires_at: record.expires_at,
            outcome: record.outcome,
            attempt_count: record.attempt_count,
            updated_at: record.updated_at,
            ..new
        },
        None => EventRecord { updated_at: late.unwrap_or(new.updated_at), ..new },
    };
    let mut record = EventRecord { size: event.size.or(body.size), claim: body.claim, ..new };
    if is_refused {
        record.refuse_body();
    }
    Ok(FetchedConfig { plan, record, payload: body.payload })
}

fn deleted() -> StepError {
    StepError::new(ErrorName::ConfigNotFound, "the webhook was deleted")
}

async fn store_or_fetch(
    event: &EventMetadata,
    payload: Option<&Source>,
    ctx: &Context,
) -> Result<ReadBody, StepError> {
    let (org_id, config_id) = (&event.org_id, event.config_id);
    match payload {
        Some(Source::Inline(content)) => {
            Ok(ReadBody { size: keep(event, content, ctx).await?, ..ReadBody::default() })
        }
        // It is stored already.
        Some(Source::AcceptedBodyOf(own)) if *own == event.event_id => {
            Ok(ReadBody { payload: Some(Unresolved::AcceptedBodyOf(*own)), ..ReadBody::default() })
        }
        // It is stored already, for all deliveries of the publication.
        Some(Source::Published(publication_id)) if event.publication_id == Some(*publication_id) => {
            Ok(ReadBody { payload: Some(Unresolved::Published(*publication_id)), ..ReadBody::default() })
        }
        // A replay outlives the publication, so it gets a body of its own.
        Some(Source::Published(publication_id)) => {
            let bytes = ctx.bodies.published_bytes(org_id, *publication_id).await?;
            fetched(event, bytes.map(|bytes| Content::new(&bytes)), ctx).await
        }
        Some(Source::AcceptedBodyOf(first)) => {
            fetched(event, ctx.bodies.read(org_id, config_id, *first).await?, ctx).await
        }
        Some(Source::SentBodyOf(first)) => {
            fetched(event, ctx.bodies.read_sent(org_id, config_id, *first).await?, ctx).await
        }
        Some(Source::Claim(claim)) => Ok(ReadBody { claim: Some(claim.key.clone()), ..ReadBody::default() }),
        Some(Source::Unusable(_)) | None => Ok(ReadBody::default()),
    }
}

/// Makes the stored body of another event this event's own.
async fn fetched(
    event: &EventMetadata,
    found: Option<Content>,
    ctx: &Context,
) -> Result<ReadBody, StepError> {
    let Some(content) = found else {
        let payload = Some(Unresolved::Unusable(BodyLoss::NotKept.into()));
        return Ok(ReadBody { payload, ..ReadBody::default() });
    };
    let size = keep(event, &content, ctx).await?;
    Ok(ReadBody { size, payload: Some(Unresolved::Inline(content)), claim: None })
}

/// Stores the body, identically in a rerun; returns its size.
async fn keep(event: &EventMetadata, content: &Content, ctx: &Context) -> Result<Option<u64>, StepError> {
    // Invalid base64 is left for `deliver` to reject.
    let Some(bytes) = content.to_bytes() else { return Ok(None) };
    if ctx.keep_bodies {
        ctx.bodies.keep(event, &bytes).await?;
    }
    Ok(Some(bytes.len() as u64))
}
