//! What a bulk replay would send, without sending it.

use std::collections::{BTreeMap, HashMap};

use hookstep_api_types::{ReplayForecast, ReplayRequest};
use hookstep_contract::limits::MAX_REPLAYS;
use hookstep_contract::{ConfigId, EventId, OrgId, Selection, Status, is_due};
use hookstep_http_edge::Problem;
use hookstep_store::{Candidate, Partitions, Span, StoreError};

use super::bulk::selection;
use crate::Context;

/// The most pages of 1 MB that one forecast reads.
const PAGES: usize = 20;

/// Counts what a bulk replay would send: the chains of replays whose newest event is due.
///
/// # Errors
/// 400 for a selection that cannot be; 404 when there is no such webhook.
pub async fn forecast(
    ctx: &Context,
    org_id: &OrgId,
    config_id: ConfigId,
    request: ReplayRequest,
) -> Result<ReplayForecast, Problem> {
    let selection = selection(request, ctx.sources.now())?;
    let Some(config) = ctx.configs.get(org_id, config_id).await? else {
        return Err(Problem::no_webhook());
    };
    let (found, selected, complete) = match selection {
        Selection::EventIds(ids) => {
            let events = ctx.events.batch(org_id, config_id, &ids).await?;
            let found = events.into_iter().map(|event| Candidate {
                event_id: event.event_id,
                status: event.status,
                webhook_id: event.webhook_id,
                replayed_by: event.replayed_by,
            });
            (found.collect(), None, true)
        }
        Selection::Filter { since, until, status } => {
            let (found, complete) =
                walk(ctx, &Partitions::of(&config), Span { since, until, status }).await?;
            (found, Some(status), complete)
        }
    };
    let chains = chains(found);
    let newest: Vec<EventId> = chains.values().filter_map(|candidate| candidate.replayed_by).collect();
    let newest = ctx.events.batch(org_id, config_id, &newest).await?;
    let newest: HashMap<EventId, Status> =
        newest.into_iter().map(|event| (event.event_id, event.status)).collect();
    let is_sent = |candidate: &&Candidate| {
        let replay = candidate.replayed_by.and_then(|replay| newest.get(&replay));
        match (selected, replay) {
            (Some(selected), replay) => is_due(selected, replay.copied().unwrap_or(candidate.status)),
            (None, Some(Status::Succeeded)) => candidate.status == Status::Succeeded,
            (None, Some(replay)) => *replay != Status::InProgress,
            (None, None) => !candidate.status.is_open(),
        }
    };
    let events = chains.values().filter(is_sent).count().min(MAX_REPLAYS);
    Ok(ReplayForecast {
        events: u32::try_from(events).unwrap_or(u32::MAX),
        complete: complete && chains.len() <= MAX_REPLAYS,
    })
}

/// One candidate for each `webhook-id`: the newest, for the earlier ones name a replay that may be older.
fn chains(found: Vec<Candidate>) -> BTreeMap<EventId, Candidate> {
    let mut chains = BTreeMap::new();
    for candidate in found {
        let first = candidate.webhook_id.unwrap_or(candidate.event_id);
        let newest = chains.entry(first).or_insert(candidate);
        if candidate.event_id > newest.event_id {
            *newest = candidate;
        }
    }
    chains
}

/// The events of a period with a status, and whether these are all.
async fn walk(
    ctx: &Context,
    partitions: &Partitions,
    span: Span,
) -> Result<(Vec<Candidate>, bool), StoreError> {
    let (mut found, mut after) = (Vec::new(), None);
    for _ in 0..PAGES {
        let (page, next) = ctx.events.candidates(partitions, span, after).await?;
        found.extend(page);
        if next.is_none() {
            return Ok((found, true));
        }
        after = next;
    }
    Ok((found, false))
}
