//! Spans of what a function does.
//!
//! They are sent before the invocation ends, since Lambda freezes the environment after that.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use hookstep_ambient::{Sources, env};
use hookstep_contract::{ErrorName, StepError};
use hookstep_otlp::{Spans, Step, Waiting};
use lambda_runtime::tracing::warn;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::Error;

/// The name of the functions together, unless `OTEL_SERVICE_NAME` is another.
const SERVICE: &str = "hookstep";

/// How long an invocation waits for the collector. What it does not take in this time is lost.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Makes spans of what this function does, and sends them.
pub(crate) struct Traces {
    function: String,
    spans: Spans,
    waiting: Mutex<Waiting>,
    sources: Sources,
}

impl Traces {
    /// `None` if the variables name no collector.
    pub(crate) fn from_env() -> Result<Option<Self>, Error> {
        let Some((spans, waiting)) = hookstep_otlp::spans(SERVICE)? else { return Ok(None) };
        let function = env::required("AWS_LAMBDA_FUNCTION_NAME")?;
        Ok(Some(Self { function, spans, waiting: Mutex::new(waiting), sources: Sources::system() }))
    }

    fn now(&self) -> SystemTime {
        (self.sources.clock)().into()
    }

    async fn send(&self) {
        let sent = async { self.waiting.lock().await.send().await };
        if tokio::time::timeout(TIMEOUT, sent).await.is_err() {
            warn!("spans were lost: the collector did not answer in time");
        }
    }
}

/// The result of a step's handler, once the step's span is sent.
pub(crate) async fn step<O: Serialize>(
    traces: Option<&Traces>,
    input: &str,
    result: impl Future<Output = Result<O, StepError>>,
) -> Result<O, StepError> {
    let Some(traces) = traces else { return result.await };
    let step = Step::begin(&mut serde_json::Deserializer::from_str(input), traces.now());
    let result = result.await;
    if let Some(step) = step {
        let outcome = match &result {
            // The runtime writes the output once more; a span needs little of it, but in any order.
            Ok(output) => Ok(serde_json::to_value(output).unwrap_or(Value::Null)),
            Err(StepError { name, .. }) => Err(ErrorName::as_str(*name)),
        };
        traces.spans.ended(step, &traces.function, outcome, traces.now());
        traces.send().await;
    }
    result
}

/// The router, which sends the span of a trigger before its answer.
pub(crate) fn triggers(router: Router) -> Result<Router, Error> {
    let Some(traces) = Traces::from_env()? else { return Ok(router) };
    let router = hookstep_otlp::triggers(router, &traces.spans, traces.sources);
    Ok(router.layer(from_fn_with_state(Arc::new(traces), sent)))
}

async fn sent(State(traces): State<Arc<Traces>>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    traces.send().await;
    response
}
