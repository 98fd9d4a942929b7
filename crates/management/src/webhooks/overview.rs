//! Webhooks with how their deliveries go: what a list of them shows.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use hookstep_api_types::{Health, Stats, Webhook};
use hookstep_contract::{ConfigId, EventRecord, OrgId, Timestamp, WebhookConfig};
use hookstep_http_edge::Problem;
use hookstep_store::{EventFilter, Page, Partitions};

use super::webhook_view::view;
use crate::Context;
use crate::stats::last_day;

/// The webhooks that one request to the table reads.
const PAGE: usize = 500;

/// How many webhooks are counted concurrently.
const MAX_CONCURRENT_COUNTS: usize = 16;

/// A webhook and its last 24 hours.
#[derive(Clone, Debug)]
pub struct Row {
    /// The webhook.
    pub config: WebhookConfig,
    /// Its deliveries.
    pub stats: Stats,
    /// How its receiver does.
    pub health: Health,
}

impl Row {
    /// The webhook as the API shows it in a list.
    pub(crate) fn view(self, now: Timestamp) -> Webhook {
        Webhook { stats: Some(self.stats.totals), ..view(self.config, now) }
    }
}

/// All webhooks of an org, oldest first.
///
/// # Errors
/// 500 when the tables cannot be read.
pub async fn configs(ctx: &Context, org_id: &OrgId) -> Result<Vec<WebhookConfig>, Problem> {
    let (mut configs, mut after) = (Vec::new(), None);
    loop {
        let (page, next) = ctx.configs.list(org_id, after, PAGE).await?;
        configs.extend(page);
        if next.is_none() {
            return Ok(configs);
        }
        after = next;
    }
}

/// The names of these webhooks, without those that do not exist any more.
///
/// # Errors
/// 500 when the table cannot be read.
pub async fn names(
    ctx: &Context,
    org_id: &OrgId,
    webhooks: impl IntoIterator<Item = ConfigId>,
) -> Result<BTreeMap<ConfigId, String>, Problem> {
    let distinct: BTreeSet<ConfigId> = webhooks.into_iter().collect();
    let reads: Vec<_> = distinct.into_iter().map(|config_id| ctx.configs.get(org_id, config_id)).collect();
    let found: Vec<Option<WebhookConfig>> =
        stream::iter(reads).buffered(MAX_CONCURRENT_COUNTS).try_collect().await?;
    Ok(found.into_iter().flatten().map(|config| (config.config_id, config.fields.name)).collect())
}

/// The newest event of each of these webhooks.
///
/// # Errors
/// 500 when the table cannot be read.
pub async fn newest_events(ctx: &Context, rows: &[&Row]) -> Result<Vec<Option<EventRecord>>, Problem> {
    let newest = EventFilter { limit: 1, ..EventFilter::default() };
    let partitions: Vec<_> = rows.iter().map(|row| Partitions::of(&row.config)).collect();
    let reads: Vec<_> = partitions.iter().map(|partitions| ctx.events.list(partitions, newest)).collect();
    let pages: Vec<Page> = stream::iter(reads).buffered(MAX_CONCURRENT_COUNTS).try_collect().await?;
    Ok(pages.into_iter().map(|page| page.events.into_iter().next()).collect())
}

/// These webhooks with their numbers. Reads a bounded number of events for each.
///
/// # Errors
/// 500 when the tables cannot be read.
pub async fn with_stats(ctx: &Context, configs: Vec<WebhookConfig>) -> Result<Vec<Row>, Problem> {
    let rows = configs.into_iter().map(|config| async move {
        let stats = last_day(ctx, &config).await?;
        let health = config.health_state().into();
        Ok::<_, Problem>(Row { config, stats, health })
    });
    // Collected first, for the compiler cannot prove the lifetimes of a lazy iterator.
    let rows: Vec<_> = rows.collect();
    stream::iter(rows).buffered(MAX_CONCURRENT_COUNTS).try_collect().await
}
