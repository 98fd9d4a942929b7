//! The part of the signed message other than the body.

use thiserror::Error;

/// The text is not a valid `webhook-id`.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a webhook-id is one or more visible ASCII characters, and none of them a full stop")]
pub struct InvalidId;

/// The values of `webhook-id` and `webhook-timestamp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata<'a> {
    id: &'a str,
    timestamp: i64,
}

impl<'a> Metadata<'a> {
    /// `timestamp` is the time of this attempt, not of the event, in seconds since 1970.
    ///
    /// # Errors
    /// If `id` is not a valid `webhook-id`. A full stop in an id could make two different messages have the
    /// same signed bytes, with the timestamp or a part of the body moved into the id.
    pub fn new(id: &'a str, timestamp: i64) -> Result<Self, InvalidId> {
        let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'.';
        if !id.is_empty() && id.bytes().all(allowed) { Ok(Self { id, timestamp }) } else { Err(InvalidId) }
    }

    pub(crate) fn id(&self) -> &'a str {
        self.id
    }

    pub(crate) fn timestamp(&self) -> i64 {
        self.timestamp
    }

    /// The signed bytes before the body.
    pub(crate) fn head(&self) -> String {
        format!("{}.{}.", self.id, self.timestamp)
    }
}
