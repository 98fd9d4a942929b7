//! The Lambda function that runs every five minutes.

use hookstep_ambient::{Sources, env};
use hookstep_claims::Claims;
use hookstep_contract::MachineKind;
use hookstep_erase::{Context, RUN_LIMIT, SETTLE, Tick, handle};
use hookstep_executions::{DeliveryMachines, ExecutionClient};
use hookstep_schedules::RetrySchedules;
use hookstep_secrets::Connections;
use hookstep_store::{Events, Orgs, Tokens};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), hookstep_lambda_edge::Error> {
    hookstep_lambda_edge::init_tracing();
    let aws = hookstep_lambda_edge::aws()?;
    let (tables, sources) = (aws_sdk_dynamodb::Client::new(aws.config()), Sources::system());
    let machine = env::required("STANDARD_STATE_MACHINE_ARN")?;
    let states = ExecutionClient::new(|| aws_sdk_sfn::Client::new(aws.config()));
    let ctx = Context {
        orgs: Orgs::new(tables.clone(), env::required("CONFIGS_TABLE")?, sources),
        tokens: Tokens::new(tables.clone(), env::required("TOKENS_TABLE")?, sources),
        events: Events::new(tables, env::required("EVENTS_TABLE")?),
        claims: Claims::new(|| aws_sdk_s3::Client::new(aws.config()), env::required("CLAIMS_BUCKET")?),
        connections: Connections::new(|| aws_sdk_eventbridge::Client::new(aws.config())),
        schedules: RetrySchedules::new(
            || aws_sdk_scheduler::Client::new(aws.config()),
            env::required("RETRY_SCHEDULE_GROUP")?,
        ),
        // It only stops executions, and only standard ones can be stopped.
        machines: DeliveryMachines::new(states, machine.clone(), machine, MachineKind::Standard),
        settle: SETTLE,
        run_limit: RUN_LIMIT,
        sources,
    };
    hookstep_lambda_edge::run(async |tick: Tick| handle(tick, &ctx).await).await
}
