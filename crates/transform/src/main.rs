//! The Lambda function of the state `Transform`.

use std::process::ExitCode;

use aws_sdk_dynamodb::Client;
use expression::Sandbox;
use store::{Bodies, Claims, Configs};
use transform::{Context, handle};

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
    let aws: &'static boot::Aws = Box::leak(Box::new(boot::Aws::from_env()?));
    let tables = Client::new(aws.config());
    let ctx = Context {
        configs: Configs::new(tables.clone(), boot::env("CONFIGS_TABLE")?),
        bodies: Bodies::new(tables, boot::env("EVENTS_TABLE")?).kept_for(boot::retention()?),
        claims: Claims::new(|| aws_sdk_s3::Client::new(aws.config()), boot::env("CLAIMS_BUCKET")?),
        sandbox: Sandbox::of_this_program()?,
        keep_bodies: boot::env_flag("KEEP_BODIES"),
        inline_limit: boot::env_number("INLINE_LIMIT", contract::limits::INLINE_BYTES)?,
    };
    boot::run(async |data| handle(data, &ctx).await).await
}
