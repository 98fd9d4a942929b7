//! An event's record as a DynamoDB item. In the steps, a record is an [`EventRecord`]; in their JSON, it is
//! the item that the state machine's own `PutItem` writes. This module converts between the two (for
//! `serde(with)`).

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Number, Value};

use crate::{ConfigId, EventId, EventRecord, OrgId};

/// The key of a record's item, and the fields that the key contains. The item does not repeat these fields,
/// because every byte counts across millions of items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordKey {
    /// The partition key.
    pub pk: String,
    /// The sort key.
    pub sk: String,
}

impl RecordKey {
    /// The fields of a record that are part of the key.
    pub const FIELDS: [&str; 3] = ["org_id", "config_id", "event_id"];

    /// The key of an event's record.
    pub fn of(org_id: &OrgId, config_id: ConfigId, event_id: EventId) -> Self {
        Self { pk: Self::partition(org_id, config_id, event_id.shard()), sk: event_id.to_string() }
    }

    /// The partition key of a webhook's events: of those that are in a numbered partition, or of those that are not.
    pub fn partition(org_id: &OrgId, config_id: ConfigId, shard: Option<u16>) -> String {
        match shard {
            Some(shard) => format!("{org_id}#{config_id}/{shard}"),
            None => format!("{org_id}#{config_id}"),
        }
    }

    /// The values of [`Self::FIELDS`].
    pub fn values(&self) -> [&str; 3] {
        let (org_id, partition) = self.pk.rsplit_once('#').unwrap_or_default();
        let (config_id, _shard) = partition.split_once('/').unwrap_or((partition, ""));
        [org_id, config_id, &self.sk]
    }
}

/// A value in DynamoDB's JSON format, as it is read.
#[derive(Deserialize)]
enum Attribute {
    S(String),
    N(String),
    #[serde(rename = "BOOL")]
    Bool(bool),
    #[serde(rename = "NULL")]
    Null(#[expect(dead_code, reason = "it is always true")] bool),
    L(Vec<Self>),
    M(BTreeMap<String, Self>),
}

/// A value that is written in DynamoDB's JSON format.
struct Written<'a>(&'a Value);

/// The items of a list.
struct WrittenItems<'a>(&'a [Value]);

/// The fields of a map.
struct WrittenFields<'a>(&'a Map<String, Value>);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const NAME: &str = "Attribute";
        match self.0 {
            Value::Null => serializer.serialize_newtype_variant(NAME, 0, "NULL", &true),
            Value::Bool(value) => serializer.serialize_newtype_variant(NAME, 1, "BOOL", value),
            Value::Number(number) => serializer.serialize_newtype_variant(NAME, 2, "N", &number.to_string()),
            Value::String(text) => serializer.serialize_newtype_variant(NAME, 3, "S", text),
            Value::Array(items) => serializer.serialize_newtype_variant(NAME, 4, "L", &WrittenItems(items)),
            Value::Object(fields) => {
                serializer.serialize_newtype_variant(NAME, 5, "M", &WrittenFields(fields))
            }
        }
    }
}

impl Serialize for WrittenItems<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Written))
    }
}

impl Serialize for WrittenFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, Written(value))))
    }
}

impl TryFrom<Attribute> for Value {
    type Error = serde_json::Error;

    fn try_from(attribute: Attribute) -> Result<Self, Self::Error> {
        Ok(match attribute {
            Attribute::Null(_) => Self::Null,
            Attribute::Bool(value) => Self::Bool(value),
            Attribute::N(number) => Self::Number(number.parse::<Number>()?),
            Attribute::S(text) => Self::String(text),
            Attribute::L(items) => {
                Self::Array(items.into_iter().map(Self::try_from).collect::<Result<_, _>>()?)
            }
            Attribute::M(fields) => {
                let field = |(name, value)| Ok::<_, Self::Error>((name, Self::try_from(value)?));
                Self::Object(fields.into_iter().map(field).collect::<Result<Map<_, _>, _>>()?)
            }
        })
    }
}

