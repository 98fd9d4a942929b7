//! The Lambda function of the state `FetchConfig`.

use aws_sdk_dynamodb::Client;
use fetch_config::{Context, handle};
use store::Configs;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), boot::Error> {
    boot::init_tracing();
    let aws = boot::Aws::from_env()?;
    let ctx = Context {
        configs: Configs::new(Client::new(aws.config()), boot::env("CONFIGS_TABLE")?),
        retention: boot::retention()?,
    };
    boot::run(async |input| handle(input, &ctx).await).await
}
