//! The settings and the clients of the function.

use hookstep_ambient::{Sources, env};
use hookstep_catalogue::Catalogue;
use hookstep_claims::Claims;
use hookstep_contract::MachineKind;
use hookstep_contract::limits::{CONFIG_CACHE, INLINE_BYTES, SYNC_BUDGET, UNKEPT_PUBLICATION};
use hookstep_executions::{DeliveryMachines, ExecutionClient};
use hookstep_store::{
    Bodies, Configs, EventTypes, Events, Idempotency, Orgs, Publications, Tokens, WatchList,
};
use hookstep_trigger::Context;

/// The context of the routes, from the environment.
pub(crate) fn context() -> Result<Context, hookstep_lambda_edge::Error> {
    let aws = hookstep_lambda_edge::aws()?;
    let (tables, table) = (aws_sdk_dynamodb::Client::new(aws.config()), env::required("EVENTS_TABLE")?);
    let configs = env::required("CONFIGS_TABLE")?;
    // The deliveries of a publication share its body, so it is stored even if others are not.
    let kept_for = if env::flag("KEEP_BODIES") { env::retention()? } else { UNKEPT_PUBLICATION };
    let states = ExecutionClient::new(|| {
        let config = aws_sdk_sfn::config::Builder::from(aws.config())
            .interceptor(hookstep_lambda_edge::IgnoreEndpointPrefix);
        aws_sdk_sfn::Client::from_conf(config.build())
    });
    Ok(Context {
        tokens: Tokens::new(tables.clone(), env::required("TOKENS_TABLE")?, Sources::system()),
        orgs: Orgs::new(tables.clone(), &configs, Sources::system()),
        catalogue: Catalogue::new(EventTypes::new(tables.clone(), &configs, Sources::system())),
        configs: Configs::new(tables.clone(), configs).cached(CONFIG_CACHE, Sources::system()),
        events: Events::new(tables.clone(), &table),
        idempotency: Idempotency::new(tables.clone(), &table),
        publications: Publications::new(tables.clone(), &table).kept_for(env::retention()?),
        bodies: Bodies::new(tables.clone(), &table).kept_for(kept_for),
        watch_list: WatchList::new(tables, &table),
        claims: Claims::new(|| aws_sdk_s3::Client::new(aws.config()), env::required("CLAIMS_BUCKET")?),
        machines: DeliveryMachines::new(
            states,
            env::required("EXPRESS_STATE_MACHINE_ARN")?,
            env::required("STANDARD_STATE_MACHINE_ARN")?,
            MachineKind::standard_if(env::flag("ASYNC_STANDARD")),
        ),
        sources: Sources::system(),
        inline_limit: env::number("INLINE_LIMIT", INLINE_BYTES)?,
        sync_budget: SYNC_BUDGET,
    })
}