pub(crate) fn serialize<S: Serializer>(record: &EventRecord, serializer: S) -> Result<S::Ok, S::Error> {
    let RecordKey { pk, sk } = RecordKey::of(&record.org_id, record.config_id, record.event_id);
    let Value::Object(mut fields) = serde_json::to_value(record).map_err(S::Error::custom)? else {
        return Err(S::Error::custom("a record is an object"));
    };
    for name in RecordKey::FIELDS {
        fields.remove(name);
    }
    fields.insert("pk".to_owned(), pk.into());
    fields.insert("sk".to_owned(), sk.into());
    WrittenFields(&fields).serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<EventRecord, D::Error> {
    #[derive(Deserialize)]
    struct Item {
        pk: Attribute,
        sk: Attribute,
        #[serde(flatten)]
        fields: BTreeMap<String, Attribute>,
    }

    let Item { pk: Attribute::S(pk), sk: Attribute::S(sk), fields } = Item::deserialize(deserializer)? else {
        return Err(D::Error::custom("the key of an item is text"));
    };
    let key = RecordKey { pk, sk };
    let mut record = Map::new();
    for (name, value) in RecordKey::FIELDS.into_iter().zip(key.values()) {
        record.insert(name.to_owned(), value.into());
    }
    for (name, attribute) in fields {
        record.insert(name, attribute.try_into().map_err(D::Error::custom)?);
    }
    serde_json::from_value(record.into()).map_err(D::Error::custom)
}

/// The same for a record that may be absent.
pub(crate) mod optional {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::EventRecord;

    #[derive(Serialize, Deserialize)]
    struct Item(#[serde(with = "super")] EventRecord);

    pub(crate) fn serialize<S: Serializer>(
        record: &Option<EventRecord>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        record.clone().map(Item).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<EventRecord>, D::Error> {
        Ok(Option::<Item>::deserialize(deserializer)?.map(|Item(record)| record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Output {
        #[serde(with = "super")]
        record: EventRecord,
    }

    const ITEM: &str = r##"{"record":{"attempt_count":{"N":"0"},"created_at":{"S":"2026-01-02T03:04:05.000Z"},"execution":{"S":"e"},"expires_at":{"N":"1"},"origin":{"S":"api"},"pk":{"S":"acme#0190a000-0000-7000-8000-00000000000a"},"reason":{"M":{"code":{"S":"filter_missed"},"detail":{"S":"no"}}},"sent":{"M":{"content_type":{"S":"text/xml"},"size":{"N":"3"}}},"sk":{"S":"0190a000-0000-7000-8000-00000000000b"},"status":{"S":"skipped"},"updated_at":{"S":"2026-01-02T03:04:05.000Z"}}}"##;

    #[test]
    fn a_record_is_an_item_and_back() {
        let output: Output = serde_json::from_str(ITEM).unwrap();
        assert_eq!(output.record.org_id.to_string(), "acme");
        assert_eq!(output.record.sent.as_ref().map(|sent| sent.size), Some(3));
        // The order of an item's attributes means nothing.
        let item: Value = serde_json::from_str(ITEM).unwrap();
        assert_eq!(serde_json::to_value(&output).unwrap(), item);
    }

    #[test]
    fn the_key_says_the_partition_and_is_made_of_the_id_alone() {
        let (org_id, config_id) =
            ("acme".parse().unwrap(), "0190a000-0000-7000-8000-00000000000a".parse().unwrap());
        for (event_id, pk) in [
            ("0190a000-0000-7003-8000-00000000000b", "acme#0190a000-0000-7000-8000-00000000000a"),
            ("0190a000-0000-8003-8000-00000000000b", "acme#0190a000-0000-7000-8000-00000000000a/3"),
        ] {
            let key = RecordKey::of(&org_id, config_id, event_id.parse().unwrap());
            assert_eq!(key, RecordKey { pk: pk.to_owned(), sk: event_id.to_owned() });
            assert_eq!(key.values(), ["acme", "0190a000-0000-7000-8000-00000000000a", event_id]);
        }
    }
}
