//! The Lambda function of the state `Hydrate`.

use aws_sdk_s3::Client;
use hydrate::{Context, handle};
use store::Claims;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), boot::Error> {
    boot::init_tracing();
    let aws = boot::Aws::from_env()?;
    let ctx = Context { claims: Claims::new(move || Client::new(aws.config()), boot::env("CLAIMS_BUCKET")?) };
    boot::run(async |input| handle(input, &ctx).await).await
}
