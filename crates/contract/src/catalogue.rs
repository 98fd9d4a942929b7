//! An event type as the catalogue of an org has it: what it means, and what its payloads look like.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::publication::is_event_type;
use crate::{FieldError, Timestamp};

/// How many event types the catalogue of an org has at most.
///
/// The names of those whose payloads are checked are in one item of
/// DynamoDB, which has room for 400 KB: at 512 bytes, the longest name there is, they take 250 KB.
pub const MAX_CATALOGUED_TYPES: usize = 500;

/// How many versions an event type has at most: they are deleted in one transaction of DynamoDB, which takes 100 items.
pub const MAX_TYPE_VERSIONS: usize = 50;

/// The largest schema, as JSON without white space, in bytes.
pub const MAX_SCHEMA_BYTES: usize = 64 * 1024;

/// The largest sample, as JSON without white space, in bytes.
pub const MAX_SAMPLE_BYTES: usize = 64 * 1024;

/// The longest description, in characters.
const MAX_DESCRIPTION_CHARS: usize = 2000;

/// The longest name of a group, in characters.
const MAX_GROUP_CHARS: usize = 100;

/// The longest name of a version, in characters.
const MAX_VERSION_CHARS: usize = 32;

/// What happens to an event whose payload does not satisfy the schema of its type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnInvalid {
    /// Nothing: payloads are not checked.
    #[default]
    Ignore,
    /// It is delivered, and its record says that it does not match and why.
    Mark,
    /// It is not accepted.
    Reject,
}

impl OnInvalid {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ignore, Self::Mark, Self::Reject];

    /// Its name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Mark => "mark",
            Self::Reject => "reject",
        }
    }
}

/// What somebody sets about an event type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventTypeFields {
    /// What an event of the type means, for people.
    #[serde(default)]
    pub description: String,
    /// What it is listed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Whether it is not to be used any more.
    #[serde(default)]
    pub deprecated: bool,
    /// What happens to an event whose payload does not satisfy the schema.
    #[serde(default)]
    pub on_invalid: OnInvalid,
}

impl EventTypeFields {
    /// Checks everything.
    ///
    /// # Errors
    /// The first field that is invalid.
    pub fn check(&self) -> Result<(), FieldError> {
        if self.description.chars().count() > MAX_DESCRIPTION_CHARS {
            let reason = format!("must be at most {MAX_DESCRIPTION_CHARS} characters");
            return Err(FieldError::new("description", reason));
        }
        self.group.as_deref().map_or(Ok(()), check_group)
    }
}

/// Checks the name of a group of event types.
///
/// # Errors
/// If it is none: an error in the field `group`.
pub fn check_group(group: &str) -> Result<(), FieldError> {
    let is_of_length = (1..=MAX_GROUP_CHARS).contains(&group.trim().chars().count());
    if is_of_length && !group.chars().any(char::is_control) {
        return Ok(());
    }
    let reason = format!("must be 1 to {MAX_GROUP_CHARS} characters, without control characters");
    Err(FieldError::new("group", reason))
}

/// An event type as stored, without schemas and samples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventType {
    /// Its name, to which webhooks subscribe.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it, or one of its versions, last changed.
    pub updated_at: Timestamp,
    /// Incremented with each change.
    pub revision: u64,
    /// The highest number that a version before the last change had as its name, so that none is given again when that version is
    /// deleted: webhooks may still pin it.
    #[serde(default)]
    pub last_number: u64,
    /// Its versions, oldest first; there is at least one. The newest is the current one.
    pub versions: Vec<TypeVersion>,
    /// What somebody has set.
    #[serde(flatten)]
    pub fields: EventTypeFields,
}

/// A version of an event type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeVersion {
    /// Its name.
    pub version: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// A hash of its schema; absent if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_hash: Option<String>,
}

/// What the payloads of one version look like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TypeContent {
    /// A JSON Schema (2020-12).
    pub schema: Option<Value>,
    /// A payload.
    pub sample: Option<Value>,
}

impl EventType {
    /// The version that is current.
    pub fn current(&self) -> Option<&TypeVersion> {
        self.versions.last()
    }

    /// The version with this name.
    pub fn version(&self, version: &str) -> Option<&TypeVersion> {
        self.versions.iter().find(|known| known.version == version)
    }

    /// Whether payloads are checked.
    pub fn is_checked(&self) -> bool {
        let has_schema = self.versions.iter().any(|version| version.schema_hash.is_some());
        self.fields.on_invalid != OnInvalid::Ignore && has_schema
    }

    /// The highest number that a version has, or has ever had, as its name; 0 if none had one.
    pub fn highest_number(&self) -> u64 {
        let numbers = self.versions.iter().filter_map(|known| known.version.parse::<u64>().ok());
        numbers.fold(self.last_number, u64::max)
    }

