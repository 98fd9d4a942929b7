//! `GET /events`: searches the events of all webhooks of an org. See docs/adr/0058 for what a page costs.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hookstep_api_types::{Event, FoundEvents};
use hookstep_contract::{EventId, EventRecord, FieldError, OrgId};
use hookstep_http_edge::{ApiQuery, Authorized, Problem, Read};
use hookstep_store::{Across, EventFilter, EventSearch, Events, Partitions, StoreError};
use memchr::memmem::Finder;
use url::Url;

use super::lookup;
use super::search_query::{By, SearchQuery, Wanted, Webhooks};
use super::views::view;
use crate::Context;
use crate::paging;

/// In how many bodies a page looks for a text at most.
const MAX_BODIES: usize = 500;

/// After how many bytes of bodies a page looks into no further ones.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// How many bodies are read at once: 5 MB, if all are as large as they can be.
const BODIES_AT_ONCE: usize = 25;

/// What a search has found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// A page of events, newest first.
    pub events: Vec<EventRecord>,
    /// The start of the next page, if there may be one. Only older events can follow.
    pub next: Option<EventId>,
    /// At how many events it has looked.
    pub looked_at: usize,
    /// In how many bodies it has looked.
    pub bodies: usize,
}

/// `GET /events`
#[utoipa::path(
    get,
    path = "/events",
    operation_id = "search_events",
    tag = "Events",
    summary = "Search the events of all webhooks",
    description = "Newest first over all webhooks that exist, without their attempts. A page looks at up to 10,000 events. If they do \
        not hold enough, it has fewer entries than `limit`, or none, and a `next_cursor` that goes on from `looked_until`: only a null \
        `next_cursor` means that there are no more. Events of a deleted webhook are found with its `config_id`.",
    params(SearchQuery),
    responses(
        (status = 200, description = "A page of events.", body = FoundEvents),
        (status = 400, response = hookstep_http_edge::Invalid),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["read"])),
)]
pub(crate) async fn find(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Read>,
    ApiQuery(query): ApiQuery<SearchQuery>,
) -> Result<Json<FoundEvents>, Problem> {
    let found = search(&ctx, caller.org_id(), &query.parse()?).await?;
    Ok(Json(FoundEvents {
        data: found.events.into_iter().map(Event::from).collect(),
        next_cursor: found.next.map(paging::encode_cursor),
        looked_until: found.next.map(EventId::accepted_at),
        looked_at: found.looked_at as u64,
        bodies_searched: found.bodies as u64,
    }))
}

/// Searches the events of an org.
///
/// # Errors
/// 400 if the org has more webhooks than can be searched at once; 500 when the tables cannot be read.
pub async fn search(ctx: &Context, org_id: &OrgId, wanted: &Wanted) -> Result<Found, Problem> {
    let webhooks = webhooks(ctx, org_id, &wanted.webhooks).await?;
    let (correlation_id, search) = match &wanted.by {
        By::Id(event_id) => {
            let events = ctx.events.with_id(&webhooks, *event_id).await?;
            return Ok(Found { looked_at: events.len(), events, ..Found::default() });
        }
        By::Fields { correlation_id, search } => (correlation_id, search),
    };
    let limit = search.filter.limit;
    let candidates = match correlation_id {
        Some(correlation_id) => {
            let limit = wanted.text.as_ref().map_or(limit, |_| MAX_BODIES);
            let search = EventSearch { filter: EventFilter { limit, ..search.filter }, ..search.clone() };
            let page = ctx.events.correlated(&webhooks, correlation_id, &search).await?;
            Candidates::Known { events: page.events.into(), next: page.next, looked_at: page.looked_at }
        }
        None => Candidates::Merged(Box::new(ctx.events.across(&webhooks, search))),
    };
    Ok(match &wanted.text {
        None => page(candidates, limit).await?,
        Some(text) => with_text(ctx, candidates, text, limit).await?,
    })
}

