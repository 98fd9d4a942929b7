//! The Lambda function `console`, behind the HTTP API.

use console::{Context, Workflow, router};
use egress::Policy;
use secrets::{Connections, Keys};
use store::{Configs, Events, Tokens};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), boot::Error> {
    boot::init_tracing();
    let aws: &'static boot::Aws = Box::leak(Box::new(boot::Aws::from_env()?));
    let tables = aws_sdk_dynamodb::Client::new(aws.config());
    let machines = || {
        let config = aws_sdk_sfn::config::Builder::from(aws.config()).interceptor(boot::OneHost);
        aws_sdk_sfn::Client::from_conf(config.build())
    };
    let ctx = Context {
        tokens: Tokens::new(tables.clone(), boot::env("TOKENS_TABLE")?, boot::sources()),
        configs: Configs::new(tables.clone(), boot::env("CONFIGS_TABLE")?),
        events: Events::new(tables, boot::env("EVENTS_TABLE")?),
        keys: Keys::new(|| aws_sdk_kms::Client::new(aws.config()), boot::env("KEY_ID")?),
        connections: Connections::new(|| aws_sdk_eventbridge::Client::new(aws.config())),
        workflow: Workflow::new(machines, boot::env("EXPRESS_STATE_MACHINE_ARN")?),
        policy: Policy {
            allow_http_targets: boot::env_flag("ALLOW_HTTP_TARGETS"),
            allow_private_targets: boot::env_flag("ALLOW_PRIVATE_TARGETS"),
        },
        sources: boot::sources(),
    };
    boot::serve(api::with_fallbacks(router(ctx))).await
}
