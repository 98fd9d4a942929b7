//! The signature of a body with all keys of its webhook.

use std::pin::Pin;

use hookstep_claims::Claims;
use hookstep_contract::{ErrorName, EventMetadata, PinnedObject, StepError, Timestamp};
use hookstep_signing::{Metadata, Signer, StreamSigner};
use http_body::Body;

use crate::outgoing::{self, OutgoingBody};
use crate::unsent::Unsent;
use crate::verified::Verified;

/// The value of `webhook-signature`. `noise` is randomness for signing a body while it is read.
pub(crate) async fn of(
    body: &OutgoingBody,
    event: &EventMetadata,
    signer: &Signer,
    started_at: Timestamp,
    noise: [u8; 64],
    claims: &Claims,
) -> Result<String, Unsent> {
    let id = event.webhook_id().to_string();
    let metadata = Metadata::new(&id, started_at.unix_seconds()).map_err(|error| {
        StepError::because(ErrorName::InvalidInput, "the event's id cannot be signed", error)
    })?;
    match body {
        OutgoingBody::Bytes(bytes) => Ok(signer.sign(&metadata, bytes)),
        OutgoingBody::Object(pinned) => {
            let stream = signer.begin(&metadata, pin(pinned).as_bytes(), &noise);
            read(stream, pinned, claims).await
        }
    }
}

/// Text that differs for every other body of the same event.
fn pin(pinned: &PinnedObject) -> String {
    let PinnedObject { key, etag, version_id, size, sha256 } = pinned;
    format!("{key}\n{etag}\n{version_id:?}\n{size}\n{sha256:?}")
}

/// Streams the body into the signature: it is never held in memory as a whole.
async fn read(mut stream: StreamSigner, pinned: &PinnedObject, claims: &Claims) -> Result<String, Unsent> {
    let mut object = Verified::new(pinned, outgoing::open(pinned, claims).await?);
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut object).poll_frame(cx)).await {
        let frame = frame.map_err(outgoing::broken_off)?;
        if let Some(data) = frame.data_ref() {
            stream.update(data);
        }
    }
    Ok(stream.finish())
}
