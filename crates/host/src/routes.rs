//! The product's routes.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use hookstep_aws_local::{Bucket, Bus, Queue, States};
use hookstep_http_edge::{Problem, Transport, finished};
use hookstep_management::Readiness;
use hookstep_storage::Storage;

use crate::metrics::Reader;
use crate::{Clients, OpenError, Options, contexts, observed};

/// All routes: the API, the console, presigned uploads and downloads, and the AWS-compatible endpoint.
pub(crate) fn router(
    options: &Options,
    clients: &Clients,
    bucket: &Bucket,
    (bus, states, lost): (Bus, States, Queue),
    (readiness, reader, storage): (Readiness, &Reader, &Storage),
) -> Result<Router, OpenError> {
    let credentials = hookstep_aws_local::aws_credentials(&options.data_dir, &options.sources)?;
    let aws = hookstep_aws_local::endpoint(bus, states, lost, credentials, options.sources);
    let console = hookstep_console::router(contexts::console(options, clients, readiness));
    let trigger = hookstep_trigger::router(contexts::trigger(options, clients));
    let trigger = trigger.route_layer(middleware::from_fn_with_state(storage.clone(), with_room));
    let trigger = observed::triggers(trigger, reader.metrics());
    let trigger = match &options.spans {
        Some(spans) => hookstep_otlp::triggers(trigger, spans, options.sources),
        None => trigger,
    };
    let metrics = options.metrics.token_hash.as_ref().map(|hash| reader.clone().behind(hash));
    let transport = Transport::of_url(&options.public_url);
    Ok(finished(
        console.merge(trigger).merge(bucket.presigned()).merge(aws).merge(metrics.unwrap_or_default()),
        transport,
    ))
}

/// Answers 503 while there is no room for a new event, before anything of it is written.
async fn with_room(State(storage): State<Storage>, request: Request, next: Next) -> Response {
    if storage.takes_new_work() { next.run(request).await } else { Problem::no_room().into_response() }
}
