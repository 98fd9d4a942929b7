//! Charts of the deliveries of a webhook: SVG made on the server, with the numbers on hover and in a table.

pub(crate) mod of_org;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Html;
use hookstep_api_types::{Stats, StatsBucket, StatsStep};
use hookstep_contract::limits::days;
use hookstep_contract::{ConfigId, Outcome};
use hookstep_http_edge::{ConfigPath, Problem};
use hookstep_management::Context;
use hookstep_management::stats::{last_hour, stats};
use maud::{Markup, html};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::event_table::TableRequest;
use crate::error::PageError;
use crate::extract::Shown;
use crate::form::Query;
use crate::parts;
use crate::session::Visitor;

const HOUR: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:short] [hour]:[minute]");
const DAY: &[BorrowedFormatItem<'_>] = format_description!("[day padding:none] [month repr:short]");

/// The height of a drawing in its own units; the style sheet scales it.
const HEIGHT: f64 = 100.0;
/// The height of the highest value; the scale is written above it.
const TOP: f64 = 86.0;
const BAR: f64 = 10.0;
const GAP: f64 = 2.0;

/// What is around the charts.
struct Frame<'a> {
    /// The periods to choose from.
    ranges: &'a [(&'a str, &'a str)],
    /// The one that is shown.
    range: &'a str,
    /// The address of the page with the charts of a range.
    page: &'a dyn Fn(&str) -> String,
    /// The address of the charts alone, if they renew themselves.
    part: Option<&'a dyn Fn(&str) -> String>,
    /// The address of the events that have failed like this, if there is one.
    outcome: Option<&'a dyn Fn(Outcome) -> String>,
}

/// The periods to choose from.
const RANGES: [(&str, &str); 4] =
    [("1h", "1 hour"), ("24h", "24 hours"), ("7d", "7 days"), ("30d", "30 days")];

/// The longest free range that is counted by the hour.
const HOURLY: Duration = Duration::from_secs(3 * 86_400);

/// A range that the visitor has typed, instead of one of the list.
const FREE: &str = "free";

/// `GET /console/webhooks/{config_id}/charts?range=`: a part of the page of the webhook.
pub(crate) async fn fragment(
    State(ctx): State<Arc<Context>>,
    visitor: Visitor,
    Shown(ConfigPath(config_id)): Shown<ConfigPath>,
    query: Query,
) -> Result<Html<String>, PageError> {
    let request = TableRequest::of(&query);
    Ok(Html(section(&ctx, &visitor, config_id, &request).await?.into_string()))
}

/// The charts of the range that the request names. A range that cannot be counted is told in their place.
pub(crate) async fn section(
    ctx: &Context,
    visitor: &Visitor,
    config_id: ConfigId,
    request: &TableRequest,
) -> Result<Markup, PageError> {
    let base = format!("/console/webhooks/{config_id}");
    let range = RANGES.iter().find(|(name, _)| *name == request.range()).map(|(name, _)| *name);
    let range = range.unwrap_or(if request.period().is_free() { FREE } else { "24h" });
    match of_range(ctx, visitor, config_id, range, request).await {
        Ok(stats) => {
            let frame = Frame {
                ranges: &RANGES,
                range,
                page: &|range| format!("{base}?{}#charts", request.with("range", range)),
                part: Some(&|range| format!("{base}/charts?{}", request.with("range", range))),
                outcome: Some(&|outcome| {
                    let query = parts::query([("status", "failed"), ("outcome", outcome.as_str())]);
                    format!("{base}?{query}#events")
                }),
            };
            Ok(charts(&frame, &stats))
        }
        Err(problem) if problem.status() == StatusCode::BAD_REQUEST => Ok(html! {
            section.card.charts #charts aria-label="Deliveries" { p.alert.waiting { "Nothing to draw: this range " (problem.detail()) "." } }
        }),
        Err(problem) => Err(problem.into()),
    }
}

