//! Items in DynamoDB's JSON, in which state machines and old data have them.

use aws_sdk_dynamodb::primitives::Blob;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookstep_tables::{AttributeValue, Item};
use serde_json::{Map, Value};

use crate::error::Answered;
use crate::expression::invalid;

/// The item in DynamoDB's JSON: `{"name": {"S": "text"}}`.
///
/// # Errors
/// If a value is not of DynamoDB's form.
pub fn item_of(json: Value) -> Answered<Item> {
    let Value::Object(fields) = json else { return Err(invalid("an item must be an object")) };
    fields.into_iter().map(|(name, value)| Ok((name, value_of(value)?))).collect()
}

/// DynamoDB's JSON for an item.
pub fn json_of(item: &Item) -> Value {
    item.iter().map(|(name, value)| (name.clone(), json_of_value(value))).collect::<Map<_, _>>().into()
}

fn value_of(json: Value) -> Answered<AttributeValue> {
    let wrong = || invalid("a value must be an object with one of DynamoDB's types");
    let Value::Object(fields) = json else { return Err(wrong()) };
    let mut fields = fields.into_iter();
    let (Some((kind, value)), None) = (fields.next(), fields.next()) else { return Err(wrong()) };
    Ok(match (kind.as_str(), value) {
        ("S", Value::String(text)) => AttributeValue::S(text),
        ("N", Value::String(number)) if number.parse::<f64>().is_ok_and(f64::is_finite) => {
            AttributeValue::N(number)
        }
        ("B", Value::String(text)) => AttributeValue::B(blob(&text)?),
        ("BOOL", Value::Bool(truth)) => AttributeValue::Bool(truth),
        ("NULL", Value::Bool(_)) => AttributeValue::Null(true),
        ("M", value @ Value::Object(_)) => AttributeValue::M(item_of(value)?),
        ("L", Value::Array(values)) => {
            AttributeValue::L(values.into_iter().map(value_of).collect::<Answered<_>>()?)
        }
        ("SS", Value::Array(members)) => AttributeValue::Ss(texts(members)?),
        ("NS", Value::Array(members)) => AttributeValue::Ns(texts(members)?),
        ("BS", Value::Array(members)) => {
            AttributeValue::Bs(texts(members)?.iter().map(|text| blob(text)).collect::<Answered<_>>()?)
        }
        _ => return Err(wrong()),
    })
}

fn blob(text: &str) -> Answered<Blob> {
    STANDARD.decode(text).map(Blob::new).map_err(|_| invalid("a binary value must be Base64"))
}

fn texts(members: Vec<Value>) -> Answered<Vec<String>> {
    members
        .into_iter()
        .map(|member| match member {
            Value::String(text) => Ok(text),
            _ => Err(invalid("the members of a set must be strings in JSON")),
        })
        .collect()
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
