//! The Lambda function `trigger`, behind the HTTP API.

mod settings;

use hookstep_http_edge::{Transport, finished, log_wrong_tokens};
use hookstep_trigger::router;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), hookstep_lambda_edge::Error> {
    hookstep_lambda_edge::init_tracing();
    let router = log_wrong_tokens(router(settings::context()?));
    hookstep_lambda_edge::serve(finished(router, Transport::Tls)).await
}
