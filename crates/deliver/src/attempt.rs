//! One attempt, from start to end.

use std::sync::Arc;

use hookstep_contract::limits::{RESPONSE_BODY_BYTES, RESPONSE_HEADER_BYTES};
use hookstep_contract::{
    Attempt, DeliverInput, ErrorName, EventMetadata, Outcome, Reason, ReasonCode, RequestPlan, StepError,
    Timings,
};
use hookstep_egress::{Body, Client, Keep, Request};
use http::Method;
use tokio::time::{Instant, timeout_at};

use crate::authentication::Authentication;
use crate::headers::Headers;
use crate::keyring::{Found, WebhookKeys};
use crate::outgoing::OutgoingBody;
use crate::record::Recorder;
use crate::signature::Signatures;
use crate::unsent::Unsent;
use crate::{Context, cloud_events, event_headers, reason, signature};

/// The status with which a receiver rejects a token.
const UNAUTHORIZED: Option<u16> = Some(401);

/// How often a request is sent within one attempt, if the receiver acts on none of them: each kept-alive
/// connection may turn out to be closed.
pub(crate) const MAX_SENDS: u32 = 3;

/// How much of a response is kept.
const KEEP: Keep = Keep { header_bytes: RESPONSE_HEADER_BYTES, body_bytes: RESPONSE_BODY_BYTES };

/// Makes an attempt.
pub(crate) async fn make(input: DeliverInput, ctx: &Context) -> Result<Attempt, StepError> {
    let recorder = Recorder::start(input.number, &input.request, ctx.sources);
    let result = run(&recorder, input, ctx).await;
    recorder.end(result)
}

async fn run(recorder: &Recorder, input: DeliverInput, ctx: &Context) -> Result<Attempt, Unsent> {
    let DeliverInput { event, request: plan, payload, number } = input;
    let body = OutgoingBody::of(&event, payload, &ctx.bodies).await?;
    let keys = keys(&event, &plan, number, ctx).await?;
    check(&plan, &keys.client)?;
    let made = event_headers::of(&plan, &event, number, &body, &ctx.claims);
    let made = in_time(recorder, made).await?;
    let body = match cloud_events::structured(&plan) {
        Some(cloud_events) => {
            in_time(recorder, cloud_events::envelope(cloud_events, &event, &body, &ctx.claims)).await?
        }
        None => body,
    };
    let authentication = authenticate(recorder, &keys, None, ctx).await?;
    let signatures = sign(recorder, &body, &event, &plan, &keys, ctx).await?;
    let headers = Headers::new(&event, &plan, made, signatures, recorder.started_at);
    let outgoing = Outgoing { plan: &plan, length: body.length(), headers: &headers, client: &keys.client };
    let open = || body.open(&ctx.claims);
    let attempt = send(recorder, &outgoing, authentication.as_ref(), open).await?;
    let Some(refused) = authentication.filter(|_| attempt.status_code == UNAUTHORIZED && keys.is_renewable())
    else {
        return Ok(attempt);
    };
    // Retry once with another token, if there is one: with its 401, the receiver said that it accepted
    // nothing.
    match authenticate(recorder, &keys, Some(&refused.value), ctx).await {
        Ok(renewed) if renewed.as_ref().is_some_and(|renewed| renewed.value != refused.value) => {
            send(recorder, &outgoing, renewed.as_ref(), open).await
        }
        _ => Ok(attempt),
    }
}

/// The keys of the plan's own revision: new credentials never go to an old URL, nor old ones to a new URL.
async fn keys(
    event: &EventMetadata,
    plan: &RequestPlan,
    number: u32,
    ctx: &Context,
) -> Result<Arc<WebhookKeys>, Unsent> {
    // An attached connection, of whose changes Hookstep is not notified, may be why the attempt before failed.
    let (fresh, now) = (number > 1, ctx.sources.now());
    let outdated =
        || StepError::new(ErrorName::PlanOutdated, "the webhook was changed after it was read").into();
    match ctx.keyring.keys(&event.org_id, event.config_id, plan.revision, fresh, now).await? {
        Found::Keys(keys) if keys.revision == plan.revision => Ok(keys),
        Found::Keys(_) | Found::Changing => Err(outdated()),
        Found::Deleted => Err(Unsent::failed(Outcome::Refused, Reason::of(ReasonCode::WebhookDeleted))),
    }
}

