//! The first half of an attempt: are its credentials to be had?

use std::time::Duration;

use hookstep_contract::{AuthReport, StepError, TestAuth};
use hookstep_secrets::Values;
use tokio::time::Instant;

use crate::Context;
use crate::authentication::Credentials;
use crate::exchange;

/// Somebody waits, with less patience than a webhook's timeout may have.
const PATIENCE: Duration = Duration::from_secs(20);

/// Gets the credentials of a webhook; a token is asked for, even where a good one is kept.
pub(crate) async fn run(test: &TestAuth, ctx: &Context) -> Result<AuthReport, StepError> {
    let start = Instant::now();
    let ring = ctx.keyring.ring(&test.org_id, test.config_id, test.revision, true).await?;
    let mut report = match ring.as_deref().map(|ring| &ring.credentials) {
        None => told(false, "the webhook was deleted"),
        Some(Err(reason)) => told(false, reason),
        Some(Ok(None)) => told(true, "the webhook has no authentication"),
        Some(Ok(Some(credentials))) => try_out(credentials, ctx, start + PATIENCE).await,
    };
    report.duration_ms = start.elapsed().as_millis() as u64;
    Ok(report)
}

async fn try_out(credentials: &Credentials, ctx: &Context, deadline: Instant) -> AuthReport {
    let client = match &credentials.values {
        Values::Basic { .. } => {
            return told(
                true,
                "the user name and the password are there; only the receiver can say whether they are right",
            );
        }
        Values::ApiKey { .. } => {
            return told(true, "the API key is there; only the receiver can say whether it is right");
        }
        Values::Oauth(client) => client,
    };
    match exchange::exchange(client, ctx.keyring.client(), deadline).await {
        Ok(exchanged) => AuthReport {
            status_code: Some(exchanged.status_code),
            expires_in: exchanged.expires_in,
            ..told(true, "the token endpoint gave a token")
        },
        Err(failure) => AuthReport { status_code: failure.status_code, ..told(false, &failure.reason) },
    }
}

fn told(ok: bool, detail: &str) -> AuthReport {
    AuthReport { ok, detail: detail.to_owned(), status_code: None, expires_in: None, duration_ms: 0 }
}
