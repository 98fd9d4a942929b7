//! The Lambda function of the state `Deliver`.

use aws_sdk_s3::Client;
use deliver::{Context, handle};
use egress::Policy;
use store::Claims;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), boot::Error> {
    boot::init_tracing();
    let aws = boot::Aws::from_env()?;
    let policy = Policy {
        allow_http_targets: boot::env_flag("ALLOW_HTTP_TARGETS"),
        allow_private_targets: boot::env_flag("ALLOW_PRIVATE_TARGETS"),
    };
    let ctx = Context {
        client: egress::Client::new(policy)?,
        claims: Claims::new(move || Client::new(aws.config()), boot::env("CLAIMS_BUCKET")?),
        sources: boot::sources(),
    };
    boot::run(async |input| handle(input, &ctx).await).await
}