/// Checks the request before a token is requested or a large body is read. (The client checks the URL again,
/// and also its address.)
fn check(plan: &RequestPlan, client: &Client) -> Result<(), Unsent> {
    let refused = |reason| Unsent::failed(Outcome::Refused, reason);
    let policy = client.policy();
    policy.check_headers(&plan.headers).map_err(|refusal| refused(reason::refused_header(&refusal)))?;
    let signed = plan.extra_signature.iter().flat_map(|extra| extra.headers());
    for header in signed.chain(plan.event_headers.keys().map(String::as_str)) {
        policy.check_header_name(header).map_err(|refusal| refused(reason::refused_header(&refusal)))?;
    }
    policy.check_url(&plan.url).map_err(|refusal| refused(reason::refused(&refusal)))?;
    Ok(())
}

/// The header that authenticates the request; never the `refused` value again.
async fn authenticate(
    recorder: &Recorder,
    keys: &WebhookKeys,
    refused: Option<&str>,
    ctx: &Context,
) -> Result<Option<Authentication>, Unsent> {
    let (tokens, client) = (&ctx.keyring.tokens, ctx.keyring.client());
    match &keys.credentials {
        Ok(None) => Ok(None),
        Ok(Some(credentials)) => {
            Ok(Some(credentials.header(tokens, refused, client, recorder.deadline(), &ctx.sources).await?))
        }
        Err(reason) => Err(Unsent::failed(Outcome::FailedAuth, reason.clone())),
    }
}

/// The signatures of the body; `None` for a webhook without keys.
async fn sign(
    recorder: &Recorder,
    body: &OutgoingBody,
    event: &EventMetadata,
    plan: &RequestPlan,
    keys: &WebhookKeys,
    ctx: &Context,
) -> Result<Option<Signatures>, Unsent> {
    let Some(signers) = keys.signers(recorder.started_at, plan.extra_signature.as_deref()) else {
        return Ok(None);
    };
    let noise = (ctx.sources.random_bytes)();
    let signing = signature::of(body, event, &signers, recorder.started_at, noise, &ctx.claims);
    in_time(recorder, signing).await.map(Some)
}

/// Reads a body, until the deadline of the attempt.
async fn in_time<T>(
    recorder: &Recorder,
    reading: impl Future<Output = Result<T, Unsent>>,
) -> Result<T, Unsent> {
    match timeout_at(recorder.deadline(), reading).await {
        Ok(read) => read,
        Err(_elapsed) => {
            let detail = format!("the body could not be read within {} s", recorder.timeout.as_secs());
            Err(Unsent::failed(Outcome::FailedTimeout, Reason::new(ReasonCode::BodyTimeout, detail)))
        }
    }
}

/// What is sent and how, except for the authentication and the body.
pub(crate) struct Outgoing<'a> {
    pub(crate) plan: &'a RequestPlan,
    /// The length of the body.
    pub(crate) length: u64,
    pub(crate) headers: &'a Headers,
    pub(crate) client: &'a Client,
}

/// Sends the request and records the outcome. A request that the receiver did not act on is sent again at once,
/// within the same attempt; `open` returns the body for each time.
pub(crate) async fn send<F: Future<Output = Result<Body, Unsent>>>(
    recorder: &Recorder,
    outgoing: &Outgoing<'_>,
    authentication: Option<&Authentication>,
    mut open: impl FnMut() -> F,
) -> Result<Attempt, Unsent> {
    let Outgoing { plan, length, headers, client } = outgoing;
    let method = Method::from_bytes(plan.method.as_bytes()).map_err(|source| {
        StepError::because(ErrorName::InvalidInput, "the method is not an HTTP method", source)
    })?;
    let (sent, recorded) = headers.with(authentication, *length);
    let mut sends = 1;
    let (result, prepare) = loop {
        let prepare = recorder.elapsed();
        let request = Request {
            method: method.clone(),
            url: plan.url.clone(),
            headers: sent.clone(),
            body: open().await?,
            deadline: recorder.deadline().saturating_duration_since(Instant::now()),
            keep: KEEP,
        };
        match client.send(request).await {
            Err(failure) if failure.is_unprocessed() && sends < MAX_SENDS => sends += 1,
            result => break (result, prepare),
        }
    };
    let attempt = match result {
        Ok(response) => {
            recorder.answered(response, authentication.map(|authentication| &*authentication.mask))
        }
        Err(failure) => recorder.unanswered(failure)?,
    };
    let timings = Timings { prepare: Some(prepare), ..attempt.timings };
    // A refused request was not sent, so it has no request headers.
    let request_headers =
        if attempt.outcome == Outcome::Refused { attempt.request_headers } else { recorded };
    let (method, url) = (Some(plan.method.clone()), Some(plan.url.clone()));
    Ok(Attempt { timings, method, url, request_headers, ..attempt })
}
