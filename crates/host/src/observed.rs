//! Counts what the host does, from outside of what does it.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hookstep_asl::{Json, TaskError};
use hookstep_contract::{Mode, Origin, Outcome, Reason, ReasonCode, Status};
use hookstep_engine::Functions;
use hookstep_metrics::{Metrics, Tenant};
use serde::Deserialize;

use crate::functions::StepFunctions;

/// Counts the answers to triggers. The other route of the function is that of uploads.
pub(crate) fn triggers(router: Router, metrics: &Metrics) -> Router {
    let metrics = metrics.clone();
    router.route_layer(middleware::from_fn(move |request, next| answered(request, next, metrics.clone())))
}

async fn answered(request: Request, next: Next, metrics: Metrics) -> Response {
    let is_trigger = request.uri().path().ends_with("/trigger");
    let is_sync = request.uri().query().is_some_and(|query| query.split('&').any(|pair| pair == "sync=true"));
    let (mode, start) = (if is_sync { Mode::Sync } else { Mode::Async }, Instant::now());
    let response = next.run(request).await;
    if is_trigger {
        metrics.answered(mode, response.status().as_u16(), start.elapsed());
    }
    response
}

/// What is counted of an event that is accepted.
pub(crate) struct NewEvent {
    mode: Mode,
    origin: Origin,
    tenant: Tenant,
}

impl NewEvent {
    /// The event in the input of an execution; `None` if the execution goes on with one that was accepted before.
    pub(crate) fn of(input: &str, metrics: &Metrics) -> Option<Self> {
        #[derive(Deserialize)]
        struct Input<'a> {
            #[serde(borrow)]
            event: Event<'a>,
        }

        #[derive(Deserialize)]
        struct Event<'a> {
            mode: Mode,
            origin: Origin,
            #[serde(borrow)]
            org_id: Cow<'a, str>,
            #[serde(borrow)]
            config_id: Cow<'a, str>,
        }

        let Input { event } = serde_json::from_str(input).ok()?;
        let tenant = metrics.tenant(|name| if name == "org_id" { &event.org_id } else { &event.config_id });
        Some(Self { mode: event.mode, origin: event.origin, tenant })
    }

    pub(crate) fn count(&self, metrics: &Metrics) {
        metrics.accepted(self.mode, self.origin, &self.tenant);
    }
}

/// The step functions. What they return is counted.
pub(crate) struct ObservedFunctions {
    pub(crate) functions: StepFunctions,
    pub(crate) metrics: Metrics,
}

impl Functions for ObservedFunctions {
    fn invoke<'a>(&'a self, arn: &'a str, payload: Json) -> BoxFuture<'a, Result<Json, TaskError>> {
        let function = arn.rsplit(':').next().unwrap_or_default();
        let call = Call::of(function, &payload);
        let tenant = self.metrics.tenant(|name| text(&payload, ["event", name]).unwrap_or_default());
        let invocation = self.functions.invoke(arn, payload);
        async move {
            let result = invocation.await;
            match &result {
                Ok(output) => call.count(output, &tenant, &self.metrics),
                Err(error) => self.metrics.function_failed(function, &error.error),
            }
            result
        }
        .boxed()
    }
}

/// What is to be learned from the output of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    /// Whether the event is skipped.
    Prepare,
    /// How an attempt ended.
    Deliver,
    /// The event's status, after a fault of the platform in place of an attempt.
    Missed,
    /// The event's status.
    UpdateStatus,
    /// Nothing.
    Other,
}

/// An attempt, as far as it is counted.
#[derive(Deserialize)]
struct Attempt {
    outcome: Outcome,
    duration_ms: u64,
    #[serde(default)]
    reason: Option<Reason>,
}

impl Call {
    fn of(function: &str, payload: &Json) -> Self {
        match function {
            "fetch-config" if payload.get("refresh") != Some(&Json::Bool(true)) => Self::Prepare,
            "transform" if text(payload, ["plan", "status"]) != Some(Status::Skipped.as_str()) => {
                Self::Prepare
            }
            "deliver" => Self::Deliver,
            "update-status" if payload.get("kind").and_then(Json::as_str) == Some("missed") => Self::Missed,
            "update-status" => Self::UpdateStatus,
            _ => Self::Other,
        }
    }

    fn count(self, output: &Json, tenant: &Tenant, metrics: &Metrics) {
        match self {
            Self::Prepare => {
                if text(output, ["plan", "status"]) == Some(Status::Skipped.as_str()) {
                    metrics.ended(Status::Skipped, tenant);
                }
            }
            Self::Deliver => {
                // The output of a test of credentials has no attempt.
                if let Some(Ok(attempt)) = output.get("attempt").map(Json::decode::<Attempt>) {
                    let took = Duration::from_millis(attempt.duration_ms);
                    let code = attempt.reason.map(|reason| reason.code);
                    metrics.attempted(attempt.outcome, code, Some(took), tenant);
                }
            }
            Self::Missed => {
                metrics.attempted(Outcome::FailedPlatform, Some(ReasonCode::Platform), None, tenant);
                ended(output, tenant, metrics);
            }
            Self::UpdateStatus => ended(output, tenant, metrics),
            Self::Other => {}
        }
    }
}

/// Counts the event if it has its final status.
fn ended(output: &Json, tenant: &Tenant, metrics: &Metrics) {
    if let Some(Ok(status)) = output.get("status").map(Json::decode::<Status>)
        && !status.is_open()
    {
        metrics.ended(status, tenant);
    }
}

/// The text of a field of a field.
fn text<'a>(value: &'a Json, [outer, inner]: [&str; 2]) -> Option<&'a str> {
    value.get(outer)?.get(inner)?.as_str()
}
