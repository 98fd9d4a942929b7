//! The Lambda function of the states `Deliver` and `TestAuth`.

use deliver::{Context, Keyring, handle};
use egress::Policy;
use secrets::{Connections, Keys, Vault};
use store::{Claims, Configs};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), boot::Error> {
    boot::init_tracing();
    let aws: &'static boot::Aws = Box::leak(Box::new(boot::Aws::from_env()?));
    let policy = Policy {
        allow_http_targets: boot::env_flag("ALLOW_HTTP_TARGETS"),
        allow_private_targets: boot::env_flag("ALLOW_PRIVATE_TARGETS"),
    };
    let table = boot::env("CONFIGS_TABLE")?;
    let connections = Connections::new(|| aws_sdk_eventbridge::Client::new(aws.config()));
    let keyring = Keyring::new(
        move || Configs::new(aws_sdk_dynamodb::Client::new(aws.config()), table),
        Keys::new(|| aws_sdk_kms::Client::new(aws.config()), boot::env("KEY_ID")?),
        Vault::new(|| aws_sdk_secretsmanager::Client::new(aws.config()), connections),
        egress::Client::new(policy)?,
    );
    let claims = Claims::new(|| aws_sdk_s3::Client::new(aws.config()), boot::env("CLAIMS_BUCKET")?);
    let ctx = Context { keyring, claims, sources: boot::sources() };
    boot::run(async |call| handle(call, &ctx).await).await
}
