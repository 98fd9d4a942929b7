//! The Lambda function that takes messages from the queue of lanes.

use hookstep_ambient::{OnDemand, env};
use hookstep_executions::{ExecutionClient, ResumeMachine};
use hookstep_lanes::{Batch, Context, Queue, handle};
use hookstep_store::Configs;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), hookstep_lambda_edge::Error> {
    hookstep_lambda_edge::init_tracing();
    let aws = hookstep_lambda_edge::aws()?;
    let states = ExecutionClient::new(|| aws_sdk_sfn::Client::new(aws.config()));
    let ctx = Context {
        configs: Configs::new(aws_sdk_dynamodb::Client::new(aws.config()), env::required("CONFIGS_TABLE")?),
        machine: ResumeMachine::new(states, env::required("EXPRESS_STATE_MACHINE_ARN")?),
        queue: Queue::new(
            OnDemand::new(|| aws_sdk_sqs::Client::new(aws.config())),
            env::required("LANE_QUEUE_URL")?,
        ),
    };
    hookstep_lambda_edge::run(async |batch: Batch| handle(batch, &ctx).await).await
}
