//! A JSON value whose copies share their parts.
//!
//! The data of an execution is handed from state to state, kept in variables and in the history, and passed to
//! functions. A clone of a [`Json`] therefore costs the same for a number and for a body of 200 KB.

mod decode;
mod encode;
mod limit;
mod name;
mod read;
pub(crate) mod write;

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};

pub use limit::{DATA_LIMIT_BYTES, within_data_limit};
pub use name::Name;

/// A JSON value that is cheap to clone. Objects keep the order of their fields.
#[derive(Clone, Default)]
pub enum Json {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(Arc<str>),
    /// An array.
    Array(Items),
    /// An object.
    Object(Fields),
}

/// The items of an array.
#[derive(Clone)]
pub struct Items(Arc<(Traits, Vec<Json>)>);

/// The fields of an object, in their order and each with a name of its own.
#[derive(Clone)]
pub struct Fields(Arc<(Traits, Vec<(Name, Json)>)>);

/// What is known about a value without looking at its parts.
#[derive(Clone, Copy)]
struct Traits {
    /// At least the length of the value's JSON text, in bytes.
    max_bytes: usize,
    /// Whether JSONata would write every number in the value as it is; see [`is_plain_number`].
    plain: bool,
}

impl Json {
    /// An array.
    pub fn array(items: Vec<Json>) -> Json {
        Json::Array(Items::new(items))
    }

    /// An object. If a name occurs twice, its last value counts.
    pub fn object(fields: impl IntoIterator<Item = (impl Into<Name>, Json)>) -> Json {
        let fields = fields.into_iter().map(|(name, field)| (name.into(), field)).collect();
        Json::Object(Fields::new(name::without_repetitions(fields)))
    }

    /// An object whose names are known to differ.
    pub(crate) fn object_of_distinct(fields: Vec<(Name, Json)>) -> Json {
        Json::Object(Fields::new(fields))
    }

    /// The value as its serde implementation writes it.
    ///
    /// # Errors
    /// If the value has no JSON form.
    pub fn encode(value: &impl Serialize) -> Result<Json, serde_json::Error> {
        value.serialize(encode::Encoder)
    }

    /// Reads a typed value.
    ///
    /// # Errors
    /// If this is not the JSON form of a `T`.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(self)
    }

    /// The field of an object; `None` if there is none, or this is not an object.
    pub fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(fields) => fields.get(name),
            _ => None,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value, with a copy of every part.
    pub fn to_value(&self) -> Value {
        match self {
            Json::Null => Value::Null,
            Json::Bool(bool) => Value::Bool(*bool),
            Json::Number(number) => Value::Number(number.clone()),
            Json::String(text) => Value::from(&**text),
            Json::Array(items) => items.iter().map(Json::to_value).collect(),
            Json::Object(fields) => {
                fields.iter().map(|(name, field)| (name.to_string(), field.to_value())).collect()
            }
        }
    }

    /// Whether JSONata would hand the value on unchanged.
    pub(crate) fn is_plain(&self) -> bool {
        self.traits().plain
    }

    fn traits(&self) -> Traits {
        let scalar = |max_bytes| Traits { max_bytes, plain: true };
        match self {
            Json::Null | Json::Bool(_) => scalar(5),
            Json::Number(number) => Traits { plain: is_plain_number(number), ..scalar(MAX_NUMBER_BYTES) },
            Json::String(text) => scalar(limit::max_text_bytes(text)),
            Json::Array(items) => items.0.0,
            Json::Object(fields) => fields.0.0,
        }
    }
}

/// The longest number that `serde_json` writes: sign, 17 digits, point and exponent.
const MAX_NUMBER_BYTES: usize = 26;

/// The largest whole number that `f64`, in which JSONata calculates, tells apart from its neighbours.
const EXACT_WHOLE_NUMBERS: u64 = 1 << 53;

/// Whether JSONata hands on this number as it is written: `1.0` would become `1`, and large numbers lose digits.
fn is_plain_number(number: &Number) -> bool {
    match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => whole.unsigned_abs() <= EXACT_WHOLE_NUMBERS,
        (None, Some(real)) => !number.is_u64() && real.fract() != 0.0,
        (None, None) => false,
    }
}

impl Items {
    fn new(items: Vec<Json>) -> Items {
        let traits = items.iter().map(Json::traits).fold(Traits::EMPTY, |sum, item| sum.and(item, 1));
        Items(Arc::new((traits, items)))
    }

    /// The items in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Json> {
        self.0.1.iter()
    }
}

impl Fields {
    fn new(fields: Vec<(Name, Json)>) -> Fields {
        let traits = fields.iter().fold(Traits::EMPTY, |sum, (name, field)| {
            sum.and(field.traits(), limit::max_text_bytes(name) + 2)
        });
        Fields(Arc::new((traits, fields)))
    }

    /// The field with this name.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.1.iter().find(|(known, _)| **known == *name).map(|(_, field)| field)
    }

    /// The fields in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Name, &Json)> {
        self.0.1.iter().map(|(name, field)| (name, field))
    }
}

impl Traits {
    const EMPTY: Traits = Traits { max_bytes: 2, plain: true };

    fn and(self, part: Traits, punctuation: usize) -> Traits {
        Traits {
            max_bytes: self.max_bytes.saturating_add(part.max_bytes).saturating_add(punctuation),
            plain: self.plain && part.plain,
        }
    }
}

/// As for [`Value`], the order of an object's fields does not count.
impl PartialEq for Json {
    fn eq(&self, other: &Json) -> bool {
        match (self, other) {
            (Json::Null, Json::Null) => true,
            (Json::Bool(one), Json::Bool(other)) => one == other,
            (Json::Number(one), Json::Number(other)) => one == other,
            (Json::String(one), Json::String(other)) => one == other,
            (Json::Array(one), Json::Array(other)) => one.0.1 == other.0.1,
            (Json::Object(one), Json::Object(other)) => {
                one.iter().len() == other.iter().len()
                    && one.iter().all(|(name, field)| other.get(name) == Some(field))
            }
            _ => false,
        }
    }
}

impl Eq for Json {}

impl From<Value> for Json {
    fn from(value: Value) -> Json {
        match value {
            Value::Null => Json::Null,
            Value::Bool(bool) => Json::Bool(bool),
            Value::Number(number) => Json::Number(number),
            Value::String(text) => Json::from(text),
            Value::Array(items) => Json::array(items.into_iter().map(Json::from).collect()),
            Value::Object(fields) => {
                let field = |(name, field): (String, Value)| (Name::from(name), Json::from(field));
                Json::object_of_distinct(fields.into_iter().map(field).collect())
            }
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::String(text.into())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Json {
        Json::String(text.into())
    }
}

#[cfg(test)]
pub(crate) mod tests;
