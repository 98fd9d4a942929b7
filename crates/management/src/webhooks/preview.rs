//! `POST /webhook/{config_id}/preview`: applies a filter and a transform to a body without sending it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hookstep_api_types::{Preview, PreviewFault, PreviewRequest, PreviewedRequest, schema};
use hookstep_contract::{
    Auth, CloudEvents, CloudEventsMode, ConfigFields, Content, ExtraSignature, HeaderTemplate, JsonLevels,
    OrgId, PayloadRules, ReasonCode, ShownBody, SignatureKind, check_event_type,
};
use hookstep_expression::{Applied, Fault, Verdict};
use hookstep_http_edge::{ApiJson, Manage, Problem};
use serde_json::value::RawValue;

use super::save;
use super::test_send::TestEvent;
use crate::Context;
use crate::webhooks::stored_webhook::StoredWebhook;

/// Stands for secrets, and for values that are only made when a request is sent.
const PLACEHOLDER: &str = "***";

/// The content type of a body whose request names none.
const JSON: &str = "application/json";

/// Tries a filter and a transform.
#[utoipa::path(
    post,
    path = "/webhook/{config_id}/preview",
    operation_id = "preview_webhook",
    tag = "Webhooks",
    summary = "Try a filter and a transform",
    description = "Applies them to a body, or a sample as a test has it, and shows the request that would be sent. Nothing is sent or recorded, and \
        neither the filter nor the transform needs to be saved: those of this request are used.",
    params(
        ("config_id" = schema::ConfigId, Path, description = "The webhook that would send the request."),
    ),
    request_body(content = PreviewRequest, example = json!({
        "filter": {"jsonata": "status = 'shipped'"}, "transform": {"jsonata": "{\"id\": order}"},
        "body": "{\"order\": 1042, \"status\": \"shipped\"}",
    })),
    responses(
        (status = 200, description = "The result for the body.", body = Preview),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        (status = 413, response = hookstep_http_edge::TooLarge),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn preview(
    State(ctx): State<Arc<Context>>,
    StoredWebhook { config, .. }: StoredWebhook<Manage>,
    ApiJson(request): ApiJson<PreviewRequest>,
) -> Result<Json<Preview>, Problem> {
    let PreviewRequest { filter, transform, body, content_type, event_type } = request;
    event_type.as_deref().map_or(Ok(()), check_event_type)?;
    let body = match body {
        Some(body) => body.into_bytes(),
        None => TestEvent::of_sample(&ctx, &config, event_type).await?.body,
    };
    let fields = ConfigFields { filter, transform, ..config.fields };
    let content_type = content_type.as_deref().unwrap_or(JSON);
    evaluate(&ctx, &config.org_id, &fields, &body, content_type).await.map(Json)
}

/// Applies the filter and the transform of `fields` to a body.
///
/// # Errors
/// 400 when one of them breaks a limit; 500 when the sandbox fails.
pub async fn evaluate(
    ctx: &Context,
    org_id: &OrgId,
    fields: &ConfigFields,
    body: &[u8],
    content_type: &str,
) -> Result<Preview, Problem> {
    let rules = PayloadRules::of(fields).unwrap_or_default();
    rules.check()?;
    if let Some(fault) = save::find_fault(ctx, org_id, &rules).await? {
        return Ok(faulty(fault));
    }
    let Applied { verdict, order_key } = if rules == PayloadRules::default() {
        Verdict::AsItIs.into()
    } else {
        ctx.sandbox.apply(org_id, &rules, body).await.map_err(|error| Problem::internal(&error))?
    };
    Ok(match verdict {
        Verdict::AsItIs => Preview { order_key, ..sends(fields, content_type, body)? },
        Verdict::Replaced { content_type, body } => {
            Preview { order_key, ..sends(fields, &content_type, &body)? }
        }
        Verdict::Missed(reason) => {
            Preview { passes: false, reason: Some(reason), fault: None, request: None, order_key: None }
        }
        Verdict::Failed(fault) => faulty(fault),
    })
}

fn faulty(fault: Fault) -> Preview {
    let Fault { field, position, reason, .. } = fault;
    let fault = Some(PreviewFault { field, position, reason });
    Preview { passes: false, reason: None, fault, request: None, order_key: None }
}

fn sends(fields: &ConfigFields, content_type: &str, body: &[u8]) -> Result<Preview, Problem> {
    let made = match event_headers(fields, body) {
        Ok(made) => made,
        Err(fault) => return Ok(faulty(fault)),
    };
    let event = fields.cloud_events.as_ref();
    let event = event.map(|event| (event.mode, event.sample(PLACEHOLDER, None, Some(content_type))));
    let (body, content_type) = match &event {
        Some((CloudEventsMode::Structured, event)) => {
            let envelope = event.envelope(body).map_err(|error| Problem::internal(&error))?;
            (Cow::Owned(envelope), CloudEvents::STRUCTURED)
        }
        _ => (Cow::Borrowed(body), content_type),
    };
    let mut headers = headers(fields, content_type, body.len());
    headers.extend(made);
    if let Some((CloudEventsMode::Binary, event)) = &event {
        headers.extend(event.headers().map(|(name, value)| (name.to_owned(), value)));
    }
    let ShownBody { text: body, encoding } = Content::new(&body).into_shown();
    let request = PreviewedRequest {
        method: fields.method.clone(),
        url: fields.url.clone(),
        headers,
        body,
        body_encoding: encoding.map(str::to_owned),
    };
    Ok(Preview { passes: true, reason: None, fault: None, request: Some(request), order_key: None })
}

/// The headers that are made from the event, as far as the body makes them.
fn event_headers(fields: &ConfigFields, body: &[u8]) -> Result<BTreeMap<String, String>, Fault> {
    let json = serde_json::from_slice::<&RawValue>(body).ok();
    let (mut headers, mut levels) = (BTreeMap::new(), JsonLevels::default());
    for (name, template) in &fields.event_headers {
        let wrong = |reason| Fault::new(ReasonCode::HeaderFault, format!("event_headers.{name}"), reason);
        let template = HeaderTemplate::parse(template).map_err(wrong)?;
        let value = template.sample(json, &mut levels).map_err(|fault| wrong(fault.to_string()))?;
        headers.extend(value.map(|value| (name.to_lowercase(), value)));
    }
    Ok(headers)
}

fn headers(fields: &ConfigFields, content_type: &str, length: usize) -> BTreeMap<String, String> {
    let own = fields.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone()));
    let ours = [
        ("content-type", content_type.to_owned()),
        ("content-length", length.to_string()),
        ("user-agent", concat!("Hookstep/", env!("CARGO_PKG_VERSION")).to_owned()),
        ("webhook-id", PLACEHOLDER.to_owned()),
        ("webhook-timestamp", PLACEHOLDER.to_owned()),
        ("webhook-signature", format!("v1,{PLACEHOLDER} v1a,{PLACEHOLDER}")),
    ];
    let credentials = match &fields.auth {
        None | Some(Auth::None) => None,
        Some(Auth::Basic { .. }) => Some(("authorization".to_owned(), format!("Basic {PLACEHOLDER}"))),
        Some(Auth::ApiKey { name, .. }) => Some((name.to_lowercase(), PLACEHOLDER.to_owned())),
        Some(Auth::OauthClientCredentials { .. }) => {
            Some(("authorization".to_owned(), format!("Bearer {PLACEHOLDER}")))
        }
        // Only the operator knows which header the connection sets; this is the usual one.
        Some(Auth::Connection { .. }) => Some(("authorization".to_owned(), PLACEHOLDER.to_owned())),
    };
    let ours = ours.map(|(name, value)| (name.to_owned(), value));
    own.chain(ours).chain(extra_signature(fields.extra_signature.as_ref())).chain(credentials).collect()
}

fn extra_signature(extra: Option<&ExtraSignature>) -> impl Iterator<Item = (String, String)> {
    let value = |name: &str, extra: &ExtraSignature| match extra.kind {
        SignatureKind::Svix if name.ends_with("signature") => format!("v1,{PLACEHOLDER} v1a,{PLACEHOLDER}"),
        SignatureKind::Svix => PLACEHOLDER.to_owned(),
        SignatureKind::Stripe => format!("t={PLACEHOLDER},v1={PLACEHOLDER}"),
        SignatureKind::Hmac => format!("{}{PLACEHOLDER}", extra.prefix.as_deref().unwrap_or_default()),
    };
    let headers = extra.into_iter().flat_map(|extra| extra.headers().map(move |name| (name, extra)));
    headers.map(move |(name, extra)| (name.to_lowercase(), value(name, extra)))
}
