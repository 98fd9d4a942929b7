//! The Lambda function `console`, behind the HTTP API.

use console::{Context, router};
use egress::Policy;
use secrets::{Connections, Keys};
use store::{Bodies, Claims, Configs, Events, Replays, Tokens};
use workflow::{AsyncWorkflow, Machines};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), boot::Error> {
    boot::init_tracing();
    let aws: &'static boot::Aws = Box::leak(Box::new(boot::Aws::from_env()?));
    let (tables, events) = (aws_sdk_dynamodb::Client::new(aws.config()), boot::env("EVENTS_TABLE")?);
    let machines = || {
        let config = aws_sdk_sfn::config::Builder::from(aws.config()).interceptor(boot::OneHost);
        aws_sdk_sfn::Client::from_conf(config.build())
    };
    let [express, standard] = ["EXPRESS_STATE_MACHINE_ARN", "STANDARD_STATE_MACHINE_ARN"].map(boot::env);
    let starts_async = AsyncWorkflow::new(boot::env_flag("ASYNC_STANDARD"));
    let ctx = Context {
        tokens: Tokens::new(tables.clone(), boot::env("TOKENS_TABLE")?, boot::sources()),
        configs: Configs::new(tables.clone(), boot::env("CONFIGS_TABLE")?),
        events: Events::new(tables.clone(), &events).kept_for(boot::retention()?),
        bodies: Bodies::new(tables.clone(), &events),
        claims: Claims::new(|| aws_sdk_s3::Client::new(aws.config()), boot::env("CLAIMS_BUCKET")?),
        replays: Replays::new(tables, &events).kept_for(boot::retention()?),
        keys: Keys::new(|| aws_sdk_kms::Client::new(aws.config()), boot::env("KEY_ID")?),
        connections: Connections::new(|| aws_sdk_eventbridge::Client::new(aws.config())),
        machines: Machines::new(machines, express?, standard?, starts_async),
        static_ips: boot::env("STATIC_IPS").unwrap_or_default(),
        publish: boot::env("PUBLISH_EVENTS")?.parse()?,
        policy: Policy {
            allow_http_targets: boot::env_flag("ALLOW_HTTP_TARGETS"),
            allow_private_targets: boot::env_flag("ALLOW_PRIVATE_TARGETS"),
        },
        sources: boot::sources(),
    };
    boot::serve(api::with_fallbacks(router(ctx))).await
}
