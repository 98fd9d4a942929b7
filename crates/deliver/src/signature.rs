//! The signatures of a body with all keys of its webhook.

use std::pin::Pin;

use hookstep_claims::Claims;
use hookstep_contract::{ErrorName, EventMetadata, PinnedObject, StepError, Timestamp};
use hookstep_signing::{ExtraSigner, ExtraStream, Metadata, Signer, StreamSigner};
use http_body::Body;

use crate::outgoing::{self, OutgoingBody};
use crate::unsent::Unsent;
use crate::verified::Verified;

/// What signs the bodies of a webhook.
pub(crate) struct Signers {
    pub(crate) standard: Signer,
    /// For a format that is not that of Standard Webhooks.
    pub(crate) extra: Option<ExtraSigner>,
}

/// The signatures of one body.
pub(crate) struct Signatures {
    /// The value of `webhook-signature`.
    pub(crate) standard: String,
    /// The value of the header that the webhook names.
    pub(crate) extra: Option<String>,
}

/// Signs a body. `noise` is randomness for signing it while it is read.
pub(crate) async fn of(
    body: &OutgoingBody,
    event: &EventMetadata,
    signers: &Signers,
    started_at: Timestamp,
    noise: [u8; 64],
    claims: &Claims,
) -> Result<Signatures, Unsent> {
    let (id, seconds) = (event.webhook_id().to_string(), started_at.unix_seconds());
    let metadata = Metadata::new(&id, seconds).map_err(|error| {
        StepError::because(ErrorName::InvalidInput, "the event's id cannot be signed", error)
    })?;
    let mut extra = signers.extra.as_ref().map(|signer| signer.begin(seconds));
    match body {
        OutgoingBody::Bytes(bytes) => {
            extra.iter_mut().for_each(|stream| stream.update(bytes));
            let standard = signers.standard.sign(&metadata, bytes);
            Ok(Signatures { standard, extra: extra.map(ExtraStream::finish) })
        }
        OutgoingBody::Object(pinned) => {
            let standard = signers.standard.begin(&metadata, pin(pinned).as_bytes(), &noise);
            read(standard, extra, pinned, claims).await
        }
    }
}

/// Text that differs for every other body of the same event.
fn pin(pinned: &PinnedObject) -> String {
    let PinnedObject { key, etag, version_id, size, sha256 } = pinned;
    format!("{key}\n{etag}\n{version_id:?}\n{size}\n{sha256:?}")
}

/// Streams the body into the signatures, once for all of them: it is never held in memory as a whole.
async fn read(
    mut standard: StreamSigner,
    mut extra: Option<ExtraStream>,
    pinned: &PinnedObject,
    claims: &Claims,
) -> Result<Signatures, Unsent> {
    let mut object = Verified::new(pinned, outgoing::open(pinned, claims).await?);
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut object).poll_frame(cx)).await {
        let frame = frame.map_err(outgoing::broken_off)?;
        if let Some(data) = frame.data_ref() {
            standard.update(data);
            extra.iter_mut().for_each(|stream| stream.update(data));
        }
    }
    Ok(Signatures { standard: standard.finish(), extra: extra.map(ExtraStream::finish) })
}
