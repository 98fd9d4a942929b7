//! Content codings (RFC 9110, 8.4): what is inside a body that was sent with `Content-Encoding`.
//!
//! Only what needs no dictionary and little memory is read: gzip and deflate. A limit on the decoded size
//! keeps a small body from becoming a large one.

use std::io::Read;

use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use thiserror::Error;

/// The longest value of `Content-Encoding`, in characters.
pub const MAX_CHARS: usize = 255;

/// The most codings that are read, one inside the other.
const MAX_CODINGS: usize = 4;

/// The codings of a body, in the order in which they were applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codings(Vec<Coding>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
}

/// The value of a `Content-Encoding` header is not a list of tokens, or too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must be a list of content codings such as gzip, of at most {MAX_CHARS} characters")]
pub struct InvalidCodings;

/// A coding that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the content coding {0} cannot be read; gzip and deflate can")]
pub struct UnknownCoding(String);

/// A decoded body.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The decoded bytes, as many as the limit allows.
    pub bytes: Vec<u8>,
    /// Why there are no more.
    pub end: End,
}

/// Where decoding stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// At the end of the body.
    Complete,
    /// At the limit.
    Limit,
    /// Where the body breaks off or is damaged.
    Broken,
}

/// Checks the value of a `Content-Encoding` header; `None` for an empty one.
///
/// # Errors
/// If the value is not a list of tokens, or too long.
pub fn check(value: &str) -> Result<Option<&str>, InvalidCodings> {
    let value = value.trim();
    if value.is_empty() {
        return Ok(None);
    }
    let is_token = |name: &str| !name.is_empty() && name.bytes().all(is_token_byte);
    let is_list = value.split(',').all(|name| is_token(name.trim_matches([' ', '\t'])));
    if is_list && value.len() <= MAX_CHARS { Ok(Some(value)) } else { Err(InvalidCodings) }
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

impl Codings {
    /// Reads the value of a `Content-Encoding` header.
    ///
    /// # Errors
    /// If a coding is unknown: the first such coding.
    pub fn parse(value: &str) -> Result<Self, UnknownCoding> {
        let mut codings = Vec::new();
        for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match name.to_ascii_lowercase().as_str() {
                "identity" => {}
                "gzip" | "x-gzip" => codings.push(Coding::Gzip),
                "deflate" => codings.push(Coding::Deflate),
                _ => return Err(UnknownCoding(name.chars().take(MAX_CHARS).collect())),
            }
        }
        if codings.len() > MAX_CODINGS { Err(UnknownCoding(value.to_owned())) } else { Ok(Self(codings)) }
    }

    /// Whether the body is as it is.
    pub fn is_identity(&self) -> bool {
        self.0.is_empty()
    }

    /// Decodes a body up to `limit` bytes.
    pub fn decode(&self, body: &[u8], limit: usize) -> Decoded {
        let mut decoded = Decoded { bytes: body.to_vec(), end: End::Complete };
        for coding in self.0.iter().rev() {
            let outer = decoded.end;
            decoded = coding.decode(&decoded.bytes, limit);
            // What is inside a part breaks off with it.
            if decoded.end == End::Broken && outer != End::Complete {
                decoded.end = outer;
            }
        }
        decoded
    }
}

impl Coding {
    fn decode(self, body: &[u8], limit: usize) -> Decoded {
        match self {
            Self::Gzip => read(MultiGzDecoder::new(body), limit),
            // The standard means zlib; many senders leave its header out.
            Self::Deflate if is_zlib(body) => read(ZlibDecoder::new(body), limit),
            Self::Deflate => read(DeflateDecoder::new(body), limit),
        }
    }
}

/// Whether the body starts with the header of zlib (RFC 1950, 2.2).
fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [method, flags, ..]
        if method & 0x0f == 8 && (u16::from(*method) << 8 | u16::from(*flags)) % 31 == 0)
}

fn read(decoder: impl Read, limit: usize) -> Decoded {
    let mut bytes = Vec::new();
    // One byte more than the limit tells a body that fits from one that does not.
    let result = decoder.take(limit as u64 + 1).read_to_end(&mut bytes);
    let end = match result {
        _ if bytes.len() > limit => End::Limit,
        Ok(_) => End::Complete,
        // A decoder that reads from memory fails only because of what it reads.
        Err(_) => End::Broken,
    };
    bytes.truncate(limit);
    Decoded { bytes, end }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn decoded(value: &str, body: &[u8]) -> (Vec<u8>, End) {
        let Decoded { bytes, end } = Codings::parse(value).unwrap().decode(body, 1000);
        (bytes, end)
    }

    #[test]
    fn what_is_inside_is_read() {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(b"hello").unwrap();
        let zlib = zlib.finish().unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(b"hello").unwrap();
        let raw = raw.finish().unwrap();
        let two_members = [gzip(b"hel"), gzip(b"lo")].concat();
        for (value, body) in [
            ("gzip", gzip(b"hello")),
            ("X-GZIP", gzip(b"hello")),
            ("gzip", two_members),
            ("deflate", zlib.clone()),
            ("deflate", raw),
            ("deflate, gzip", gzip(&zlib)),
            ("identity", b"hello".to_vec()),
            ("", b"hello".to_vec()),
        ] {
            assert_eq!(decoded(value, &body), (b"hello".to_vec(), End::Complete), "{value}");
        }
        assert!(Codings::parse("identity").unwrap().is_identity());
    }

    #[test]
    fn a_small_body_does_not_become_a_large_one() {
        let bomb = gzip(&gzip(&vec![0; 10_000_000]));
        assert!(bomb.len() < 1000, "{}", bomb.len());
        let (bytes, end) = decoded("gzip, gzip", &bomb);
        assert_eq!((bytes.len(), end), (1000, End::Limit));
        assert_eq!(decoded("gzip", &gzip(&[1; 1000])), (vec![1; 1000], End::Complete));
    }

    #[test]
    fn a_broken_body_is_read_up_to_its_fault() {
        let whole = gzip(b"hello, hello, hello");
        assert_eq!(decoded("gzip", &whole[..whole.len() - 3]).1, End::Broken);
        assert_eq!(decoded("gzip", b"hello"), (Vec::new(), End::Broken));
        assert_eq!(decoded("gzip", b"").1, End::Broken);
    }

    #[test]
    fn codings_are_tokens() {
        for value in ["gzip", "br", "a, b", "x-own_coding", " gzip "] {
            assert!(check(value).unwrap().is_some(), "{value}");
        }
        assert_eq!(check(" "), Ok(None));
        for value in ["gzip;q=1", "a,,b", "a b", "ä", &"a".repeat(256)] {
            assert_eq!(check(value), Err(InvalidCodings), "{value}");
        }
        assert_eq!(Codings::parse("gzip, br").unwrap_err(), UnknownCoding("br".to_owned()));
        assert!(Codings::parse(&["gzip"; 5].join(",")).is_err());
    }
}