async fn of_range(
    ctx: &Context,
    visitor: &Visitor,
    config_id: ConfigId,
    range: &str,
    request: &TableRequest,
) -> Result<Stats, Problem> {
    let org_id = visitor.org_id();
    let now = ctx.sources.now();
    // So that an event of this very millisecond is counted.
    let end = now.plus(Duration::from_millis(1));
    let (from, to, step) = match range {
        "1h" => return last_hour(ctx, org_id, config_id).await,
        "7d" => (now.minus(days(6)), end, StatsStep::Day),
        "30d" => (now.minus(days(29)), end, StatsStep::Day),
        FREE => {
            let (from, to) = request.period().bounds(now)?;
            let to = to.unwrap_or(end);
            let from = from.unwrap_or_else(|| to.minus(days(1)));
            let step = if to.since(from) > HOURLY { StatsStep::Day } else { StatsStep::Hour };
            (from, to, step)
        }
        _ => (now.minus(Duration::from_secs(23 * 3600)), end, StatsStep::Hour),
    };
    stats(ctx, org_id, config_id, from, to, step).await
}

/// The small chart of the list of webhooks: a bar for each hour, without anything to hover, for there are many of them.
pub(crate) fn spark(stats: &Stats) -> Markup {
    let most = float(stats.buckets.iter().map(StatsBucket::events).max().unwrap_or(0).max(1));
    let width = float(stats.buckets.len() as u64) * BAR;
    let mut paths: BTreeMap<&str, String> = BTreeMap::new();
    for (index, bucket) in stats.buckets.iter().enumerate() {
        for (class, y, height) in stack(bucket, most) {
            let x = float(index as u64) * BAR + GAP / 2.0;
            let bar = format!("M{x} {y:.0}h{}v{height:.0}h-{0}z", BAR - GAP);
            paths.entry(class).or_default().push_str(&bar);
        }
    }
    html! {
        svg.spark viewBox={"0 0 " (width) " " (HEIGHT)} preserveAspectRatio="none" role="img" aria-label=(counts_in_words(&stats.totals)) {
            @for (class, path) in paths { path.(class) d=(path) {} }
        }
    }
}

fn charts(frame: &Frame<'_>, stats: &Stats) -> Markup {
    let totals = &stats.totals;
    let part = |range: &str| frame.part.map(|part| part(range));
    html! {
        section.card.charts #charts aria-labelledby="charts-title" data-follows=[part(frame.range)] {
            div.title-row {
                h2 #charts-title { "Deliveries" }
                nav.tabs aria-label="Period of the charts" {
                    @if frame.range == FREE { a href="#events" aria-current="true" { "Own range" } }
                    @for (name, text) in frame.ranges {
                        a href=((frame.page)(name)) data-fetch=[part(name)] data-into=[frame.part.map(|_| "#charts")] aria-current=[(*name == frame.range).then_some("true")] { (text) }
                    }
                }
            }
            dl.numbers {
                (number("Success rate", &share(totals).unwrap_or_else(|| "–".to_owned())))
                (number("Succeeded", &totals.succeeded.to_string()))
                (number("Failed", &totals.failed.to_string()))
                @if totals.recovered > 0 { (number("Recovered", &totals.recovered.to_string())) }
                (number("In progress", &totals.in_progress.to_string()))
                @if totals.scheduled > 0 { (number("Scheduled", &totals.scheduled.to_string())) }
                (number("p50", &span(totals.p50_ms)))
                (number("p95", &span(totals.p95_ms)))
            }
            @if !stats.complete { p.hint { "Not all events are counted yet: there are very many. Look again in a moment." } }
            div.two {
                figure {
                    figcaption { "Events" (key("ok", "succeeded")) (key("bad", "failed")) @if totals.recovered > 0 { (key("mended", "recovered")) } (key("open", "in progress")) @if totals.scheduled > 0 { (key("planned", "scheduled")) } (key("idle", "skipped")) }
                    div.scale { (stats.buckets.iter().map(StatsBucket::events).max().unwrap_or(0)) }
                    (bars(stats, "chart", &format!("Events over time: {}", counts_in_words(totals))))
                    (axis(stats))
                }
                figure {
                    figcaption { "Latency of the last attempt" (key("p50", "p50")) (key("p95", "p95")) }
                    (lines(stats))
                    (axis(stats))
                }
            }
            (outcomes(frame, totals))
            (table(stats))
        }
    }
}

