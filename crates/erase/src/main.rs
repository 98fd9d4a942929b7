//! The Lambda function that runs every five minutes.

mod settings;

use hookstep_erase::{Tick, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), hookstep_lambda_edge::Error> {
    hookstep_lambda_edge::init_tracing();
    let ctx = settings::context()?;
    hookstep_lambda_edge::run(async |tick: Tick| handle(tick, &ctx).await).await
}
