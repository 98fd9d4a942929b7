//! The Lambda function of the states `Replay` and `StopReplay`.

use hookstep_ambient::{Sources, env};
use hookstep_contract::MachineKind;
use hookstep_executions::{DeliveryMachines, ExecutionClient};
use hookstep_replay::{Context, handle};
use hookstep_store::{Bodies, Events, Replays};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), hookstep_lambda_edge::Error> {
    hookstep_lambda_edge::init_tracing();
    let aws = hookstep_lambda_edge::aws()?;
    let (tables, table) = (aws_sdk_dynamodb::Client::new(aws.config()), env::required("EVENTS_TABLE")?);
    let ctx = Context {
        events: Events::new(tables.clone(), &table).kept_for(env::retention()?),
        bodies: Bodies::new(tables.clone(), &table),
        replays: Replays::new(tables, &table).kept_for(env::retention()?),
        machines: DeliveryMachines::new(
            ExecutionClient::new(|| aws_sdk_sfn::Client::new(aws.config())),
            env::required("EXPRESS_STATE_MACHINE_ARN")?,
            env::required("STANDARD_STATE_MACHINE_ARN")?,
            MachineKind::standard_if(env::flag("ASYNC_STANDARD")),
        ),
        sources: Sources::system(),
    };
    hookstep_lambda_edge::run(async |input| handle(input, &ctx).await).await
}
