//! The product's routes.

use axum::Router;
use hookstep_aws_local::{Bucket, Bus};

use crate::{Clients, OpenError, Options, contexts};

/// All routes: the API, the console, presigned uploads and downloads, and the AWS-compatible endpoint.
pub(crate) fn router(
    options: &Options,
    clients: &Clients,
    bucket: &Bucket,
    bus: Bus,
) -> Result<Router, OpenError> {
    let credentials = hookstep_aws_local::aws_credentials(&options.data_dir, &options.sources)?;
    let aws = hookstep_aws_local::endpoint(bus, credentials, options.sources);
    let console = hookstep_console::router(contexts::console(options, clients));
    let trigger = hookstep_trigger::router(contexts::trigger(options, clients));
    Ok(hookstep_http_edge::with_fallbacks(console.merge(trigger).merge(bucket.presigned()).merge(aws)))
}
