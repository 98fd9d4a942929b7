//! The Lambda function `dispatch`, behind the bus.

use hookstep_ambient::{Sources, env};
use hookstep_catalogue::Catalogue;
use hookstep_claims::Claims;
use hookstep_contract::MachineKind;
use hookstep_contract::limits::{CONFIG_CACHE, INLINE_BYTES};
use hookstep_dispatch::{Context, handle};
use hookstep_executions::{DeliveryMachines, ExecutionClient};
use hookstep_store::{Configs, EventTypes};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), hookstep_lambda_edge::Error> {
    hookstep_lambda_edge::init_tracing();
    let aws = hookstep_lambda_edge::aws()?;
    let tables = aws_sdk_dynamodb::Client::new(aws.config());
    let configs = env::required("CONFIGS_TABLE")?;
    let ctx = Context {
        catalogue: Catalogue::new(EventTypes::new(tables.clone(), &configs, Sources::system())),
        configs: Configs::new(tables, configs).cached(CONFIG_CACHE, Sources::system()),
        claims: Claims::new(|| aws_sdk_s3::Client::new(aws.config()), env::required("CLAIMS_BUCKET")?),
        machines: DeliveryMachines::new(
            ExecutionClient::new(|| aws_sdk_sfn::Client::new(aws.config())),
            env::required("EXPRESS_STATE_MACHINE_ARN")?,
            env::required("STANDARD_STATE_MACHINE_ARN")?,
            MachineKind::standard_if(env::flag("ASYNC_STANDARD")),
        ),
        inline_limit: env::number("INLINE_LIMIT", INLINE_BYTES)?,
    };
    hookstep_lambda_edge::run(async |event| handle(event, &ctx).await).await
}