/// Where the events are that are searched.
async fn webhooks(ctx: &Context, org_id: &OrgId, wanted: &Webhooks) -> Result<Vec<Partitions>, Problem> {
    let found = match wanted {
        Webhooks::All => ctx.configs.partitions(org_id).await?,
        Webhooks::One(config_id) => vec![lookup::partitions(ctx, org_id, *config_id).await?],
        Webhooks::On(host) => {
            let is_on = |url: &str| Url::parse(url).is_ok_and(|url| url.host_str() == Some(host.as_str()));
            ctx.configs.partitions_of(org_id, is_on).await?
        }
    };
    match found.iter().map(Partitions::count).sum::<usize>() {
        ..=Events::MAX_ACROSS => Ok(found),
        number => {
            let most = Events::MAX_ACROSS;
            let reason = format!(
                "must be given: the events of these webhooks are in {number} partitions, and at most {most} are searched at once"
            );
            Err(FieldError::new("config_id", reason).into())
        }
    }
}

/// Events that may be wanted, newest first.
enum Candidates {
    /// They are read as far as they are needed.
    Merged(Box<Across>),
    /// They were read.
    Known { events: VecDeque<EventRecord>, next: Option<EventId>, looked_at: usize },
}

impl Candidates {
    /// Up to `wanted` further ones; if there are fewer, [`Candidates::looked_until`] says whether more may follow.
    async fn next(&mut self, wanted: usize) -> Result<Vec<EventRecord>, StoreError> {
        match self {
            Self::Merged(across) => across.next(wanted).await,
            Self::Known { events, .. } => Ok(events.drain(..wanted.min(events.len())).collect()),
        }
    }

    fn looked_until(&self) -> Option<EventId> {
        match self {
            Self::Merged(across) => across.looked_until(),
            Self::Known { next, .. } => *next,
        }
    }

    fn looked_at(&self) -> usize {
        match self {
            Self::Merged(across) => across.looked_at(),
            Self::Known { looked_at, .. } => *looked_at,
        }
    }
}

async fn page(mut candidates: Candidates, limit: usize) -> Result<Found, StoreError> {
    // One more than requested, to know whether there is a next page.
    let mut events = candidates.next(limit + 1).await?;
    let mut next = candidates.looked_until();
    if events.len() > limit {
        events.truncate(limit);
        next = events.last().map(|event| event.event_id);
    }
    Ok(Found { events, next, looked_at: candidates.looked_at(), bodies: 0 })
}

/// Those of the candidates whose bodies have a text.
async fn with_text(
    ctx: &Context,
    mut candidates: Candidates,
    text: &str,
    limit: usize,
) -> Result<Found, StoreError> {
    let (text, now) = (Finder::new(text), ctx.sources.now());
    let (mut found, mut bytes) = (Found::default(), 0);
    loop {
        let events = candidates.next(BODIES_AT_ONCE).await?;
        let is_last = events.len() < BODIES_AT_ONCE;
        let bodies = ctx.bodies.of_many(&events).await?;
        for (event, body) in events.into_iter().zip(bodies) {
            found.next = Some(event.event_id);
            let Some(body) = body.filter(|_| !event.has_lost_bodies(now)) else { continue };
            found.bodies += 1;
            bytes += body.len();
            let shown = view(ctx, &event, Some(body)).await?.bytes();
            if shown.is_some_and(|shown| text.find(&shown).is_some()) {
                found.events.push(event);
            }
            if found.events.len() == limit {
                return Ok(Found { looked_at: candidates.looked_at(), ..found });
            }
        }
        if is_last {
            let next = candidates.looked_until();
            return Ok(Found { next, looked_at: candidates.looked_at(), ..found });
        }
        if found.bodies >= MAX_BODIES || bytes >= MAX_BODY_BYTES {
            return Ok(Found { looked_at: candidates.looked_at(), ..found });
        }
    }
}
