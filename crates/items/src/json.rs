//! Items in DynamoDB's JSON, in which state machines and old data have them.

use std::fmt;

use aws_sdk_dynamodb::primitives::Blob;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookstep_tables::{AttributeValue, Item};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::error::Answered;
use crate::expression::invalid;

/// The item in DynamoDB's JSON: `{"name": {"S": "text"}}`.
///
/// # Errors
/// If a value is not of DynamoDB's form.
pub fn item_of(json: Value) -> Answered<Item> {
    JsonItem::deserialize(json).map(|JsonItem(item)| item).map_err(|error| invalid(error.to_string()))
}

/// An item that is read from DynamoDB's JSON.
pub(crate) struct JsonItem(pub(crate) Item);

/// A value that is read from DynamoDB's JSON.
struct JsonValue(AttributeValue);

impl<'de> Deserialize<'de> for JsonItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ItemVisitor)
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = JsonItem;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an item, which must be an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<JsonItem, A::Error> {
        let mut item = Item::with_capacity(fields.size_hint().unwrap_or(0));
        while let Some((name, JsonValue(value))) = fields.next_entry()? {
            item.insert(name, value);
        }
        Ok(JsonItem(item))
    }
}

impl<'de> Deserialize<'de> for JsonValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ValueVisitor)
    }
}

struct ValueVisitor;

/// What [`ValueVisitor`] expects.
const VALUE: &str = "a value, which must be an object with one of DynamoDB's types";

/// The types of DynamoDB.
#[derive(serde::Deserialize)]
enum Type {
    S,
    N,
    B,
    #[serde(rename = "BOOL")]
    Bool,
    #[serde(rename = "NULL")]
    Null,
    M,
    L,
    #[serde(rename = "SS")]
    Ss,
    #[serde(rename = "NS")]
    Ns,
    #[serde(rename = "BS")]
    Bs,
}

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = JsonValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(VALUE)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<JsonValue, A::Error> {
        let wrong = || A::Error::custom(format_args!("there is no value, but {VALUE}"));
        let value = match fields.next_key()?.ok_or_else(wrong)? {
            Type::S => AttributeValue::S(fields.next_value()?),
            Type::N => {
                let number: String = fields.next_value()?;
                if !number.parse::<f64>().is_ok_and(f64::is_finite) {
                    return Err(A::Error::custom("a number must be the text of one"));
                }
                AttributeValue::N(number)
            }
            Type::B => AttributeValue::B(blob(&fields.next_value::<String>()?)?),
            Type::Bool => AttributeValue::Bool(fields.next_value()?),
            Type::Null => AttributeValue::Null(fields.next_value::<bool>().map(|_| true)?),
            Type::M => AttributeValue::M(fields.next_value::<JsonItem>()?.0),
            Type::L => {
                let values: Vec<JsonValue> = fields.next_value()?;
                AttributeValue::L(values.into_iter().map(|JsonValue(value)| value).collect())
            }
            Type::Ss => AttributeValue::Ss(fields.next_value()?),
            Type::Ns => AttributeValue::Ns(fields.next_value()?),
            Type::Bs => {
                let members: Vec<String> = fields.next_value()?;
                AttributeValue::Bs(members.iter().map(|text| blob(text)).collect::<Result<_, _>>()?)
            }
        };
        match fields.next_key::<Type>()? {
            None => Ok(JsonValue(value)),
            Some(_) => Err(A::Error::custom("a value must have one type")),
        }
    }
}

fn blob<E: Error>(text: &str) -> Result<Blob, E> {
    STANDARD.decode(text).map(Blob::new).map_err(|_| E::custom("a binary value must be Base64"))
}

/// DynamoDB's JSON for an item.
pub fn json_of(item: &Item) -> Value {
    item.iter().map(|(name, value)| (name.clone(), json_of_value(value))).collect::<Map<_, _>>().into()
}

fn json_of_value(value: &AttributeValue) -> Value {
    let (kind, value) = match value {
        AttributeValue::S(text) => ("S", text.as_str().into()),
        AttributeValue::N(number) => ("N", number.as_str().into()),
        AttributeValue::B(bytes) => ("B", STANDARD.encode(bytes.as_ref()).into()),
        AttributeValue::Bool(truth) => ("BOOL", Value::from(*truth)),
        AttributeValue::M(fields) => ("M", json_of(fields)),
        AttributeValue::L(values) => ("L", values.iter().map(json_of_value).collect()),
        AttributeValue::Ss(members) => ("SS", members.clone().into()),
        AttributeValue::Ns(members) => ("NS", members.clone().into()),
        AttributeValue::Bs(members) => {
            ("BS", members.iter().map(|bytes| Value::from(STANDARD.encode(bytes.as_ref()))).collect())
        }
        _ => ("NULL", Value::from(true)),
    };
    Map::from_iter([(kind.to_owned(), value)]).into()
}
