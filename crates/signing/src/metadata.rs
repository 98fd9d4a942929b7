//! What is signed besides the body.

use thiserror::Error;

/// The text cannot be a `webhook-id`.
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
    /// `timestamp` is in seconds since 1970 and the time of this attempt, not that of the event.
    ///
    /// # Errors
    /// With a full stop in it, an id could take over what is another message's timestamp, or a part of its body: both
    /// would be the same signed bytes.
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

    /// What is signed before the body.
    pub(crate) fn head(&self) -> String {
        format!("{}.{}.", self.id, self.timestamp)
    }
}
