//! The Lambda function `notify`, behind the bus.

use std::sync::Arc;

use hookstep_ambient::{Sources, env};
use hookstep_mail::Ses;
use hookstep_notify::{Context, handle};
use hookstep_store::{Configs, Notifications};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), hookstep_lambda_edge::Error> {
    hookstep_lambda_edge::init_tracing();
    let aws = hookstep_lambda_edge::aws()?;
    let tables = aws_sdk_dynamodb::Client::new(aws.config());
    let from = env::required("MAIL_FROM")?.parse()?;
    let ctx = Context {
        configs: Configs::new(tables.clone(), env::required("CONFIGS_TABLE")?),
        notifications: Notifications::new(tables, env::required("EVENTS_TABLE")?),
        mailer: Arc::new(Ses::new(|| aws_sdk_sesv2::Client::new(aws.config()), from)),
        console_url: env::optional("CONSOLE_URL").filter(|url| !url.is_empty()),
        sources: Sources::system(),
    };
    hookstep_lambda_edge::run(async |event| handle(event, &ctx).await).await
}
