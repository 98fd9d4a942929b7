//! Identifiers. Each kind has its own type, so that they cannot be confused.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::Timestamp;

/// The text is not a valid identifier of the expected kind.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("not {0}")]
pub struct InvalidId(&'static str);

/// A tenant: 1 to 32 characters from `a-z`, `0-9`, `-` and `_`. The alphabet is narrow because the id is part
/// of table keys and S3 keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrgId(String);

impl FromStr for OrgId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_');
        if (1..=32).contains(&text.len()) && text.chars().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidId("an org id: 1 to 32 of a-z, 0-9, '-' and '_'"))
        }
    }
}

impl TryFrom<String> for OrgId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<OrgId> for String {
    fn from(id: OrgId) -> String {
        id.0
    }
}

impl fmt::Display for OrgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub Uuid);

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                // RFC 9562 makes no difference between upper and lower case. The other forms that the parser
                // takes, with braces or without hyphens, are nobody's spelling of a path.
                match Uuid::try_parse(text) {
                    Ok(id) if text.eq_ignore_ascii_case(&id.to_string()) => Ok(Self(id)),
                    _ => Err(InvalidId($what)),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

uuid_id! {
    /// A webhook config, as a lowercase UUID.
    ConfigId, "a config id: a UUID"
}

uuid_id! {
    /// An event, as a lowercase UUID: sorting by id sorts by time. It is a UUIDv7, or a UUIDv8 that also says in
    /// which partition the event is (see [`EventId::spread_over`]).
    EventId, "an event id: a UUID"
}

/// The bits of a UUID's seventh and eighth byte that hold its version, and version 8 there.
const VERSION_BITS: u16 = 0xf000;
const SHARD_VERSION: u16 = 0x8000;

impl EventId {
    /// An event id derived from other data: the same `parts` always give the same id, so that an event that
    /// is started twice is delivered once.
    ///
    /// Parts are joined without a separator: at most one of them may vary in length.
    pub fn derived(moment: Timestamp, parts: &[&[u8]]) -> Self {
        let hash = parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize();
        Self::at(moment, std::array::from_fn(|index| hash[index]))
    }

    /// The id of an event that was put on the bus for one webhook, derived from the bus's own id. The state
    /// `Start` has an expression with the same result.
    pub fn of_bus(moment: Timestamp, bus_id: Uuid) -> Self {
        let [.., version, second, variant, fourth, e, f, g, h, i, j] = bus_id.into_bytes();
        // Version and variant replace half a byte each.
        Self::at(moment, [version & 0x0f, second, variant & 0x0f, fourth, e, f, g, h, i, j])
    }

    /// The UUIDv7 at this time with the given bits in place of random ones.
    fn at(moment: Timestamp, bits: [u8; 10]) -> Self {
        let millis = u64::try_from(moment.unix_millis()).unwrap_or_default();
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &bits).into_uuid())
    }

    /// The id of a new event of a webhook whose events are spread over `shards` partitions. With one, it is this id.
    /// With more, it is a UUIDv8: RFC 9562 leaves its layout to us, which is that of a UUIDv7 with the number of the
    /// partition in place of the 12 bits `rand_a`. That number is made of the other random bits, so an id that is
    /// derived from other data stays the same as long as `shards` does.
    #[must_use]
    pub fn spread_over(self, shards: u16) -> Self {
        if shards <= 1 {
            return self;
        }
        let mut bytes = self.0.into_bytes();
        let [.., a, b, c, d] = bytes;
        // The remainder is below `shards`, so it fits.
        let shard = (u32::from_be_bytes([a, b, c, d]) % u32::from(shards)) as u16;
        bytes[6..8].copy_from_slice(&(SHARD_VERSION | shard).to_be_bytes());
        Self(Uuid::from_bytes(bytes))
    }

    /// The number of the event's partition; `None` for an event of a webhook whose events are not spread.
    pub fn shard(self) -> Option<u16> {
        let [_, _, _, _, _, _, high, low, ..] = self.0.into_bytes();
        let field = u16::from_be_bytes([high, low]);
        (field & VERSION_BITS == SHARD_VERSION).then_some(field & !VERSION_BITS)
    }

    /// When the event was accepted, to the millisecond: the time part of the id.
    pub fn accepted_at(self) -> Timestamp {
        let bytes = self.0.as_bytes();
        let millis = bytes[..6].iter().fold(0, |millis, byte| millis << 8 | u64::from(*byte));
        Timestamp::new(OffsetDateTime::UNIX_EPOCH).plus(Duration::from_millis(millis))
    }
}

