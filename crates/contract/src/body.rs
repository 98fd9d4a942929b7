//! The body of an event on its way through the state machine. Each stage has its own type, which cannot
//! represent what that stage never receives. In JSON, all of them are the field `payload` and share their
//! tags.

use serde::{Deserialize, Serialize};

use crate::{Claim, Content, EventId, PinnedObject, Reason};

/// The body that an execution starts with. `FetchConfig` turns it into an [`Unresolved`] body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The body itself, which is small.
    Inline(Content),
    /// A claim check.
    Claim(Claim),
    /// The accepted body of this event of the same webhook, as stored.
    #[serde(rename = "kept")]
    AcceptedBodyOf(EventId),
    /// What was sent in place of the body of this event of the same webhook, as stored.
    #[serde(rename = "sent")]
    SentBodyOf(EventId),
    /// The body of this publication of the same org, which all its deliveries share.
    Published(EventId),
    /// There is no body to send, for this reason.
    Unusable(Reason),
}

/// A body that no longer refers to another event's. `Hydrate` turns it into a [`Body`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unresolved {
    /// The body itself, which is small.
    Inline(Content),
    /// A claim check.
    Claim(Claim),
    /// The accepted body of this very event, as stored.
    #[serde(rename = "kept")]
    AcceptedBodyOf(EventId),
    /// The body of this publication of the same org, which all its deliveries share.
    Published(EventId),
    /// There is no body to send, for this reason.
    Unusable(Reason),
}

/// A body that is ready to be sent, or the reason why there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// The body itself, which is small.
    Inline(Content),
    /// A resolved claim check.
    Object(PinnedObject),
    /// The accepted body of this event, which `deliver` reads itself.
    #[serde(rename = "kept")]
    AcceptedBodyOf(EventId),
    /// What is sent in place of the body of this event, which `deliver` reads itself.
    #[serde(rename = "sent")]
    SentBodyOf(EventId),
    /// The body of this publication of the same org, which all its deliveries share.
    Published(EventId),
    /// There is no body to send, for this reason. `deliver` records it as a failed attempt.
    Unusable(Reason),
}

/// Where the body of a recorded event is. `Hydrate` turns a claim check into a [`Body`]; the others are one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoredBody {
    /// A claim check that is not resolved yet.
    Claim(Claim),
    /// A resolved claim check.
    Object(PinnedObject),
    /// The accepted body of this event.
    #[serde(rename = "kept")]
    AcceptedBodyOf(EventId),
    /// What is sent in place of the body of this event.
    #[serde(rename = "sent")]
    SentBodyOf(EventId),
    /// The body of this publication of the same org, which all its deliveries share.
    Published(EventId),
}

/// The bodies that are stored for an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyPart {
    /// The body as it was accepted.
    Accepted,
    /// What a transform made of it.
    Sent,
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;

    use super::*;
    use crate::ReasonCode;

    const INLINE: &str = r#"{"inline":{"text":"{}"}}"#;
    const CLAIM: &str = r#"{"claim":{"key":"claims/acme/a/b"}}"#;
    const OBJECT: &str = r#"{"object":{"key":"claims/acme/a/b","etag":"e","size":3}}"#;
    const UNUSABLE: &str = r#"{"unusable":{"code":"body_missing","detail":"there is no body to send"}}"#;
    const KEPT: &str = r#"{"kept":"0190a000-0000-7000-8000-00000000000b"}"#;
    const SENT: &str = r#"{"sent":"0190a000-0000-7000-8000-00000000000b"}"#;
    const PUBLISHED: &str = r#"{"published":"0190a000-0000-7000-8000-00000000000b"}"#;

    /// Those of the texts that deserialise as `T` and serialise back unchanged.
    fn read<T: Serialize + DeserializeOwned>() -> Vec<&'static str> {
        let all = [INLINE, CLAIM, OBJECT, UNUSABLE, KEPT, SENT, PUBLISHED];
        let is_read = |json: &&str| match serde_json::from_str::<T>(json) {
            Ok(body) => serde_json::to_string(&body).unwrap() == **json,
            Err(_) => false,
        };
        all.into_iter().filter(is_read).collect()
    }

    #[test]
    fn a_part_of_the_way_reads_what_it_can_get_and_nothing_else() {
        assert_eq!(read::<Source>(), [INLINE, CLAIM, UNUSABLE, KEPT, SENT, PUBLISHED]);
        assert_eq!(read::<Unresolved>(), [INLINE, CLAIM, UNUSABLE, KEPT, PUBLISHED]);
        assert_eq!(read::<Body>(), [INLINE, OBJECT, UNUSABLE, KEPT, SENT, PUBLISHED]);
        assert_eq!(read::<StoredBody>(), [CLAIM, OBJECT, KEPT, SENT, PUBLISHED]);
    }

    #[test]
    fn an_execution_that_waits_since_before_there_were_codes_goes_on() {
        let body: Body = serde_json::from_str(r#"{"unusable":"the claim check is gone"}"#).unwrap();
        let reason = Reason::new(ReasonCode::Unclassified, "the claim check is gone");
        assert_eq!(body, Body::Unusable(reason));
    }
}