fn number(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd.number { (value) } } }
}

fn key(class: &str, name: &str) -> Markup {
    html! { span.legend-item { span.key.(class) {} (name) } }
}

fn span(ms: Option<u64>) -> String {
    ms.map_or_else(|| "–".to_owned(), |ms| parts::millis(float(ms)))
}

#[expect(clippy::cast_precision_loss, reason = "what is drawn has a few hundred steps")]
fn float(count: u64) -> f64 {
    count as f64
}

/// The share of delivered events among those that have ended. It is rounded to 100 % only when none has failed.
pub(crate) fn share(bucket: &StatsBucket) -> Option<String> {
    let ended = bucket.succeeded + bucket.failed;
    let share = (ended > 0).then(|| float(bucket.succeeded) / float(ended) * 100.0)?;
    Some(match bucket.failed {
        0 => "100 %".to_owned(),
        _ if share > 99.9 => "99.9 %".to_owned(),
        _ => format!("{share:.1} %"),
    })
}

fn counts_in_words(bucket: &StatsBucket) -> String {
    let StatsBucket { succeeded, failed, recovered, scheduled, in_progress, skipped, .. } = bucket;
    // Most webhooks never have any.
    let scheduled = if *scheduled > 0 { format!(", {scheduled} scheduled") } else { String::new() };
    format!(
        "{succeeded} succeeded, {failed} failed, {recovered} recovered, {in_progress} in progress{scheduled}, {skipped} skipped"
    )
}

fn when(bucket: &StatsBucket, step: StatsStep) -> String {
    let format = if step == StatsStep::Day { DAY } else { HOUR };
    bucket.start.get().format(format).unwrap_or_default()
}

/// A bar for each bucket, with the delivered events at the bottom.
fn bars(stats: &Stats, class: &str, label: &str) -> Markup {
    let most = float(stats.buckets.iter().map(StatsBucket::events).max().unwrap_or(0).max(1));
    let width = float(stats.buckets.len() as u64) * BAR;
    html! {
        svg.(class) viewBox={"0 0 " (width) " " (HEIGHT)} preserveAspectRatio="none" role="img" aria-label=(label) {
            @for (index, bucket) in stats.buckets.iter().enumerate() {
                @let x = float(index as u64) * BAR + GAP / 2.0;
                g {
                    title { (when(bucket, stats.step)) ": " (counts_in_words(bucket)) }
                    rect.hover x=(x - GAP / 2.0) y="0" width=(BAR) height=(HEIGHT) {}
                    @for (class, y, height) in stack(bucket, most) {
                        rect.(class) x=(x) y={(format!("{y:.1}"))} width=(BAR - GAP) height={(format!("{height:.1}"))} {}
                    }
                }
            }
        }
    }
}

/// The parts of a bar, from the bottom, each high enough to be visible.
fn stack(bucket: &StatsBucket, most: f64) -> Vec<(&'static str, f64, f64)> {
    let parts = [
        ("ok", bucket.succeeded),
        ("mended", bucket.recovered),
        ("bad", bucket.failed),
        ("open", bucket.in_progress),
        ("planned", bucket.scheduled),
        ("idle", bucket.skipped),
    ];
    let mut top = HEIGHT;
    let parts = parts.into_iter().filter(|(_, count)| *count > 0);
    parts
        .map(|(class, count)| {
            let height = (float(count) / most * TOP).max(3.0);
            top = (top - height).max(0.0);
            (class, top, height)
        })
        .collect()
}

