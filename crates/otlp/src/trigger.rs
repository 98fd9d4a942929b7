//! The spans of trigger requests.

use std::borrow::Cow;
use std::time::SystemTime;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use hookstep_ambient::Sources;
use hookstep_contract::EventId;
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;
use serde::Deserialize;

use crate::Spans;
use crate::span::Finished;
use crate::trace::Trace;

/// What every answer about an event has.
#[derive(Deserialize)]
struct Answer {
    event_id: EventId,
}

/// Makes a span of every trigger request that this router answers: a child of the producer's span, and the parent of the other
/// spans of the event.
pub fn triggers(router: Router, spans: &Spans, sources: Sources) -> Router {
    let spans = spans.clone();
    router
        .route_layer(middleware::from_fn(move |request, next| traced(request, next, spans.clone(), sources)))
}

async fn traced(request: Request, next: Next, spans: Spans, sources: Sources) -> Response {
    if !request.uri().path().ends_with("/trigger") {
        return next.run(request).await;
    }
    let (traceparent, start) = (traceparent(request.headers()), now(sources));
    let (head, body) = next.run(request).await.into_parts();
    // Answers are in memory, so this waits for nothing. The event's id is read from them here, so that whoever writes them does
    // no work for spans when there are none.
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    // The event of an idempotency key that was used before has its span already.
    if !head.headers.contains_key("idempotent-replayed") {
        let event_id = serde_json::from_slice(&body).ok().map(|Answer { event_id }| event_id);
        let trace =
            Trace::of(event_id.unwrap_or_else(|| EventId((sources.new_id)())), traceparent.as_deref());
        let status = KeyValue::new("http.response.status_code", i64::from(head.status.as_u16()));
        let event_id = event_id.map(|event_id| KeyValue::new("hookstep.event_id", event_id.to_string()));
        let finished = Finished {
            name: Cow::Borrowed("POST /webhook/{config_id}/trigger"),
            kind: SpanKind::Server,
            start,
            end: now(sources),
            attributes: [status].into_iter().chain(event_id).collect(),
            failure: head.status.is_server_error().then(|| head.status.as_str().to_owned()),
        };
        spans.send(&trace, finished.span(trace.of_trigger(), trace.producer()));
    }
    Response::from_parts(head, Body::from(body))
}

fn traceparent(headers: &HeaderMap) -> Option<String> {
    headers.get("traceparent")?.to_str().ok().map(str::to_owned)
}

fn now(sources: Sources) -> SystemTime {
    (sources.clock)().into()
}
