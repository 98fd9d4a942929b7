//! Bodies to send.

use std::fmt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use reqwest::RequestBuilder;
use reqwest::header::CONTENT_LENGTH;
use tokio::fs::File;

use crate::Error;

/// The largest body that is sent in the trigger itself, in bytes; a larger one is uploaded first.
///
/// A trigger takes 6 MB. On AWS, though, a body reaches its function inside a JSON event of at most 6 MB (Lambda's quota for an
/// invocation), in base64 unless it is text, which leaves 4.4 MB. 4,000,000 bytes stay under that, with room for the headers. A
/// text that JSON escapes make larger than that is refused with 413, and then uploaded.
pub const INLINE_BODY_BYTES: u64 = 4_000_000;

/// A body: bytes, a file, or an earlier upload ([`Client::upload`](crate::Client::upload)).
///
/// Bytes and texts are converted where a body is expected: `hookstep.trigger(id, "ping")`.
#[derive(Clone)]
pub struct Body(pub(crate) Source);

#[derive(Clone)]
pub(crate) enum Source {
    Bytes(Bytes),
    File(PathBuf),
    Claim(String),
}

impl Body {
    /// The content of a file, read while it is sent.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File(path.into()))
    }

    /// An upload, by its `claim_check`.
    pub fn claim_check(key: impl Into<String>) -> Self {
        Self(Source::Claim(key.into()))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Bytes(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Source::File(path) => write!(f, "Body({})", path.display()),
            Source::Claim(key) => write!(f, "Body({key})"),
        }
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self(Source::Bytes(bytes.into()))
    }
}

impl Source {
    pub(crate) fn empty() -> Self {
        Self::Bytes(Bytes::new())
    }

    /// Its size in bytes; 0 for an upload, whose trigger has an empty body.
    pub(crate) async fn size(&self) -> Result<u64, Error> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.len() as u64),
            Self::File(_) => Ok(self.open().await?.map_or(0, |(_, size)| size)),
            Self::Claim(_) => Ok(0),
        }
    }

    /// Adds the bytes to a request, and their number: S3 takes no upload of unknown length.
    pub(crate) async fn attach(&self, request: RequestBuilder) -> Result<RequestBuilder, Error> {
        if let Some((file, size)) = self.open().await? {
            return Ok(request.header(CONTENT_LENGTH, size).body(file));
        }
        Ok(match self {
            Self::Bytes(bytes) => request.body(bytes.clone()),
            _ => request.body(Bytes::new()),
        })
    }

    async fn open(&self) -> Result<Option<(File, u64)>, Error> {
        let Self::File(path) = self else { return Ok(None) };
        let opened = open(path).await;
        opened.map(Some).map_err(|source| Error::File { path: path.display().to_string(), source })
    }
}

async fn open(path: &Path) -> std::io::Result<(File, u64)> {
    let file = File::open(path).await?;
    let metadata = file.metadata().await?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    Ok((file, metadata.len()))
}
