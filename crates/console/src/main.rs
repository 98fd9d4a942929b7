//! The Lambda function `console`, behind the HTTP API.

mod settings;

use std::process::ExitCode;

use hookstep_ambient::Sources;
use hookstep_http_edge::{Transport, finished, log_wrong_tokens, with_client_addresses};
use hookstep_lambda_edge::source_ip;

fn main() -> Result<ExitCode, hookstep_lambda_edge::Error> {
    // The sandbox runs this program again for each expression.
    match hookstep_expression::work_if_asked(Sources::system().random) {
        Some(code) => Ok(code),
        None => serve().map(|()| ExitCode::SUCCESS),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn serve() -> Result<(), hookstep_lambda_edge::Error> {
    hookstep_lambda_edge::init_tracing();
    let router = log_wrong_tokens(hookstep_console::router(settings::context()?));
    let router = with_client_addresses(finished(router, Transport::Tls), source_ip);
    hookstep_lambda_edge::serve(router).await
}
