//! Makes spans of what the host does, from outside of what does it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hookstep_ambient::Sources;
use hookstep_asl::TaskError;
use hookstep_contract::EventId;
use hookstep_engine::Functions;
use hookstep_otlp::{Finished, Spans, Trace};
use serde_json::Value;

use crate::Options;
use crate::observed::ObservedFunctions;

/// Makes a span of every trigger.
pub(crate) fn triggers(router: Router, spans: &Spans, sources: Sources) -> Router {
    let spans = spans.clone();
    router
        .route_layer(middleware::from_fn(move |request, next| traced(request, next, spans.clone(), sources)))
}

async fn traced(request: Request, next: Next, spans: Spans, sources: Sources) -> Response {
    if !request.uri().path().ends_with("/trigger") {
        return next.run(request).await;
    }
    let traceparent = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
    let (traceparent, start) = (traceparent.map(str::to_owned), now(sources));
    let response = next.run(request).await;
    // The events of a key that was used before have their spans.
    if response.headers().contains_key("idempotent-replayed") {
        return response;
    }
    let event_id = response.extensions().get::<EventId>().copied();
    let trace = Trace::of(event_id.unwrap_or_else(|| EventId((sources.new_id)())), traceparent.as_deref());
    let status = response.status();
    let mut attributes = vec![("http.response.status_code", status.as_str().to_owned())];
    attributes.extend(event_id.map(|event_id| ("event.id", event_id.to_string())));
    spans.trigger(
        &trace,
        Finished {
            name: Cow::Borrowed("POST /webhook/{config_id}/trigger"),
            start,
            end: now(sources),
            attributes,
            failure: status.is_server_error().then(|| status.as_str().to_owned()),
        },
    );
    response
}

/// The functions; if spans are wanted, each invocation has one.
pub(crate) fn functions(functions: ObservedFunctions, options: &Options) -> Arc<dyn Functions> {
    match &options.spans {
        None => Arc::new(functions),
        Some(spans) => {
            Arc::new(TracedFunctions { functions, spans: spans.clone(), sources: options.sources })
        }
    }
}

/// The step functions. Their invocations are the spans of an event.
struct TracedFunctions {
    functions: ObservedFunctions,
    spans: Spans,
    sources: Sources,
}

impl Functions for TracedFunctions {
    fn invoke<'a>(&'a self, arn: &'a str, payload: Value) -> BoxFuture<'a, Result<Value, TaskError>> {
        let Some(event) = Event::of(&payload) else { return self.functions.invoke(arn, payload) };
        let invocation = self.functions.invoke(arn, payload);
        async move {
            let start = now(self.sources);
            let result = invocation.await;
            let finished = Finished {
                name: Cow::Owned(arn.rsplit(':').next().unwrap_or_default().to_owned()),
                start,
                end: now(self.sources),
                failure: failure(&result),
                attributes: event.attributes(result.as_ref().ok()),
            };
            if event.is_triggered {
                self.spans.step(&event.trace, finished);
            } else {
                self.spans.step_without_trigger(&event.trace, finished);
            }
            result
        }
        .boxed()
    }
}

/// The event of an invocation.
struct Event {
    trace: Trace,
    is_triggered: bool,
    /// The values that are attributes of the span, of the event's metadata and of the input.
    known: Vec<(&'static str, String)>,
}

impl Event {
    fn of(payload: &Value) -> Option<Self> {
        let event = &payload["event"];
        let text = |name: &str| event[name].as_str().map(str::to_owned);
        let event_id: EventId = event["event_id"].as_str()?.parse().ok()?;
        let number = payload["number"].as_u64().or_else(|| payload["attempt"]["number"].as_u64());
        let known = [
            ("event.id", Some(event_id.to_string())),
            ("config.id", text("config_id")),
            ("org.id", text("org_id")),
            ("attempt.number", number.map(|number| number.to_string())),
        ];
        Some(Self {
            trace: Trace::of(event_id, event["traceparent"].as_str()),
            is_triggered: event["origin"] == "api",
            known: known.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
        })
    }

    /// The attributes, with what the output of `deliver` says about an attempt.
    fn attributes(&self, output: Option<&Value>) -> Vec<(&'static str, String)> {
        let mut attributes = self.known.clone();
        if let Some(attempt) = output.map(|output| &output["attempt"]) {
            let status = attempt["status_code"].as_u64().map(|status| status.to_string());
            attributes
                .extend(attempt["outcome"].as_str().map(|outcome| ("attempt.outcome", outcome.to_owned())));
            attributes.extend(status.map(|status| ("http.response.status_code", status)));
        }
        attributes
    }
}

/// The code of what went wrong: an error of ours, or the reason of an attempt that failed.
fn failure(result: &Result<Value, TaskError>) -> Option<String> {
    match result {
        Ok(output) => output["attempt"]["reason"]["code"].as_str().map(str::to_owned),
        Err(error) => Some(error.error.clone()),
    }
}

fn now(sources: Sources) -> SystemTime {
    (sources.clock)().into()
}
