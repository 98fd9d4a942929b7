//! The Lambda function of the states `Deliver` and `TestAuth`, and of the delivery queue.

mod settings;

use hookstep_ambient::{OnDemand, Sources, env};
use hookstep_claims::Claims;
use hookstep_deliver::{Answer, Context, Invocation, Keyring, handle, take};
use hookstep_egress::Policy;
use hookstep_secrets::{Connections, Keys, Vault};
use hookstep_store::{Bodies, Configs};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), hookstep_lambda_edge::Error> {
    hookstep_lambda_edge::init_tracing();
    let aws = hookstep_lambda_edge::aws()?;
    let policy = Policy {
        allow_http_targets: env::flag("ALLOW_HTTP_TARGETS"),
        allow_private_targets: env::flag("ALLOW_PRIVATE_TARGETS"),
    };
    let table = env::required("CONFIGS_TABLE")?;
    let connections = Connections::new(|| aws_sdk_eventbridge::Client::new(aws.config()));
    let keyring = Keyring::new(
        move || Configs::new(aws_sdk_dynamodb::Client::new(aws.config()), table),
        Keys::new(|| aws_sdk_kms::Client::new(aws.config()), env::required("KEY_ID")?),
        Vault::new(|| aws_sdk_secretsmanager::Client::new(aws.config()), connections),
        hookstep_egress::Client::new(policy)?,
    );
    let claims = Claims::new(|| aws_sdk_s3::Client::new(aws.config()), env::required("CLAIMS_BUCKET")?);
    let events = env::required("EVENTS_TABLE")?;
    let bodies = OnDemand::new(|| Bodies::new(aws_sdk_dynamodb::Client::new(aws.config()), events));
    let queue = settings::queue(aws)?;
    let ctx = Context { keyring, bodies, claims, sources: Sources::system() };
    hookstep_lambda_edge::run(async |invocation| match invocation {
        Invocation::Call(call) => handle(call, &ctx).await.map(Answer::Call),
        Invocation::Batch(batch) => take(batch, &queue, &ctx).await.map(Answer::Batch),
    })
    .await
}
