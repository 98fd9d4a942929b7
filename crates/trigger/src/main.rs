//! The Lambda function `trigger`, behind the HTTP API.

use store::{Claims, Configs, Idempotency, Tokens};
use trigger::{Context, router};
use workflow::{AsyncWorkflow, Machines};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), boot::Error> {
    boot::init_tracing();
    let aws: &'static boot::Aws = Box::leak(Box::new(boot::Aws::from_env()?));
    let tables = aws_sdk_dynamodb::Client::new(aws.config());
    let machines = || {
        let config = aws_sdk_sfn::config::Builder::from(aws.config()).interceptor(boot::OneHost);
        aws_sdk_sfn::Client::from_conf(config.build())
    };
    let ctx = Context {
        tokens: Tokens::new(tables.clone(), boot::env("TOKENS_TABLE")?, boot::sources()),
        configs: Configs::new(tables.clone(), boot::env("CONFIGS_TABLE")?),
        idempotency: Idempotency::new(tables, boot::env("EVENTS_TABLE")?),
        claims: Claims::new(|| aws_sdk_s3::Client::new(aws.config()), boot::env("CLAIMS_BUCKET")?),
        machines: Machines::new(
            machines,
            boot::env("EXPRESS_STATE_MACHINE_ARN")?,
            boot::env("STANDARD_STATE_MACHINE_ARN")?,
            AsyncWorkflow::new(boot::env_flag("ASYNC_STANDARD")),
        ),
        sources: boot::sources(),
        inline_limit: boot::env_number("INLINE_LIMIT", contract::limits::INLINE_BYTES)?,
    };
    boot::serve(api::with_fallbacks(router(ctx))).await
}
