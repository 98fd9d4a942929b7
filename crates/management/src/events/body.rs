//! `GET /webhook/{config_id}/events/{event_id}/payload`: the body of an event, byte for byte.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use hookstep_api_types::schema;
use hookstep_contract::EventRecord;

use hookstep_http_edge::{ApiQuery, Authorized, ConfigPath, EventPath, Problem, Read, no_event};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::views::{BodyView, accepted_body, sent_body};
use crate::Context;

/// The content type of a body whose producer named none.
const UNKNOWN_TYPE: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// Which body.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PayloadQuery {
    /// Which of the two, where a transform made something else of what came.
    #[serde(default)]
    #[param(inline)]
    of: PayloadOf,
}

/// One of two bodies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PayloadOf {
    /// The body that came.
    #[default]
    Event,
    /// The body that was sent.
    Sent,
}

/// The body with its `Content-Type`; for a claim check, a redirect to its object.
#[utoipa::path(
    get,
    path = "/webhook/{config_id}/events/{event_id}/payload",
    operation_id = "read_payload",
    tag = "Events",
    summary = "Read the body of an event",
    description = "Byte for byte, with the `Content-Type` and the `Content-Encoding` of the trigger. If its org redacts bodies, without \
        the values at its `redact_paths`.",
    params(
        ("config_id" = schema::ConfigId, Path, description = "The webhook."),
        ("event_id" = schema::EventId, Path, description = "The event."),
        PayloadQuery,
    ),
    responses(
        (status = 200, description = "The body.", content_type = "*/*"),
        (status = 307, description = "The body is large: `Location` is its URL, valid for five minutes."),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["read"])),
)]
pub(crate) async fn read(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Read>,
    ConfigPath(config_id): ConfigPath,
    EventPath(event_id): EventPath,
    ApiQuery(PayloadQuery { of }): ApiQuery<PayloadQuery>,
) -> Result<Response, Problem> {
    let org_id = caller.org_id();
    let event = ctx.events.get(org_id, config_id, event_id).await?.ok_or_else(no_event)?;
    if event.has_lost_bodies(ctx.sources.now()) {
        return Err(Problem::new(StatusCode::NOT_FOUND, no_longer_kept(&event)));
    }
    if of == PayloadOf::Sent && !event.rules_were_applied() {
        return Err(Problem::new(StatusCode::NOT_FOUND, "nothing was sent for this event"));
    }
    // Most bodies are sent as they were received, and have no second copy.
    let sent = event.sent.as_ref().filter(|_| of == PayloadOf::Sent);
    let (claim, content_type, coding) = match sent {
        Some(sent) => (&sent.claim, Some(&sent.content_type), None),
        None => (&event.claim, event.content_type.as_ref(), event.content_encoding.as_ref()),
    };
    if let Some(key) = claim {
        if event.may_have_what_is_redacted() {
            return Err(withheld());
        }
        return Ok(
            Redirect::temporary(&ctx.claims.presign_read(key, ctx.sources.now()).await?).into_response()
        );
    }
    let view = match sent {
        Some(_) => sent_body(&ctx, &event).await?,
        None => accepted_body(&ctx, &event).await?,
    };
    if view == BodyView::Withheld {
        return Err(withheld());
    }
    let body = view.bytes().ok_or_else(not_stored)?;
    let named = content_type.map(String::as_str).and_then(|name| HeaderValue::from_str(name).ok());
    // A browser must not run the body on this origin, whatever it contains.
    let safe = [
        (header::CONTENT_TYPE, named.unwrap_or(UNKNOWN_TYPE)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'")),
    ];
    let mut response = (safe, body).into_response();
    if let Some(coding) = coding.and_then(|coding| HeaderValue::from_str(coding).ok()) {
        response.headers_mut().insert(header::CONTENT_ENCODING, coding);
    }
    Ok(response)
}

/// Why there is no body of an event that had one. It may be said to whoever may read the event.
pub(crate) fn no_longer_kept(event: &EventRecord) -> String {
    let why = match event.body_retention_hours {
        Some(hours) if event.redaction.is_none() => {
            format!("its org keeps bodies for {hours} h after an event has ended")
        }
        Some(hours) => format!(
            "its org keeps bodies for {hours} h after an event has ended, and none that cannot be redacted"
        ),
        None => "its org redacts bodies, and this one is large or not JSON".to_owned(),
    };
    format!("the body of this event is no longer kept: {why}")
}

fn withheld() -> Problem {
    let detail =
        "the body of this event is not shown: its org redacts bodies, and this one is large or not JSON";
    Problem::new(StatusCode::NOT_FOUND, detail)
}

fn not_stored() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "the body of this event is not stored")
}
