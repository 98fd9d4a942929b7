//! What the function needs for the delivery queue.

use hookstep_ambient::{OnDemand, env};
use hookstep_deliver::Queue;
use hookstep_executions::{ExecutionClient, ResumeMachine};
use hookstep_lambda_edge::{Aws, Error};
use hookstep_store::Lanes;

/// The queue, from the environment. Its clients are made for the first batch.
pub(crate) fn queue(aws: &'static Aws) -> Result<OnDemand<Queue>, Error> {
    let (events, machine) = (env::required("EVENTS_TABLE")?, env::required("EXPRESS_STATE_MACHINE_ARN")?);
    Ok(OnDemand::new(move || Queue {
        lanes: Lanes::new(aws_sdk_dynamodb::Client::new(aws.config()), events),
        machine: ResumeMachine::new(ExecutionClient::new(|| aws_sdk_sfn::Client::new(aws.config())), machine),
    }))
}
