//! The events of a webhook: a table that updates itself, with filters and pages.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Html;
use hookstep_contract::limits::CORRELATION_ID_BYTES;
use hookstep_contract::{ConfigId, EventId, EventRecord, Status, Timestamp};
use hookstep_http_edge::{ConfigPath, Problem};
use hookstep_management::events::lookup;
use hookstep_management::{Context, paging};
use hookstep_store::{EventFilter, Page};
use maud::{Markup, html};

use crate::error::PageError;
use crate::extract::Shown;
use crate::form::Query;
use crate::parts;
use crate::session::Visitor;

/// Rows on a page.
const LIMIT: usize = 25;

/// A search that looks at no more events than this is repeated every two seconds.
const CHEAP: usize = 1000;
const SECONDS_BETWEEN_LONG_SEARCHES: u32 = 30;

/// The tabs: the value in the address, and its name.
const STATUSES: [(&str, &str); 6] = [
    ("", "All"),
    ("succeeded", "Succeeded"),
    ("failed", "Failed"),
    ("recovered", "Recovered"),
    ("in_progress", "In progress"),
    ("skipped", "Skipped"),
];

/// The periods to choose from: the value in the address, its name, and its hours.
const PERIODS: [(&str, &str, u64); 5] = [
    ("", "Any time", 0),
    ("1h", "Last hour", 1),
    ("24h", "Last 24 hours", 24),
    ("7d", "Last 7 days", 168),
    ("30d", "Last 30 days", 720),
];

/// The filters and the page of the table.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableRequest {
    status: String,
    period: String,
    cursor: String,
    /// A correlation id. The search for an event id leads to the page of the event instead.
    q: String,
}

impl TableRequest {
    /// Reads the query of a page or a fragment.
    pub(crate) fn of(query: &Query) -> Self {
        Self {
            status: query.get("status").to_owned(),
            period: query.get("period").to_owned(),
            cursor: query.get("cursor").to_owned(),
            q: query.get("q").trim().to_owned(),
        }
    }

    fn is_filtered(&self) -> bool {
        [&self.status, &self.period, &self.q].iter().any(|part| !part.is_empty())
    }

    fn filter(&self, now: Timestamp) -> Result<EventFilter, Problem> {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let hours = PERIODS.iter().find(|(name, ..)| *name == self.period).map_or(0, |(.., hours)| *hours);
        let from = Timestamp::new(now.get() - std::time::Duration::from_secs(hours * 3600));
        Ok(EventFilter {
            status: given(&self.status).as_deref().map(lookup::parse_status).transpose()?,
            from: (hours > 0).then_some(from),
            before: paging::decode_cursor::<EventId>(given(&self.cursor).as_deref())?,
            limit: LIMIT,
            ..EventFilter::default()
        })
    }

    /// The query string with one part changed.
    fn with(&self, name: &str, value: &str) -> String {
        let pairs = [("status", &*self.status), ("period", &*self.period), ("q", &*self.q), ("cursor", "")];
        let pairs = pairs.map(|(key, old)| if key == name { (key, value) } else { (key, old) });
        parts::query(pairs.into_iter().filter(|(_, value)| !value.is_empty()))
    }
}

/// `GET /console/webhooks/{config_id}/events`: the table.
pub(crate) async fn fragment(
    State(ctx): State<Arc<Context>>,
    visitor: Visitor,
    Shown(ConfigPath(config_id)): Shown<ConfigPath>,
    query: Query,
) -> Result<Html<String>, PageError> {
    let request = TableRequest::of(&query);
    Ok(Html(table(&ctx, &visitor, config_id, &request).await?.into_string()))
}

/// The table with its pages. The first page updates itself.
pub(crate) async fn table(
    ctx: &Context,
    visitor: &Visitor,
    config_id: ConfigId,
    request: &TableRequest,
) -> Result<Markup, PageError> {
    let now = ctx.sources.now();
    let (org_id, filter) = (visitor.org_id(), request.filter(now)?);
    let found = match request.q.as_str() {
        "" => ctx.events.list(org_id, config_id, filter).await?,
        q if q.len() > CORRELATION_ID_BYTES => Page { events: Vec::new(), next: None, looked_at: 0 },
        q => ctx.events.correlated(org_id, config_id, q, filter).await?,
    };
    if found.events.is_empty()
        && found.next.is_none()
        && !lookup::webhook_exists(ctx, visitor.org_id(), config_id).await?
    {
        return Err(Problem::no_webhook().into());
    }
    let base = format!("/console/webhooks/{config_id}");
    let live = request.cursor.is_empty().then(|| format!("{base}/events?{}", request.with("", "")));
    // A long search is not repeated every two seconds.
    let every = (found.looked_at > CHEAP).then_some(SECONDS_BETWEEN_LONG_SEARCHES);
    Ok(html! {
        div #events-table data-live=[live] data-every=[every] {
            @if found.events.is_empty() && found.next.is_none() { (nothing(&base, request)) }
            @else if !found.events.is_empty() { (rows(&base, &found.events, now)) }
            @if let Some(next) = found.next.filter(|_| found.events.len() < LIMIT) { (looked_at(found.looked_at, next.accepted_at())) }
            @if !request.cursor.is_empty() || found.next.is_some() {
                nav.pages aria-label="Pages of events" {
                    @if !request.cursor.is_empty() { a.button href={(base) "?" (request.with("cursor", "")) "#events"} { "Newest" } }
                    @if let Some(next) = found.next {
                        a.button rel="next" href={(base) "?" (request.with("cursor", &paging::encode_cursor(next))) "#events"} {
                            @if found.events.len() < LIMIT { "Look further back" } @else { "Older" }
                        }
                    }
                }
            }
        }
    })
}