uuid_id! {
    /// An API token's public id, as a lowercase UUIDv7: it identifies the token without revealing it.
    TokenId, "a token id: a UUID"
}

uuid_id! {
    /// A request to erase events, as a lowercase UUIDv7: sorting by id sorts by time.
    ErasureId, "the id of an erasure: a UUID"
}

uuid_id! {
    /// An entry of the audit log, as a lowercase UUIDv7: sorting by id sorts by time.
    AuditId, "the id of an audit entry: a lowercase UUID"
}

uuid_id! {
    /// The public id of a session in the console, as a lowercase UUIDv7: it identifies the session without opening it.
    SessionId, "a session id: a lowercase UUID"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upper_case_is_the_same_id_and_is_never_printed() {
        let id = "0190a000-0000-7000-8000-00000000000a";
        for spelling in [id.to_owned(), id.to_uppercase(), id.replace('a', "A")] {
            assert_eq!(spelling.parse::<EventId>().unwrap().to_string(), id);
        }
        for wrong in ["", "0190a00000007000800000000000000a", "{0190a000-0000-7000-8000-00000000000a}", "x"] {
            assert!(wrong.parse::<EventId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_event_id_says_when() {
        for (id, at) in [
            ("019b7ca9-8c88-7000-8000-000000000000", "2026-01-02T03:04:05.000Z"),
            ("00000000-0001-7000-8000-000000000000", "1970-01-01T00:00:00.001Z"),
        ] {
            assert_eq!(id.parse::<EventId>().unwrap().accepted_at().to_string(), at);
        }
    }

    #[test]
    fn a_derived_id_is_the_same_for_the_same_parts_and_a_uuid_of_its_moment() {
        let moment = "0190a000-0000-7000-8000-00000000000a".parse::<EventId>().unwrap().accepted_at();
        let id = EventId::derived(moment, &[b"bus id", b"webhook"]);
        assert_eq!(id, EventId::derived(moment, &[b"bus id", b"webhook"]));
        assert_ne!(id, EventId::derived(moment, &[b"bus id", b"another"]));
        assert_eq!((id.accepted_at(), id.0.get_version_num()), (moment, 7));
        // A later version must find stored ids.
        assert_eq!(id.to_string(), "0190a000-0000-7114-a170-37c720ea36af");
    }

    #[test]
    fn an_id_says_in_which_partition_its_event_is_and_keeps_its_moment_and_its_random_bits() {
        let id: EventId = "0190a000-0000-7fff-8000-00000000000b".parse().unwrap();
        assert_eq!((id.spread_over(1), id.shard()), (id, None));
        for (shards, spread, shard) in [
            (2, "0190a000-0000-8001-8000-00000000000b", 1),
            (8, "0190a000-0000-8003-8000-00000000000b", 3),
            (64, "0190a000-0000-800b-8000-00000000000b", 11),
        ] {
            let id = id.spread_over(shards);
            assert_eq!((id.to_string().as_str(), id.shard()), (spread, Some(shard)));
            assert_eq!((id.0.get_version_num(), id.0.get_variant()), (8, uuid::Variant::RFC4122));
        }
        let spread = id.spread_over(8);
        assert_eq!((spread.accepted_at(), spread.spread_over(8)), (id.accepted_at(), spread));
    }

    #[test]
    fn derived_ids_are_spread_evenly() {
        let moment = "0190a000-0000-7000-8000-00000000000a".parse::<EventId>().unwrap().accepted_at();
        let mut found = [0; 8];
        for number in 0..4000_u32 {
            let id = EventId::derived(moment, &[&number.to_be_bytes()]).spread_over(8);
            found[usize::from(id.shard().unwrap())] += 1;
        }
        assert!(found.iter().all(|number| (400..=600).contains(number)), "{found:?}");
    }

    #[test]
    fn org_ids_cannot_leave_their_place_in_a_key() {
        assert!("acme-1_x".parse::<OrgId>().is_ok());
        let long = "a".repeat(33);
        for wrong in ["", "a#b", "a/b", "..", "A", "ä", long.as_str()] {
            assert!(wrong.parse::<OrgId>().is_err(), "{wrong}");
        }
    }
}
