//! `POST /webhook/{config_id}/preview`: what a filter and a transform would make of a body, without sending it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use hookstep_api_types::{Preview, PreviewFault, PreviewRequest, PreviewedRequest, schema};
use hookstep_contract::{Auth, ConfigFields, Content, OrgId, PayloadRules};
use hookstep_expression::{Fault, Verdict};
use hookstep_http_edge::{ApiJson, Manage, Problem};

use super::save;
use crate::Context;
use crate::webhooks::stored_webhook::StoredWebhook;

/// What stands for what is secret, or made when a request is sent.
const LATER: &str = "***";

/// What a body is that says nothing of itself.
const JSON: &str = "application/json";

/// Tries a filter and a transform.
#[utoipa::path(
    post,
    path = "/webhook/{config_id}/preview",
    operation_id = "preview_webhook",
    tag = "Webhooks",
    summary = "Try a filter and a transform",
    description = "Says what they would make of a body, and shows the request that would go out. Nothing is sent or \
        recorded, and neither the filter nor the transform needs to be saved: they are as given here.",
    params(
        ("config_id" = schema::ConfigId, Path, description = "The webhook that the request would be of."),
    ),
    request_body(content = PreviewRequest, example = json!({
        "filter": {"jsonata": "status = 'shipped'"}, "transform": {"jsonata": "{\"id\": order}"},
        "body": "{\"order\": 1042, \"status\": \"shipped\"}",
    })),
    responses(
        (status = 200, description = "What would become of the body.", body = Preview),
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
    let fields = ConfigFields { filter: request.filter, transform: request.transform, ..config.fields };
    let content_type = request.content_type.as_deref().unwrap_or(JSON);
    of(&ctx, &config.org_id, &fields, request.body.as_bytes(), content_type).await.map(Json)
}

/// What a webhook with these fields would make of a body.
pub async fn of(
    ctx: &Context,
    org_id: &OrgId,
    fields: &ConfigFields,
    body: &[u8],
    content_type: &str,
) -> Result<Preview, Problem> {
    let rules = PayloadRules::of(fields).unwrap_or_default();
    rules.check()?;
    if let Some(fault) = save::fault_of(ctx, org_id, &rules).await? {
        return Ok(faulty(fault));
    }
    let verdict = if rules == PayloadRules::default() {
        Verdict::AsItIs
    } else {
        ctx.sandbox.apply(org_id, &rules, body).await.map_err(|error| Problem::internal(&error))?
    };
    Ok(match verdict {
        Verdict::AsItIs => sends(fields, content_type, body),
        Verdict::Replaced { content_type, body } => sends(fields, &content_type, &body),
        Verdict::Missed(reason) => {
            Preview { passes: false, reason: Some(reason), fault: None, request: None }
        }
        Verdict::Failed(fault) => faulty(fault),
    })
}

fn faulty(fault: Fault) -> Preview {
    let Fault { field, position, reason, .. } = fault;
    let fault = Some(PreviewFault { field, position, reason });
    Preview { passes: false, reason: None, fault, request: None }
}

fn sends(fields: &ConfigFields, content_type: &str, body: &[u8]) -> Preview {
    let headers = headers(fields, content_type, body.len());
    let (body, body_encoding) = Content::new(body).into_parts();
    let request = PreviewedRequest {
        method: fields.method.clone(),
        url: fields.url.clone(),
        headers,
        body,
        body_encoding: body_encoding.map(str::to_owned),
    };
    Preview { passes: true, reason: None, fault: None, request: Some(request) }
}

fn headers(fields: &ConfigFields, content_type: &str, length: usize) -> BTreeMap<String, String> {
    let own = fields.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone()));
    let ours = [
        ("content-type", content_type.to_owned()),
        ("content-length", length.to_string()),
        ("user-agent", concat!("Hookstep/", env!("CARGO_PKG_VERSION")).to_owned()),
        ("webhook-id", LATER.to_owned()),
        ("webhook-timestamp", LATER.to_owned()),
        ("webhook-signature", format!("v1,{LATER} v1a,{LATER}")),
    ];
    let credentials = match &fields.auth {
        None | Some(Auth::None) => None,
        Some(Auth::Basic { .. }) => Some(("authorization".to_owned(), format!("Basic {LATER}"))),
        Some(Auth::ApiKey { name, .. }) => Some((name.to_lowercase(), LATER.to_owned())),
        Some(Auth::OauthClientCredentials { .. }) => {
            Some(("authorization".to_owned(), format!("Bearer {LATER}")))
        }
        // What it says is its own.
        Some(Auth::Connection { .. }) => Some(("authorization".to_owned(), LATER.to_owned())),
    };
    own.chain(ours.map(|(name, value)| (name.to_owned(), value))).chain(credentials).collect()
}
