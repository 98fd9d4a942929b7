//! The events of a webhook: a table that updates itself, with filters and pages.

pub(crate) mod chosen;
pub(crate) mod period;
pub(crate) mod rows;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Html;
use hookstep_contract::limits::CORRELATION_ID_BYTES;
use hookstep_contract::{ConfigId, EventId, Outcome, Timestamp};
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
use period::Period;

/// Rows on a page.
const LIMIT: usize = 25;

/// A search that looks at no more events than this is repeated every two seconds.
const CHEAP: usize = 1000;
const SECONDS_BETWEEN_LONG_SEARCHES: u32 = 30;

/// The tabs: the value in the address, and its name.
pub(crate) const STATUSES: [(&str, &str); 7] = [
    ("", "All"),
    ("succeeded", "Succeeded"),
    ("failed", "Failed"),
    ("recovered", "Recovered"),
    ("in_progress", "In progress"),
    ("scheduled", "Scheduled"),
    ("skipped", "Skipped"),
];

/// The filters and the page of the table.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableRequest {
    status: String,
    /// How the last attempt ended.
    outcome: String,
    period: Period,
    /// The period of the charts.
    range: String,
    cursor: String,
    /// A correlation id. The search for an event id leads to the page of the event instead.
    q: String,
}

impl TableRequest {
    /// Reads the query of a page or a fragment.
    pub(crate) fn of(query: &Query) -> Self {
        Self {
            status: query.get("status").to_owned(),
            outcome: query.get("outcome").to_owned(),
            period: Period::of(query),
            range: query.get("range").to_owned(),
            cursor: query.get("cursor").to_owned(),
            q: query.get("q").trim().to_owned(),
        }
    }

    pub(crate) fn period(&self) -> &Period {
        &self.period
    }

    /// The period of the charts.
    pub(crate) fn range(&self) -> &str {
        &self.range
    }

    fn is_filtered(&self) -> bool {
        self.period.is_given() || [&self.status, &self.outcome, &self.q].iter().any(|part| !part.is_empty())
    }

    fn filter(&self, now: Timestamp) -> Result<EventFilter, Problem> {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let (from, to) = self.period.bounds(now)?;
        let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == self.outcome);
        Ok(EventFilter {
            status: given(&self.status).as_deref().map(lookup::parse_status).transpose()?,
            outcome,
            from,
            to,
            before: paging::decode_cursor::<EventId>(given(&self.cursor).as_deref())?,
            limit: LIMIT,
        })
    }

    /// The query string with one part changed.
    pub(crate) fn with(&self, name: &str, value: &str) -> String {
        let parts = [("status", &*self.status), ("outcome", &*self.outcome), ("q", &*self.q)];
        let pairs =
            parts.into_iter().chain(self.period.pairs()).chain([("range", &*self.range), ("cursor", "")]);
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
    let partitions = lookup::partitions(ctx, org_id, config_id).await?;
    let found = match request.q.as_str() {
        "" => ctx.events.list(&partitions, filter).await?,
        q if q.len() > CORRELATION_ID_BYTES => Page { events: Vec::new(), next: None, looked_at: 0 },
        q => ctx.events.correlated(std::slice::from_ref(&partitions), q, &filter.into()).await?,
    };
    if found.events.is_empty() && found.next.is_none() && !lookup::webhook_existed(ctx, &partitions).await? {
        return Err(Problem::no_webhook().into());
    }
    let base = format!("/console/webhooks/{config_id}");
    let live = request.cursor.is_empty().then(|| format!("{base}/events?{}", request.with("", "")));
    // A long search is not repeated every two seconds.
    let every = (found.looked_at > CHEAP).then_some(SECONDS_BETWEEN_LONG_SEARCHES);
    Ok(html! {
        div #events-table data-live=[live] data-every=[every] {
            @if found.events.is_empty() && found.next.is_none() { (nothing(&base, request)) }
            @else if !found.events.is_empty() { (rows::rows(visitor, &base, request, &found.events, now)) }
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
            (request.period.controls(&base, &[("status", &request.status), ("outcome", &request.outcome), ("q", &request.q)]))
            form.inline.search method="get" action=(base) role="search" {
                @if !request.status.is_empty() { input type="hidden" name="status" value=(request.status); }
                @for (name, value) in request.period.pairs() { @if !value.is_empty() { input type="hidden" name=(name) value=(value); } }
                label.hidden for="search" { "Event id or correlation id" }
                input #search type="search" name="q" value=(request.q) placeholder="Event or correlation id" spellcheck="false" autocomplete="off";
                button { "Find" }
            }
        }
        @if let Some(outcome) = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == request.outcome) {
            p.only { "Only " (parts::outcome(outcome)) " " a href={(base) "?" (request.with("outcome", "")) "#events"} { "Show all" } }
        }
        @if let Some(fault) = fault { p.alert.failed role="alert" { (fault) } }
    }
}
