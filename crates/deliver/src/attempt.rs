//! One attempt, from its start to its end.

use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_contract::limits::{MAX_TIMEOUT_SECS, RESPONSE_BODY_BYTES, RESPONSE_HEADER_BYTES};
use hookstep_contract::{Attempt, DeliverInput, ErrorName, Outcome, RequestPlan, StepError, Timestamp};
use hookstep_egress::{Body, Client, Keep, Request};
use http::Method;
use tokio::time::Instant;

use crate::authentication::Authentication;
use crate::headers::Headers;
use crate::keyring::Ring;
use crate::oauth::Failure;
use crate::payload::Source;
use crate::{Context, signature};

/// What a receiver answers to a token that it does not take (any more).
const UNAUTHORIZED: Option<u16> = Some(401);

/// How much of an answer is kept.
const KEEP: Keep = Keep { header_bytes: RESPONSE_HEADER_BYTES, body_bytes: RESPONSE_BODY_BYTES };

/// Why nothing was sent.
#[derive(Debug)]
pub(crate) enum Unsent {
    /// The attempt has failed.
    Failed { outcome: Outcome, reason: String, transient: bool },
    /// The fault is ours.
    Broken(StepError),
}

impl Unsent {
    pub(crate) fn failed(outcome: Outcome, reason: impl Into<String>) -> Self {
        Self::Failed { outcome, reason: reason.into(), transient: false }
    }
}

impl From<StepError> for Unsent {
    fn from(error: StepError) -> Self {
        Self::Broken(error)
    }
}

impl From<Failure> for Unsent {
    fn from(Failure { reason, transient, .. }: Failure) -> Self {
        Self::Failed { outcome: Outcome::FailedAuth, reason, transient }
    }
}

/// An attempt that has begun.
pub(crate) struct Draft {
    pub(crate) number: u32,
    pub(crate) started_at: Timestamp,
    pub(crate) start: Instant,
    /// How long it may take in all.
    pub(crate) timeout: Duration,
    pub(crate) sources: Sources,
}

/// Makes an attempt.
pub(crate) async fn make(input: DeliverInput, ctx: &Context) -> Result<Attempt, StepError> {
    let draft = Draft::start(input.number, &input.request, ctx.sources);
    let result = draft.run(input, ctx).await;
    draft.end(result)
}

impl Draft {
    pub(crate) fn start(number: u32, plan: &RequestPlan, sources: Sources) -> Self {
        let timeout = Duration::from_secs(plan.timeout_seconds.min(MAX_TIMEOUT_SECS).into());
        Self { number, started_at: sources.now(), start: Instant::now(), timeout, sources }
    }

    /// When its time is up.
    pub(crate) fn deadline(&self) -> Instant {
        self.start + self.timeout
    }

    /// The attempt, whether anything was sent or not.
    pub(crate) fn end(&self, result: Result<Attempt, Unsent>) -> Result<Attempt, StepError> {
        result.or_else(|unsent| match unsent {
            Unsent::Failed { outcome, reason, transient } => {
                Ok(Attempt { error: Some(reason), transient, ..self.record(outcome) })
            }
            Unsent::Broken(error) => Err(error),
        })
    }

    async fn run(&self, input: DeliverInput, ctx: &Context) -> Result<Attempt, Unsent> {
        let DeliverInput { event, request: plan, payload, .. } = input;
        let source = Source::new(payload)?;
        // The plan of an event that is sent again may be days old: what the owner has mended or deleted since must show.
        let fresh = self.number > 1;
        let ring = ctx.keyring.ring(&event.org_id, event.config_id, plan.revision, fresh).await?;
        let ring = ring.ok_or_else(|| Unsent::failed(Outcome::Refused, "the webhook was deleted"))?;
        // Before anybody is asked for a token and a large body is read. (The client checks the URL, and its address, again.)
        let policy = ring.client.policy();
        let refused = |reason: String| Unsent::failed(Outcome::Refused, reason);
        policy.check_headers(&plan.headers).map_err(|refusal| refused(refusal.to_string()))?;
        policy.check_url(&plan.url).map_err(|refusal| refused(refusal.to_string()))?;
        let authentication = self.authenticate(&ring, None, ctx).await?;
        let signature = signature::of(&source, &event, &ring, self, &ctx.claims).await?;
        let headers = Headers::new(&event, &plan.headers, signature, self.started_at);
        let body = source.body(&ctx.claims).await?;
        let attempt = self.send(&plan, body, &headers, authentication.as_ref(), &ring.client).await?;
        let Some(refused) =
            authentication.filter(|_| attempt.status_code == UNAUTHORIZED && ring.is_renewable())
        else {
            return Ok(attempt);
        };
        // Once more with another token, if there is one: the receiver said that it took nothing.
        match self.authenticate(&ring, Some(&refused.value), ctx).await {
            Ok(renewed) if renewed.as_ref().is_some_and(|renewed| renewed.value != refused.value) => {
                let body = source.body(&ctx.claims).await?;
                self.send(&plan, body, &headers, renewed.as_ref(), &ring.client).await
            }
            _ => Ok(attempt),
        }
    }

    /// The header that says who we are: another than the `refused` one.
    async fn authenticate(
        &self,
        ring: &Ring,
        refused: Option<&str>,
        ctx: &Context,
    ) -> Result<Option<Authentication>, Unsent> {
        let (tokens, client) = (&ctx.keyring.tokens, ctx.keyring.client());
        match &ring.credentials {
            Ok(None) => Ok(None),
            Ok(Some(credentials)) => {
                Ok(Some(credentials.header(tokens, refused, client, self.deadline()).await?))
            }
            Err(reason) => Err(Unsent::failed(Outcome::FailedAuth, reason)),
        }
    }

    /// Sends, once, and records what became of it.
    pub(crate) async fn send(
        &self,
        plan: &RequestPlan,
        body: Body,
        headers: &Headers,
        authentication: Option<&Authentication>,
        client: &Client,
    ) -> Result<Attempt, Unsent> {
        let method = Method::from_bytes(plan.method.as_bytes()).map_err(|source| {
            StepError::because(ErrorName::InvalidInput, "the method is not an HTTP method", source)
        })?;
        let (sent, recorded) = headers.with(authentication, body.length());
        let deadline = self.deadline().saturating_duration_since(Instant::now());
        let request = Request { method, url: plan.url.clone(), headers: sent, body, deadline, keep: KEEP };
        let attempt = match client.send(request).await {
            Ok(response) => {
                self.answered(response, authentication.map(|authentication| &authentication.mask))
            }
            Err(failure) => self.unanswered(failure)?,
        };
        // What was refused was not sent.
        let refused = attempt.outcome == Outcome::Refused;
        Ok(if refused { attempt } else { Attempt { request_headers: recorded, ..attempt } })
    }
}
