//! The Lambda function that takes messages from the queue of lanes.

use hookstep_ambient::{Sources, env};
use hookstep_contract::Batch;
use hookstep_executions::{ExecutionClient, ResumeMachine};
use hookstep_lanes::{Context, handle};
use hookstep_queues::ReceivedMessages;
use hookstep_store::Configs;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), hookstep_lambda_edge::Error> {
    hookstep_lambda_edge::init_tracing();
    let aws = hookstep_lambda_edge::aws()?;
    let states = ExecutionClient::new(|| {
        let config = aws_sdk_sfn::config::Builder::from(aws.config())
            .interceptor(hookstep_lambda_edge::IgnoreEndpointPrefix);
        aws_sdk_sfn::Client::from_conf(config.build())
    });
    let ctx = Context {
        configs: Configs::new(aws_sdk_dynamodb::Client::new(aws.config()), env::required("CONFIGS_TABLE")?),
        machine: ResumeMachine::new(states, env::required("EXPRESS_STATE_MACHINE_ARN")?),
        queue: ReceivedMessages::new(
            || aws_sdk_sqs::Client::new(aws.config()),
            env::required("LANE_QUEUE_URL")?,
        ),
        sources: Sources::system(),
    };
    hookstep_lambda_edge::run(async |batch: Batch| handle(batch, &ctx).await).await
}
