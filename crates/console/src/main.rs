//! The Lambda function `console`, behind the HTTP API.

use aws_sdk_dynamodb::Client;
use console::{Context, router};
use egress::Policy;
use store::{Configs, Events, Tokens};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), boot::Error> {
    boot::init_tracing();
    let tables = Client::new(boot::Aws::from_env()?.config());
    let ctx = Context {
        tokens: Tokens::new(tables.clone(), boot::env("TOKENS_TABLE")?),
        configs: Configs::new(tables.clone(), boot::env("CONFIGS_TABLE")?),
        events: Events::new(tables, boot::env("EVENTS_TABLE")?),
        policy: Policy {
            allow_http_targets: boot::env_flag("ALLOW_HTTP_TARGETS"),
            allow_private_targets: boot::env_flag("ALLOW_PRIVATE_TARGETS"),
        },
        sources: boot::sources(),
    };
    boot::serve(api::with_fallbacks(router(ctx))).await
}
