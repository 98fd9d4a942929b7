//! The signature of a body, with all keys of its webhook.

use std::pin::Pin;

use hookstep_contract::{ErrorName, EventMetadata, Outcome, PinnedObject, StepError};
use hookstep_signing::{Metadata, StreamSigner};
use http_body::Body;
use tokio::time::timeout_at;

use crate::attempt::{Draft, Unsent};
use crate::keyring::Ring;
use crate::payload::{self, Source, Verified};

/// The value of `webhook-signature`; `None` for a webhook without keys.
pub(crate) async fn of(
    source: &Source,
    event: &EventMetadata,
    ring: &Ring,
    draft: &Draft,
    claims: &hookstep_store::Claims,
) -> Result<Option<String>, Unsent> {
    let Some(signer) = ring.signer(draft.started_at) else { return Ok(None) };
    let id = event.webhook_id().to_string();
    let metadata = Metadata::new(&id, draft.started_at.unix_seconds()).map_err(|error| {
        StepError::because(ErrorName::InvalidInput, "the event's id cannot be signed", error)
    })?;
    match source {
        Source::Bytes(bytes) => Ok(Some(signer.sign(&metadata, bytes))),
        Source::Object(pinned) => {
            let noise = (draft.sources.random_bytes)();
            let stream = signer.begin(&metadata, pin(pinned).as_bytes(), &noise);
            let signed = timeout_at(draft.deadline(), read(stream, pinned, claims)).await;
            signed.map(|signature| signature.map(Some)).unwrap_or_else(|_| {
                let reason = format!("the body could not be read within {} s", draft.timeout.as_secs());
                Err(Unsent::failed(Outcome::FailedTimeout, reason))
            })
        }
    }
}

/// What no other body of the same event has.
fn pin(pinned: &PinnedObject) -> String {
    let PinnedObject { key, etag, version_id, size, sha256 } = pinned;
    format!("{key}\n{etag}\n{version_id:?}\n{size}\n{sha256:?}")
}

/// Reads the body through the signature: it is never held as a whole.
async fn read(
    mut stream: StreamSigner,
    pinned: &PinnedObject,
    claims: &hookstep_store::Claims,
) -> Result<String, Unsent> {
    let mut object = Verified::new(pinned, payload::open(pinned, claims).await?);
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut object).poll_frame(cx)).await {
        let frame = frame.map_err(payload::broken)?;
        if let Some(data) = frame.data_ref() {
            stream.update(data);
        }
    }
    Ok(stream.finish())
}
