//! The Lambda function `console`, behind the HTTP API.

mod settings;

use std::process::ExitCode;

fn main() -> Result<ExitCode, boot::Error> {
    expression::work_or(serve)
}

#[tokio::main(flavor = "current_thread")]
async fn serve() -> Result<(), boot::Error> {
    boot::init_tracing();
    boot::serve(api::with_fallbacks(console::router(settings::context()?))).await
}
