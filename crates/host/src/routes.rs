//! The product's routes.

use axum::Router;
use hookstep_aws_local::{Bucket, Bus, Queue, States};
use hookstep_http_edge::{Transport, finished};
use hookstep_management::Readiness;

use crate::metrics::Reader;
use crate::{Clients, OpenError, Options, contexts, observed, traced};

/// All routes: the API, the console, presigned uploads and downloads, and the AWS-compatible endpoint.
pub(crate) fn router(
    options: &Options,
    clients: &Clients,
    bucket: &Bucket,
    (bus, states, lost): (Bus, States, Queue),
    (readiness, reader): (Readiness, &Reader),
) -> Result<Router, OpenError> {
    let credentials = hookstep_aws_local::aws_credentials(&options.data_dir, &options.sources)?;
    let aws = hookstep_aws_local::endpoint(bus, states, lost, credentials, options.sources);
    let console = hookstep_console::router(contexts::console(options, clients, readiness));
    let trigger = hookstep_trigger::router(contexts::trigger(options, clients));
    let trigger = observed::triggers(trigger, reader.metrics());
    let trigger = match &options.spans {
        Some(spans) => traced::triggers(trigger, spans, options.sources),
        None => trigger,
    };
    let metrics = options.metrics.token_hash.as_ref().map(|hash| reader.clone().behind(hash));
    let transport = Transport::of_url(&options.public_url);
    Ok(finished(
        console.merge(trigger).merge(bucket.presigned()).merge(aws).merge(metrics.unwrap_or_default()),
        transport,
    ))
}
