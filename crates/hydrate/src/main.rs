//! The Lambda function of the state `Hydrate`.

use aws_sdk_s3::Client;
use hookstep_ambient::env;
use hookstep_claims::Claims;
use hookstep_hydrate::{Context, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), hookstep_lambda_edge::Error> {
    hookstep_lambda_edge::init_tracing();
    let aws = hookstep_lambda_edge::Aws::from_env()?;
    let ctx =
        Context { claims: Claims::new(move || Client::new(aws.config()), env::required("CLAIMS_BUCKET")?) };
    hookstep_lambda_edge::run(async |input| handle(input, &ctx).await).await
}
