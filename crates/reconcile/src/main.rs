//! The Lambda function that runs every five minutes.

use hookstep_ambient::{Sources, env};
use hookstep_contract::MachineKind;
use hookstep_contract::limits::OVERDUE_AFTER;
use hookstep_executions::{DeliveryMachines, ExecutionClient, ResumeMachine};
use hookstep_reconcile::{Context, RUN_LIMIT, Tick, handle};
use hookstep_store::{Bodies, Configs, Events, Lanes, Publications, WatchList};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), hookstep_lambda_edge::Error> {
    hookstep_lambda_edge::init_tracing();
    let aws = hookstep_lambda_edge::aws()?;
    let (tables, table) = (aws_sdk_dynamodb::Client::new(aws.config()), env::required("EVENTS_TABLE")?);
    let states = ExecutionClient::new(|| aws_sdk_sfn::Client::new(aws.config()));
    let express = env::required("EXPRESS_STATE_MACHINE_ARN")?;
    let ctx = Context {
        events: Events::new(tables.clone(), &table).kept_for(env::retention()?),
        configs: Configs::new(tables.clone(), env::required("CONFIGS_TABLE")?),
        bodies: Bodies::new(tables.clone(), &table),
        lanes: Lanes::new(tables.clone(), &table),
        publications: Publications::new(tables.clone(), &table).kept_for(env::retention()?),
        watch_list: WatchList::new(tables, &table),
        machines: DeliveryMachines::new(
            states.clone(),
            &express,
            env::required("STANDARD_STATE_MACHINE_ARN")?,
            MachineKind::standard_if(env::flag("ASYNC_STANDARD")),
        ),
        machine: ResumeMachine::new(states, express),
        overdue_after: OVERDUE_AFTER,
        run_limit: RUN_LIMIT,
        sources: Sources::system(),
    };
    hookstep_lambda_edge::run(async |tick: Tick| handle(tick, &ctx).await).await
}
