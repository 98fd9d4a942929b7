//! The first half of an attempt: whether the credentials can be obtained.

use std::time::Duration;

use hookstep_contract::{AuthReport, StepError, TestAuth};
use hookstep_secrets::Values;
use tokio::time::Instant;

use crate::Context;
use crate::authentication::Credentials;
use crate::exchange;
use crate::keyring::Found;

/// The timeout of the test: a user is waiting, and a webhook's own timeout may be longer.
const WAIT_TIMEOUT: Duration = Duration::from_secs(20);

/// Obtains the credentials of a webhook. A token is requested even if a valid one is cached.
pub(crate) async fn run(test: &TestAuth, ctx: &Context) -> Result<AuthReport, StepError> {
    let start = Instant::now();
    let now = ctx.sources.now();
    let found = ctx.keyring.keys(&test.org_id, test.config_id, test.revision, true, now).await?;
    let mut report = match found {
        Found::Deleted => report(false, "the webhook was deleted"),
        Found::Changing => report(false, "the webhook is being changed: try again"),
        Found::Keys(keys) => match &keys.credentials {
            Err(reason) => report(false, &reason.detail),
            Ok(None) => report(true, "the webhook has no authentication"),
            Ok(Some(credentials)) => try_out(credentials, ctx, start + WAIT_TIMEOUT).await,
        },
    };
    report.duration_ms = start.elapsed().as_millis() as u64;
    Ok(report)
}

async fn try_out(credentials: &Credentials, ctx: &Context, deadline: Instant) -> AuthReport {
    let client = match &credentials.values {
        Values::Basic { .. } => {
            return report(
                true,
                "the user name and the password are there; only the receiver can say whether they are right",
            );
        }
        Values::ApiKey { .. } => {
            return report(true, "the API key is there; only the receiver can say whether it is right");
        }
        Values::Oauth(client) => client,
    };
    match exchange::exchange(client, ctx.keyring.client(), deadline, &ctx.sources).await {
        Ok(token) => AuthReport {
            status_code: Some(token.status_code),
            expires_in: token.expires_in,
            ..report(true, "the token endpoint gave a token")
        },
        Err(failure) => AuthReport { status_code: failure.status_code, ..report(false, &failure.detail) },
    }
}

fn report(ok: bool, detail: &str) -> AuthReport {
    AuthReport { ok, detail: detail.to_owned(), status_code: None, expires_in: None, duration_ms: 0 }
}
