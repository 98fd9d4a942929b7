//! The Lambda function `console`, behind the HTTP API.

mod settings;

use std::process::ExitCode;

fn main() -> Result<ExitCode, boot::Error> {
    // It starts itself for every expression.
    match expression::work_if_asked() {
        Some(code) => Ok(code),
        None => serve().map(|()| ExitCode::SUCCESS),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn serve() -> Result<(), boot::Error> {
    boot::init_tracing();
    boot::serve(api::with_fallbacks(console::router(settings::context()?))).await
}