    /// The name of the next version, unless somebody gives it one: a number above all that were given, and above the number of
    /// versions so far.
    pub fn next_version(&self) -> String {
        let count = u64::try_from(self.versions.len()).unwrap_or(u64::MAX);
        self.highest_number().max(count).saturating_add(1).to_string()
    }
}

/// Why a payload does not satisfy the schema of its event type. It repeats nothing of the payload but the names on the path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaMismatch {
    /// The version of the type.
    pub version: String,
    /// The part of the payload that is wrong, as a JSON Pointer (RFC 6901); empty for the whole. A long one is cut.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

/// What the name of a type must not have, because it is part of paths: API Gateway hands these on as if they were not encoded.
const NOT_IN_PATHS: [char; 5] = ['/', '?', '#', '%', '\\'];

/// What is something else in the place of a name in paths.
const RESERVED: [&str; 4] = [".", "..", "import", "export"];

/// Checks the name of an event type. Every type that can be published is one, unless it cannot be part of a path.
///
/// # Errors
/// The field `name`.
pub fn check_type_name(name: &str) -> Result<(), FieldError> {
    is_event_type(name).map_err(|reason| FieldError::new("name", reason))?;
    if name.contains(NOT_IN_PATHS) {
        return Err(FieldError::new("name", "must not contain /, ?, #, % or \\"));
    }
    if RESERVED.contains(&name) {
        return Err(FieldError::new("name", format!("must not be {}", RESERVED.join(" or "))));
    }
    Ok(())
}

/// Checks the name of a version.
///
/// # Errors
/// The field `version`.
pub fn check_version(version: &str) -> Result<(), FieldError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if (1..=MAX_VERSION_CHARS).contains(&version.len()) && version.chars().all(allowed) {
        return Ok(());
    }
    let reason = format!("must be 1 to {MAX_VERSION_CHARS} of a-z, A-Z, 0-9, '_', '-' and '.'");
    Err(FieldError::new("version", reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_field_is_named() {
        let fields = |description: String, group: Option<&str>| EventTypeFields {
            description,
            group: group.map(str::to_owned),
            ..EventTypeFields::default()
        };
        assert_eq!(fields("ä".repeat(2000), Some("Orders")).check(), Ok(()));
        for (wrong, field) in [
            (fields("x".repeat(2001), None), "description"),
            (fields(String::new(), Some(" ")), "group"),
            (fields(String::new(), Some("a\n")), "group"),
            (fields(String::new(), Some(&"x".repeat(101))), "group"),
        ] {
            assert_eq!(wrong.check().unwrap_err().field, field);
        }
        for wrong in ["", "order.*", "a/b", "100%", "..", "import"] {
            assert_eq!(check_type_name(wrong).unwrap_err().field, "name", "{wrong}");
        }
        assert_eq!(check_type_name("Order Created: ä"), Ok(()));
        for wrong in ["", "a#b", "v 1", &"x".repeat(33)] {
            assert_eq!(check_version(wrong).unwrap_err().field, "version");
        }
        assert!(["1", "2026-11-30", "v1.0_beta"].iter().all(|fine| check_version(fine).is_ok()));
    }

    #[test]
    fn a_version_without_a_name_gets_a_number_that_was_never_given() {
        let at: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let version =
            |version: &str| TypeVersion { version: version.to_owned(), created_at: at, schema_hash: None };
        let mut event_type = EventType {
            name: "order.created".to_owned(),
            created_at: at,
            updated_at: at,
            revision: 1,
            last_number: 0,
            versions: ["1", "3"].map(version).to_vec(),
            fields: EventTypeFields { on_invalid: OnInvalid::Reject, ..EventTypeFields::default() },
        };
        assert_eq!(event_type.next_version(), "4");
        event_type.last_number = event_type.highest_number();
        event_type.versions.pop();
        assert_eq!(event_type.next_version(), "4");
        event_type.versions = ["v1", "2026-12", "beta"].map(version).to_vec();
        event_type.last_number = 0;
        assert_eq!(event_type.next_version(), "4");
        event_type.versions.push(version(&u64::MAX.to_string()));
        assert_eq!(event_type.next_version(), u64::MAX.to_string());
        let mut old = serde_json::to_value(&event_type).unwrap();
        old.as_object_mut().unwrap().remove("last_number");
        assert_eq!(serde_json::from_value::<EventType>(old).unwrap(), event_type);
        assert!(!event_type.is_checked());
        event_type.versions[0].schema_hash = Some("h".to_owned());
        assert!(event_type.is_checked());
    }
}
