//! The state machines' Lambda functions, called as ordinary functions.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hookstep_asl::{Json, TaskError};
use hookstep_contract::{ErrorName, StepError, error_chain};
use hookstep_engine::Functions;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::shares::Receivers;

/// The state machines' functions, each with the placeholder for its ARN in the definitions.
pub const STEPS: [(&str, &str); 6] = [
    ("FetchConfigFunctionArn", "fetch-config"),
    ("TransformFunctionArn", "transform"),
    ("HydrateFunctionArn", "hydrate"),
    ("DeliverFunctionArn", "deliver"),
    ("UpdateStatusFunctionArn", "update-status"),
    ("ReplayFunctionArn", "replay"),
];

/// The prefix of function ARNs on this host, with its account and region.
const ARN_PREFIX: &str = "arn:aws:lambda:local:000000000000:function:";

/// The step functions, each with its context.
#[derive(Debug)]
pub(crate) struct StepFunctions {
    pub(crate) fetch_config: hookstep_fetch_config::Context,
    pub(crate) transform: hookstep_transform::Context,
    pub(crate) hydrate: hookstep_hydrate::Context,
    pub(crate) deliver: hookstep_deliver::Context,
    /// The addresses that are called.
    pub(crate) receivers: Receivers,
    pub(crate) update_status: hookstep_update_status::Context,
    pub(crate) replay: hookstep_replay::Context,
}

impl StepFunctions {
    /// The definitions' placeholders for functions, with their ARNs.
    pub(crate) fn placeholders() -> impl Iterator<Item = (String, String)> {
        STEPS.into_iter().map(|(placeholder, name)| (placeholder.to_owned(), format!("{ARN_PREFIX}{name}")))
    }

    /// Calls a function. Each future of a function is in a box of its own, so that the smallest call does not move as many
    /// bytes as the largest.
    async fn call(&self, arn: &str, payload: Json) -> Result<Json, TaskError> {
        match arn.strip_prefix(ARN_PREFIX) {
            Some("fetch-config") => {
                step(payload, async |input| {
                    Box::pin(hookstep_fetch_config::handle(input, &self.fetch_config)).await
                })
                .await
            }
            Some("transform") => {
                step(payload, async |input| {
                    Box::pin(hookstep_transform::handle(input, &self.transform)).await
                })
                .await
            }
            Some("hydrate") => {
                step(payload, async |input| Box::pin(hookstep_hydrate::handle(input, &self.hydrate)).await)
                    .await
            }
            Some("deliver") => {
                self.receivers.note(&payload);
                step(payload, async |input| Box::pin(hookstep_deliver::handle(input, &self.deliver)).await)
                    .await
            }
            Some("update-status") => {
                step(payload, async |input| {
                    Box::pin(hookstep_update_status::handle(input, &self.update_status)).await
                })
                .await
            }
            Some("replay") => {
                step(payload, async |input| Box::pin(hookstep_replay::handle(input, &self.replay)).await)
                    .await
            }
            _ => Err(TaskError {
                error: "Lambda.ResourceNotFoundException".to_owned(),
                cause: format!("there is no function {arn}"),
            }),
        }
    }
}

impl Functions for StepFunctions {
    fn invoke<'a>(&'a self, arn: &'a str, payload: Json) -> BoxFuture<'a, Result<Json, TaskError>> {
        // As on Lambda, a panic ends only this invocation.
        let invocation = AssertUnwindSafe(self.call(arn, payload)).catch_unwind();
        invocation
            .map(|ended| {
                let panicked = |_| TaskError::new("Lambda.Unknown", "the function panicked");
                ended.map_err(panicked).flatten()
            })
            .boxed()
    }
}

async fn step<I, O>(
    payload: Json,
    handle: impl AsyncFnOnce(I) -> Result<O, StepError>,
) -> Result<Json, TaskError>
where
    I: DeserializeOwned,
    O: Serialize,
{
    let unreadable = |what, error| StepError::because(ErrorName::InvalidInput, what, error);
    let input = payload.decode().map_err(|error| unreadable("the step cannot read its input", error));
    let output = match input {
        Ok(input) => handle(input).await,
        Err(error) => Err(error),
    };
    output
        .and_then(|output| {
            Json::encode(&output).map_err(|error| unreadable("the step cannot write its output", error))
        })
        .map_err(|error| {
            let name = error.name.as_str();
            tracing::error!(error.name = name, error.chain = error_chain(&error), "the step failed");
            TaskError { error: name.to_owned(), cause: error.message }
        })
}
