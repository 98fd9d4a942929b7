//! The Lambda function of the states `UpdateStatus` and `RecordException`.

use aws_sdk_dynamodb::Client;
use hookstep_ambient::{Sources, env};
use hookstep_contract::limits::SYNC_BUDGET;
use hookstep_store::{Configs, Events};
use hookstep_update_status::{Context, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), hookstep_lambda_edge::Error> {
    hookstep_lambda_edge::init_tracing();
    let client = Client::new(hookstep_lambda_edge::Aws::from_env()?.config());
    let ctx = Context {
        events: Events::new(client.clone(), env::required("EVENTS_TABLE")?).kept_for(env::retention()?),
        configs: Configs::new(client, env::required("CONFIGS_TABLE")?),
        publish: env::required("PUBLISH_EVENTS")?.parse()?,
        sync_budget: SYNC_BUDGET,
        sources: Sources::system(),
    };
    hookstep_lambda_edge::run(async |input| handle(input, &ctx).await).await
}
