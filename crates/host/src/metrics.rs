//! `GET /metrics`: what the host counts, and a look at what it does right now.

mod data_dir;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hookstep_aws_local::{LaneQueue, Schedules};
use hookstep_contract::error_chain;
use hookstep_engine::{Activity, Executions};
use hookstep_http_edge::{Problem, Transport, finished, hash_token};
use hookstep_metrics::{By, CONTENT_TYPE, Metrics, Process, Sample};
use hookstep_storage::Storage;
use subtle::ConstantTimeEq;

use data_dir::DataDir;

/// What the metrics tell apart, and who may read them.
#[derive(Clone, Debug, Default)]
pub struct MetricsOptions {
    /// By what events and attempts are told apart.
    pub by: By,
    /// The hash of the token with which the host's own address answers `GET /metrics`; without one, it is 404 there.
    pub(crate) token_hash: Option<String>,
}

impl MetricsOptions {
    /// Metrics that can be read with this token on the host's own address.
    pub fn new(by: By, token: Option<&str>) -> Self {
        Self { by, token_hash: token.map(hash_token) }
    }
}

/// Reads the metrics of a host. Clones read the same.
#[derive(Clone)]
pub(crate) struct Reader(Arc<Sources>);

/// Where a sample is taken.
struct Sources {
    metrics: Metrics,
    storage: Storage,
    executions: Executions,
    schedules: Schedules,
    lanes: LaneQueue,
    data_dir: DataDir,
    opened: Instant,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader")
    }
}

impl Reader {
    pub(crate) fn new(
        metrics: Metrics,
        (storage, executions): (&Storage, &Executions),
        (schedules, lanes): (&Schedules, &LaneQueue),
        data_dir: &Path,
    ) -> Self {
        Self(Arc::new(Sources {
            metrics,
            storage: storage.clone(),
            executions: executions.clone(),
            schedules: schedules.clone(),
            lanes: lanes.clone(),
            data_dir: DataDir::new(data_dir),
            opened: Instant::now(),
        }))
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// A router of its own with the route, for everybody who can connect.
    pub(crate) fn open(self) -> Router {
        let answer = async |State(reader): State<Self>| reader.answer().await;
        finished(Router::new().route("/metrics", get(answer)).with_state(self), Transport::Plain)
    }

    /// The route, for those who have the token with this hash.
    pub(crate) fn behind(self, token_hash: &str) -> Router {
        let token_hash: Arc<str> = token_hash.into();
        let answer = async move |State(reader): State<Self>, headers: HeaderMap| {
            if is_known(&headers, &token_hash) { reader.answer().await } else { Err(Problem::wrong_token()) }
        };
        Router::new().route("/metrics", get(answer)).with_state(self)
    }

    /// Writes the metrics. It does not keep the host open: after its end, this writes what was counted, with the last sample.
    pub(crate) fn text(&self) -> impl Fn() -> Result<String, fmt::Error> + Send + Sync + 'static {
        let (metrics, sources) = (self.0.metrics.clone(), Arc::downgrade(&self.0));
        move || metrics.text(sources.upgrade().map(|sources| sources.sample()).as_ref())
    }

    async fn answer(self) -> Result<Response, Problem> {
        // Files are looked at.
        let text = tokio::task::spawn_blocking(self.text()).await;
        match text {
            Ok(Ok(text)) => Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response()),
            Ok(Err(error)) => Err(Problem::internal(&error)),
            Err(error) => Err(Problem::internal(&error)),
        }
    }
}

impl Sources {
    fn sample(&self) -> Sample {
        let activity = self.executions.activity().unwrap_or_else(|error| {
            tracing::error!(error.chain = error_chain(&error), "the executions cannot be counted");
            Activity::default()
        });
        let now = self.executions.now();
        let (scheduled, first_due) = self.schedules.waiting();
        let since = |then: Option<i64>| {
            Duration::from_millis(then.and_then(|then| u64::try_from(now - then).ok()).unwrap_or(0))
        };
        Sample {
            uptime: self.opened.elapsed(),
            running: activity.running,
            queued: activity.queued,
            waiting: activity.waiting,
            oldest_waiting: since(activity.oldest_waiting_since),
            in_lanes: self.lanes.waiting(),
            scheduled,
            overdue: since(first_due),
            store_bytes: self.data_dir.bytes(),
            disk_free_bytes: Some(self.storage.stats().free_bytes),
            process: Process::read(),
        }
    }
}

/// Whether the request carries the token with this hash. Hashes are compared, each in the same time.
fn is_known(headers: &HeaderMap, token_hash: &str) -> bool {
    let bearer =
        headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    bearer.is_some_and(|token| hash_token(token).as_bytes().ct_eq(token_hash.as_bytes()).into())
}
