//! The Lambda function of the states `UpdateStatus`, `RecordMissed`, `EndEvent` and `RecordException`.

use aws_sdk_dynamodb::Client;
use hookstep_ambient::{Sources, env};
use hookstep_contract::HealthRules;
use hookstep_contract::limits::SYNC_BUDGET;
use hookstep_store::{Bodies, Configs, Events, ExpiringBodies, Orgs, WatchList};
use hookstep_update_status::{Context, Looks, SlowLooks, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), hookstep_lambda_edge::Error> {
    hookstep_lambda_edge::init_tracing();
    let client = Client::new(hookstep_lambda_edge::Aws::from_env()?.config());
    let (events, retention) = (env::required("EVENTS_TABLE")?, env::retention()?);
    let ctx = Context {
        bodies: Bodies::new(client.clone(), events.clone()).kept_for(retention),
        expiring: ExpiringBodies::new(client.clone(), events.clone()),
        watch_list: WatchList::new(client.clone(), events.clone()),
        events: Events::new(client.clone(), events).kept_for(retention),
        keep_bodies: env::flag("KEEP_BODIES"),
        orgs: Orgs::new(client.clone(), env::required("CONFIGS_TABLE")?, Sources::system()),
        configs: Configs::new(client, env::required("CONFIGS_TABLE")?),
        publish: env::required("PUBLISH_EVENTS")?.parse()?,
        health_rules: HealthRules::with_days(env::required("DISABLE_AFTER_DAYS")?.parse()?),
        looks: Looks::default(),
        slow_looks: Some(SlowLooks::default()),
        console_url: env::optional("CONSOLE_URL").filter(|url| !url.is_empty()),
        sync_budget: SYNC_BUDGET,
        sources: Sources::system(),
    };
    hookstep_lambda_edge::run(async |input| handle(input, &ctx).await).await
}
