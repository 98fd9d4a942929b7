//! The Lambda function of the state `FetchConfig`.

use aws_sdk_dynamodb::Client;
use hookstep_ambient::{Sources, env};
use hookstep_catalogue::Catalogue;
use hookstep_contract::limits::CONFIG_CACHE;
use hookstep_fetch_config::{Context, Watch, handle};
use hookstep_store::{Bodies, Configs, EventTypes, Events, ExpiringBodies, Orgs, WatchList};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), hookstep_lambda_edge::Error> {
    hookstep_lambda_edge::init_tracing();
    let aws = hookstep_lambda_edge::Aws::from_env()?;
    let (tables, retention) = (Client::new(aws.config()), env::retention()?);
    let ctx = Context {
        orgs: Orgs::new(tables.clone(), env::required("CONFIGS_TABLE")?, Sources::system()),
        configs: Configs::new(tables.clone(), env::required("CONFIGS_TABLE")?)
            .cached(CONFIG_CACHE, Sources::system()),
        events: Events::new(tables.clone(), env::required("EVENTS_TABLE")?),
        watch: Watch::new(WatchList::new(tables.clone(), env::required("EVENTS_TABLE")?), Sources::system()),
        expiring: ExpiringBodies::new(tables.clone(), env::required("EVENTS_TABLE")?),
        catalogue: Catalogue::new(EventTypes::new(
            tables.clone(),
            env::required("CONFIGS_TABLE")?,
            Sources::system(),
        )),
        bodies: Bodies::new(tables, env::required("EVENTS_TABLE")?).kept_for(retention),
        keep_bodies: env::flag("KEEP_BODIES"),
        has_delivery_queue: true,
        retention,
    };
    hookstep_lambda_edge::run(async |input| handle(input, &ctx).await).await
}