/// How far a search went that ended before it had filled the page.
fn looked_at(number: usize, back_to: Timestamp) -> Markup {
    html! {
        p.looked.muted role="status" { "Looked at " (number) " events, back to " (parts::exact(back_to)) ". There may be more further back." }
    }
}

fn nothing(base: &str, request: &TableRequest) -> Markup {
    if !request.cursor.is_empty() {
        return parts::empty("No more events", html! { p { "Nothing further back matches." } });
    }
    if request.is_filtered() {
        return parts::empty(
            "No such events",
            html! { p { "Nothing matches. " a href={(base) "#events"} { "Show all events" } } },
        );
    }
    parts::empty(
        "No events yet",
        html! {
            p { "Send a test, or trigger the webhook from your service; events appear here by themselves." }
            pre.code tabindex="0" { "curl -X POST \"$HOOKSTEP" (base.trim_start_matches("/console").replace("webhooks", "webhook")) "/trigger\" \\\n"
                "  -H \"Authorization: Bearer $HOOKSTEP_TOKEN\" \\\n  -H \"Content-Type: application/json\" \\\n  -d '{\"hello\":\"world\"}'" }
        },
    )
}

fn rows(base: &str, events: &[EventRecord], now: Timestamp) -> Markup {
    html! {
        div.scroll {
            table.list.events {
                caption.hidden { "Events, newest first" }
                thead { tr {
                    th scope="col" { "Status" }
                    th scope="col" { "Event" }
                    th.spare scope="col" { "Correlation id" }
                    th scope="col" { "Answer" }
                    th.right.spare scope="col" { "Attempts" }
                    th.right scope="col" { "Accepted" }
                } }
                tbody {
                    @for event in events {
                        tr {
                            td { (parts::status(event)) }
                            td { a.row-link.mono href={(base) "/events/" (event.event_id)} { (event.event_id) } }
                            td.spare.muted.small { (event.correlation_id.as_deref().unwrap_or_default()) }
                            td { (answer(event)) }
                            td.right.number.spare { (event.attempt_count) }
                            td.right { (parts::moment(event.created_at, now)) }
                        }
                    }
                }
            }
        }
    }
}

/// The last answer of the receiver, or the reason why there is none.
fn answer(event: &EventRecord) -> Markup {
    html! {
        @match (event.status_code, event.status) {
            (Some(code), Status::Succeeded) => { span.number { (code) } }
            (Some(code), _) => { span.number.bad { (code) } }
            (None, _) => {
                @let detail = event.reason.as_ref().map(|reason| &*reason.detail);
                span.reason.muted.small title=[detail] { (detail.unwrap_or("–")) }
            }
        }
    }
}

/// The filters above the table.
pub(crate) fn filters(config_id: ConfigId, request: &TableRequest, fault: Option<&str>) -> Markup {
    let base = format!("/console/webhooks/{config_id}");
    html! {
        div.filters {
            nav.tabs aria-label="Status" {
                @for (value, name) in STATUSES {
                    a href={(base) "?" (request.with("status", value)) "#events"} aria-current=[(request.status == value).then_some("true")] { (name) }
                }
            }
            form.inline method="get" action={(base) "#events"} data-submit {
                @if !request.status.is_empty() { input type="hidden" name="status" value=(request.status); }
                @if !request.q.is_empty() { input type="hidden" name="q" value=(request.q); }
                label.hidden for="period" { "Period" }
                select #period name="period" {
                    @for (value, name, _) in PERIODS { option value=(value) selected[request.period == value] { (name) } }
                }
                noscript { button { "Apply" } }
            }
            form.inline.search method="get" action=(base) role="search" {
                @if !request.status.is_empty() { input type="hidden" name="status" value=(request.status); }
                @if !request.period.is_empty() { input type="hidden" name="period" value=(request.period); }
                label.hidden for="search" { "Event id or correlation id" }
                input #search type="search" name="q" value=(request.q) placeholder="Event or correlation id" spellcheck="false" autocomplete="off";
                button { "Find" }
            }
        }
        @if let Some(fault) = fault { p.alert.failed role="alert" { (fault) } }
    }
}
