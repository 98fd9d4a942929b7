//! The Lambda function of the state `FetchConfig`.

use aws_sdk_dynamodb::Client;
use fetch_config::{Context, handle};
use store::{Bodies, Configs};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), boot::Error> {
    boot::init_tracing();
    let aws = boot::Aws::from_env()?;
    let (tables, retention) = (Client::new(aws.config()), boot::retention()?);
    let ctx = Context {
        configs: Configs::new(tables.clone(), boot::env("CONFIGS_TABLE")?),
        bodies: Bodies::new(tables, boot::env("EVENTS_TABLE")?).kept_for(retention),
        keep_bodies: boot::env_flag("KEEP_BODIES"),
        retention,
    };
    boot::run(async |input| handle(input, &ctx).await).await
}
