//! The Lambda edge: the setup that every `main.rs` needs before its handler can run, and nothing more.
//!
//! Every `main.rs` has the same four steps: tracing, settings, clients, run.

mod aws;
mod endpoint_prefix;
mod failure;
mod https;
mod logs;
#[cfg(feature = "otlp")]
mod traces;

use std::net::IpAddr;

use axum::http::Extensions;
use hookstep_contract::{ErrorName, StepError};
use lambda_http::request::RequestContext;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

pub use aws::{Aws, aws};
pub use endpoint_prefix::IgnoreEndpointPrefix;
pub use lambda_runtime::Error;
pub use logs::init_tracing;

use failure::Failure;

/// Runs a step's handler for every invocation, until Lambda stops the environment.
///
/// # Errors
/// If the Runtime API cannot be reached, or the collector of traces is not named as it should be.
pub async fn run<I, O>(handle: impl AsyncFn(I) -> Result<O, StepError>) -> Result<(), Error>
where
    I: DeserializeOwned,
    O: Serialize,
{
    let handle = &handle;
    #[cfg(feature = "otlp")]
    let traces = &traces::Traces::from_env()?;
    // The input is parsed here because the runtime's own error for
    // unreadable input has no name that the state machine knows.
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<Box<RawValue>>| {
        // Boxed: otherwise the compiler computes the layout of
        // everything below, and gives up on the longest future.
        let input = serde_json::from_str(event.payload.get()).map_err(unreadable).map_err(Failure)?;
        let result = Box::pin(handle(input));
        #[cfg(feature = "otlp")]
        let result = traces::step(traces.as_ref(), event.payload.get(), result);
        result.await.map_err(Failure)
    }))
    .await
}

/// The error for an input that the step cannot parse.
fn unreadable(error: serde_json::Error) -> StepError {
    StepError::because(ErrorName::InvalidInput, "the step cannot read its input", error)
}

/// The address of the client of a request, as the HTTP API saw it.
pub fn source_ip(extensions: &Extensions) -> Option<IpAddr> {
    match extensions.get()? {
        RequestContext::ApiGatewayV2(context) => context.http.source_ip.as_deref()?.parse().ok(),
        _ => None,
    }
}

/// Runs a router for every request of an HTTP API, until Lambda stops the environment.
///
/// # Errors
/// If the Runtime API cannot be reached, or the collector of traces is not named as it should be.
pub async fn serve(router: axum::Router) -> Result<(), Error> {
    #[cfg(feature = "otlp")]
    let router = traces::triggers(router)?;
    lambda_http::run(router).await
}
