//! `GET /platform/overview`: the webhooks of all orgs that somebody should look at (ADR 0058).

use std::cmp::Reverse;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use futures_util::{StreamExt, TryStreamExt, stream};
use hookstep_api_types::{
    ExpiringCertificate, FailingReceiver, Health, PlatformOverview, Receiver, WaitingWebhook,
};
use hookstep_contract::limits::days;
use hookstep_contract::{Circuit, Timestamp, WebhookConfig};
use hookstep_http_edge::{ApiQuery, PlatformCaller, Problem};
use serde::Deserialize;
use url::Url;
use utoipa::IntoParams;

use crate::Context;
use crate::paging;

/// How many megabytes of the table of webhooks a request goes through.
const MAX_PAGES: usize = 30;

/// At how many webhooks a request looks for what waits.
const MAX_LANES: usize = 500;

/// How many queries are under way at once.
const MAX_CONCURRENT_READS: usize = 32;

/// How long before its end a certificate is listed.
const EXPIRES_SOON: Duration = days(30);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OverviewQuery {
    /// The most entries of each list.
    #[param(value_type = u32, required = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// The `next_cursor` of the part before; leave it out for the first one.
    #[param(value_type = String, required = false)]
    cursor: Option<String>,
}

/// A key of the table of webhooks, after which the next part begins.
struct Position(String, String);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.0, self.1)
    }
}

impl FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.split_once('\n') {
            Some((org_id, config_id)) if !org_id.is_empty() && !config_id.is_empty() => {
                Ok(Self(org_id.to_owned(), config_id.to_owned()))
            }
            _ => Err(()),
        }
    }
}

/// `GET /platform/overview`
#[utoipa::path(
    get,
    path = "/platform/overview",
    operation_id = "read_platform_overview",
    tag = "Orgs",
    summary = "See which webhooks of all orgs need somebody",
    description = "Whose receivers fail most, whose events wait longest, and whose client certificates end soon. A request goes through 30 MB of \
        webhooks, which are some ten thousand, and looks at up to 500 of them for what waits, those with an open circuit first. `next_cursor` leads to \
        the rest.",
    params(OverviewQuery),
    responses(
        (status = 200, description = "The most urgent webhooks of this part.", body = PlatformOverview),
        (status = 400, response = hookstep_http_edge::Invalid),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["platform"])),
)]
pub(crate) async fn read(
    State(ctx): State<Arc<Context>>,
    _: PlatformCaller,
    ApiQuery(query): ApiQuery<OverviewQuery>,
) -> Result<Json<PlatformOverview>, Problem> {
    let limit = paging::parse_limit(query.limit.as_deref())?;
    let after: Option<Position> = paging::decode_cursor(query.cursor.as_deref())?;
    let now = ctx.sources.now();
    let (webhooks, next) =
        ctx.configs.remarkable(after.map(|Position(org, id)| (org, id)), MAX_PAGES).await?;
    let mut lanes: Vec<&WebhookConfig> =
        webhooks.iter().filter(|config| may_hold_back(config, now)).collect();
    lanes.sort_by_key(|config| Reverse(is_open(config, now)));
    lanes.truncate(MAX_LANES);
    Ok(Json(PlatformOverview {
        failing: failing(&webhooks, now, limit),
        waiting: waiting(&ctx, &lanes, limit).await?,
        certificates: certificates(&webhooks, now, limit),
        lanes_looked_at: lanes.len() as u64,
        next_cursor: next.map(|(org, id)| paging::encode_cursor(Position(org, id))),
    }))
}

fn failing(webhooks: &[WebhookConfig], now: Timestamp, limit: usize) -> Vec<FailingReceiver> {
    let mut failing: Vec<_> = webhooks
        .iter()
        .filter_map(|config| {
            let health = Health::from(config.health_state());
            let known =
                config.health.as_ref().filter(|_| matches!(health, Health::Failing | Health::Degraded))?;
            Some(FailingReceiver {
                org_id: config.org_id.clone(),
                config_id: config.config_id,
                name: config.fields.name.clone(),
                host: Url::parse(&config.fields.url).ok().and_then(|url| url.host_str().map(str::to_owned)),
                health,
                receiver: Receiver::of(known, config.fields.enabled, now),
            })
        })
        .collect();
    failing.sort_by_key(|webhook| {
        (webhook.health, Reverse(webhook.receiver.failures), webhook.receiver.since, webhook.config_id)
    });
    failing.truncate(limit);
    failing
}

fn certificates(webhooks: &[WebhookConfig], now: Timestamp, limit: usize) -> Vec<ExpiringCertificate> {
    let mut ending: Vec<_> = webhooks
        .iter()
        .filter_map(|config| {
            let certificate = config.certificate.as_ref()?;
            (certificate.not_after < now.plus(EXPIRES_SOON)).then(|| ExpiringCertificate {
                org_id: config.org_id.clone(),
                config_id: config.config_id,
                name: config.fields.name.clone(),
                subject: certificate.subject.clone(),
                not_after: certificate.not_after,
            })
        })
        .collect();
    ending.sort_by_key(|certificate| (certificate.not_after, certificate.config_id));
    ending.truncate(limit);
    ending
}

async fn waiting(
    ctx: &Context,
    lanes: &[&WebhookConfig],
    limit: usize,
) -> Result<Vec<WaitingWebhook>, Problem> {
    let reads: Vec<_> =
        lanes.iter().map(|config| ctx.lanes.oldest(&config.org_id, config.config_id)).collect();
    let oldest: Vec<_> = stream::iter(reads).buffered(MAX_CONCURRENT_READS).try_collect().await?;
    let mut waiting: Vec<_> = lanes
        .iter()
        .zip(oldest)
        .filter_map(|(config, oldest)| {
            let (event_id, since) = oldest?;
            let (org_id, config_id) = (config.org_id.clone(), config.config_id);
            Some(WaitingWebhook { org_id, config_id, name: config.fields.name.clone(), event_id, since })
        })
        .collect();
    waiting.sort_by_key(|webhook| (webhook.since, webhook.config_id));
    waiting.truncate(limit);
    Ok(waiting)
}

/// Whether events of this webhook may wait in its lane.
fn may_hold_back(config: &WebhookConfig, now: Timestamp) -> bool {
    let fields = &config.fields;
    let is_limited =
        fields.max_in_flight.is_some() || fields.rate_limit.is_some() || fields.ordering.is_some();
    is_limited || config.circuit(now).is_some()
}

fn is_open(config: &WebhookConfig, now: Timestamp) -> bool {
    matches!(config.circuit(now), Some(Circuit::Open { .. }))
}
