//! The Lambda function of the states `UpdateStatus` and `RecordException`.

use aws_sdk_dynamodb::Client;
use store::{Configs, Events};
use update_status::{Context, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), boot::Error> {
    boot::init_tracing();
    let client = Client::new(boot::Aws::from_env()?.config());
    let ctx = Context {
        events: Events::new(client.clone(), boot::env("EVENTS_TABLE")?).kept_for(boot::retention()?),
        configs: Configs::new(client, boot::env("CONFIGS_TABLE")?),
        publish: boot::env("PUBLISH_EVENTS")?.parse()?,
        sources: boot::sources(),
    };
    boot::run(async |input| handle(input, &ctx).await).await
}
