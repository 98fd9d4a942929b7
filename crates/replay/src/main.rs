//! The Lambda function of the states `Replay` and `StopReplay`.

use replay::{Context, handle};
use store::{Bodies, Events, Replays};
use workflow::{AsyncWorkflow, Machines};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), boot::Error> {
    boot::init_tracing();
    let aws: &'static boot::Aws = Box::leak(Box::new(boot::Aws::from_env()?));
    let (tables, table) = (aws_sdk_dynamodb::Client::new(aws.config()), boot::env("EVENTS_TABLE")?);
    let ctx = Context {
        events: Events::new(tables.clone(), &table),
        bodies: Bodies::new(tables.clone(), &table),
        replays: Replays::new(tables, &table).kept_for(boot::retention()?),
        machines: Machines::new(
            || aws_sdk_sfn::Client::new(aws.config()),
            boot::env("EXPRESS_STATE_MACHINE_ARN")?,
            boot::env("STANDARD_STATE_MACHINE_ARN")?,
            AsyncWorkflow::new(boot::env_flag("ASYNC_STANDARD")),
        ),
        sources: boot::sources(),
    };
    boot::run(async |input| handle(input, &ctx).await).await
}
