//! The Lambda function of the state `Transform`.

use std::process::ExitCode;

use aws_sdk_dynamodb::Client;
use hookstep_ambient::{Sources, env};
use hookstep_claims::Claims;
use hookstep_expression::Sandbox;
use hookstep_store::{Bodies, Configs};
use hookstep_transform::{Context, handle};

fn main() -> Result<ExitCode, hookstep_lambda_edge::Error> {
    // For every expression, this program starts itself as a separate process.
    match hookstep_expression::work_if_asked(Sources::system().random) {
        Some(code) => Ok(code),
        None => serve().map(|()| ExitCode::SUCCESS),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn serve() -> Result<(), hookstep_lambda_edge::Error> {
    hookstep_lambda_edge::init_tracing();
    let aws = hookstep_lambda_edge::aws()?;
    let tables = Client::new(aws.config());
    let ctx = Context {
        configs: Configs::new(tables.clone(), env::required("CONFIGS_TABLE")?),
        bodies: Bodies::new(tables, env::required("EVENTS_TABLE")?).kept_for(env::retention()?),
        claims: Claims::new(|| aws_sdk_s3::Client::new(aws.config()), env::required("CLAIMS_BUCKET")?),
        sandbox: Sandbox::of_this_program()?,
        keep_bodies: env::flag("KEEP_BODIES"),
        inline_limit: env::number("INLINE_LIMIT", hookstep_contract::limits::INLINE_BYTES)?,
    };
    hookstep_lambda_edge::run(async |data| handle(data, &ctx).await).await
}
