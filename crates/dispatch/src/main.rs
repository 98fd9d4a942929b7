//! The Lambda function `dispatch`, behind the bus.

use dispatch::{Context, handle};
use store::{Claims, Configs};
use workflow::{AsyncWorkflow, Machines};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), boot::Error> {
    boot::init_tracing();
    let aws: &'static boot::Aws = Box::leak(Box::new(boot::Aws::from_env()?));
    let tables = aws_sdk_dynamodb::Client::new(aws.config());
    let ctx = Context {
        configs: Configs::new(tables, boot::env("CONFIGS_TABLE")?),
        claims: Claims::new(|| aws_sdk_s3::Client::new(aws.config()), boot::env("CLAIMS_BUCKET")?),
        machines: Machines::new(
            || aws_sdk_sfn::Client::new(aws.config()),
            boot::env("EXPRESS_STATE_MACHINE_ARN")?,
            boot::env("STANDARD_STATE_MACHINE_ARN")?,
            AsyncWorkflow::new(boot::env_flag("ASYNC_STANDARD")),
        ),
        inline_limit: boot::env_number("INLINE_LIMIT", contract::limits::INLINE_BYTES)?,
    };
    boot::run(async |event| handle(event, &ctx).await).await
}
