//! One delivery that an event on the bus asks for.

use bytes::Bytes;
use hookstep_contract::{
    Claim, ErrorName, EventMetadata, Reason, ReasonCode, Source, StepError, WorkflowInput,
};

use crate::Context;

/// A delivery that is not started yet.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) metadata: EventMetadata,
    pub(crate) body: Body,
}

/// What an event on the bus has as the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// The body itself.
    Bytes(Bytes),
    /// The key of an upload. `Hydrate` checks whose it is.
    Uploaded(String),
    /// Nothing.
    Missing,
    /// What the schema of its event type refuses, for this reason.
    Refused(String),
}

impl Delivery {
    /// Starts the execution, with a claim check in place of a large body.
    pub(crate) async fn start(self, ctx: &Context) -> Result<(), StepError> {
        let Self { metadata, body } = self;
        let payload = match body {
            Body::Bytes(body) => {
                let key = Claim::key_for(&metadata.org_id, metadata.config_id, metadata.event_id);
                ctx.claims.source(&key, body, ctx.inline_limit).await?
            }
            Body::Uploaded(key) => Source::Claim(Claim::named(key)),
            Body::Refused(reason) => Source::Unusable(Reason::new(ReasonCode::SchemaMismatch, reason)),
            Body::Missing => Source::Unusable(Reason::new(
                ReasonCode::BodyMissing,
                "the event has neither a payload nor a claim_check",
            )),
        };
        let started = ctx.machines.start(&WorkflowInput { event: metadata, payload }).await;
        started.map_err(|error| {
            StepError::because(ErrorName::WorkflowUnavailable, "a delivery could not be started", error)
        })
    }
}