/// The two lines of the latency, with an area to hover for each bucket.
fn lines(stats: &Stats) -> Markup {
    let most =
        stats.buckets.iter().filter_map(|bucket| bucket.p95_ms.max(bucket.p50_ms)).max().unwrap_or(0).max(1);
    let width = float(stats.buckets.len() as u64) * BAR;
    let label =
        format!("Latency over time: p50 {}, p95 {}", span(stats.totals.p50_ms), span(stats.totals.p95_ms));
    html! {
        div.scale { (span(Some(most).filter(|_| stats.totals.p95_ms.is_some()))) }
        svg.chart viewBox={"0 0 " (width) " " (HEIGHT)} preserveAspectRatio="none" role="img" aria-label=(label) {
            polyline.p95 points=(points(stats, most, |bucket| bucket.p95_ms)) vector-effect="non-scaling-stroke" {}
            polyline.p50 points=(points(stats, most, |bucket| bucket.p50_ms)) vector-effect="non-scaling-stroke" {}
            @for (index, bucket) in stats.buckets.iter().enumerate() {
                rect.hover x=(float(index as u64) * BAR) y="0" width=(BAR) height=(HEIGHT) {
                    title { (when(bucket, stats.step)) ": p50 " (span(bucket.p50_ms)) ", p95 " (span(bucket.p95_ms)) ", p99 " (span(bucket.p99_ms)) }
                }
            }
        }
    }
}

/// A line through the buckets that have a value; a single value becomes a dash.
fn points(stats: &Stats, most: u64, value: impl Fn(&StatsBucket) -> Option<u64>) -> String {
    let mut points = Vec::new();
    for (index, bucket) in stats.buckets.iter().enumerate() {
        if let Some(ms) = value(bucket) {
            let y = HEIGHT - 2.0 - float(ms) / float(most) * (TOP - 2.0);
            let x = (float(index as u64) + 0.5) * BAR;
            points.push((x, y));
        }
    }
    if let [(x, y)] = points[..] {
        points = vec![(x - BAR / 2.0, y), (x + BAR / 2.0, y)];
    }
    points.iter().map(|(x, y)| format!("{x:.0},{y:.1}")).collect::<Vec<_>>().join(" ")
}

fn axis(stats: &Stats) -> Markup {
    let at =
        |index: usize| stats.buckets.get(index).map(|bucket| when(bucket, stats.step)).unwrap_or_default();
    html! {
        div.axis aria-hidden="true" {
            span { (at(0)) } span { (at(stats.buckets.len() / 2)) } span { (at(stats.buckets.len().saturating_sub(1))) }
        }
    }
}

/// How many events failed with each outcome.
fn outcomes(frame: &Frame<'_>, totals: &StatsBucket) -> Markup {
    let failures: Vec<_> =
        totals.outcomes.iter().filter(|(outcome, _)| **outcome != Outcome::Succeeded).collect();
    html! {
        @if !failures.is_empty() {
            p.outcomes {
                span.muted { "Failures: " }
                @for (outcome, count) in failures {
                    @let shown = html! { (parts::outcome(*outcome)) " " span.number { (count) } };
                    @match frame.outcome {
                        Some(address) => { a href=(address(*outcome)) { (shown) } }
                        None => { span { (shown) } }
                    }
                }
            }
        }
    }
}

/// The numbers of the charts as a table.
fn table(stats: &Stats) -> Markup {
    html! {
        details.as-table {
            summary { "As a table" }
            div.scroll tabindex="0" role="region" aria-label="Deliveries over time as a table" {
                table {
                    thead { tr {
                        th scope="col" { @if stats.step == StatsStep::Day { "Day (UTC)" } @else { "Time (UTC)" } }
                        @for name in ["Succeeded", "Failed", "Recovered", "In progress", "Scheduled", "Skipped", "p50", "p95", "p99"] { th.right scope="col" { (name) } }
                    } }
                    tbody {
                        @for bucket in stats.buckets.iter().rev() {
                            tr {
                                th scope="row" { (when(bucket, stats.step)) }
                                @for count in [bucket.succeeded, bucket.failed, bucket.recovered, bucket.in_progress, bucket.scheduled, bucket.skipped] { td.right.number { (count) } }
                                @for ms in [bucket.p50_ms, bucket.p95_ms, bucket.p99_ms] { td.right.number { (span(ms)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
