//! The parts of an OpenAPI document that the page shows, in the order of the document.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

#[derive(serde::Deserialize)]
pub(super) struct Document {
    pub(super) info: Info,
    pub(super) tags: Vec<Tag>,
    pub(super) paths: Ordered<Ordered<Operation>>,
    pub(super) components: Components,
}

#[derive(serde::Deserialize)]
pub(super) struct Info {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) version: String,
}

#[derive(serde::Deserialize)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) description: String,
}

#[derive(serde::Deserialize)]
pub(super) struct Components {
    pub(super) schemas: Ordered<Schema>,
    pub(super) responses: Ordered<Response>,
}

#[derive(serde::Deserialize)]
pub(super) struct Operation {
    #[serde(rename = "operationId")]
    pub(super) id: String,
    pub(super) tags: Vec<String>,
    pub(super) summary: String,
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) parameters: Vec<Parameter>,
    #[serde(rename = "requestBody")]
    pub(super) body: Option<Body>,
    pub(super) responses: Ordered<Response>,
    #[serde(rename = "x-required-scope")]
    pub(super) scope: String,
}

#[derive(serde::Deserialize)]
pub(super) struct Parameter {
    pub(super) name: String,
    #[serde(rename = "in")]
    pub(super) place: String,
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) required: bool,
    pub(super) schema: Schema,
}

#[derive(serde::Deserialize)]
pub(super) struct Body {
    pub(super) description: Option<String>,
    pub(super) content: Ordered<Content>,
    #[serde(default)]
    pub(super) required: bool,
}

/// A response, or a reference to one.
#[derive(serde::Deserialize)]
pub(super) struct Response {
    #[serde(rename = "$ref")]
    reference: Option<String>,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) content: Ordered<Content>,
}

#[derive(serde::Deserialize)]
pub(super) struct Content {
    pub(super) schema: Option<Schema>,
    pub(super) example: Option<Value>,
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Schema {
    #[serde(rename = "$ref")]
    reference: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<JsonType>,
    pub(super) title: Option<String>,
    pub(super) format: Option<String>,
    pub(super) description: Option<String>,
    pub(super) properties: Ordered<Schema>,
    pub(super) additional_properties: Option<Value>,
    pub(super) required: Vec<String>,
    pub(super) items: Option<Box<Schema>>,
    pub(super) one_of: Vec<Schema>,
    #[serde(rename = "enum")]
    pub(super) values: Vec<Value>,
    pub(super) default: Option<Value>,
    pub(super) examples: Vec<Value>,
    pub(super) minimum: Option<Value>,
    pub(super) maximum: Option<Value>,
    pub(super) min_length: Option<u64>,
    pub(super) max_length: Option<u64>,
    pub(super) max_items: Option<u64>,
    pub(super) write_only: bool,
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
pub(super) enum JsonType {
    One(String),
    Some(Vec<String>),
}

impl Response {
    /// Whether it is a reference to a response that many operations share.
    pub(super) fn is_shared(&self) -> bool {
        self.reference.is_some()
    }
}

impl Document {
    /// The schema that `schema` refers to, with its name.
    pub(super) fn named(&self, schema: &Schema) -> Option<(&str, &Schema)> {
        self.components.schemas.get(name_of(schema.reference.as_deref()?))
    }

    /// Resolves a reference to a shared response.
    pub(super) fn response<'a>(&'a self, response: &'a Response) -> &'a Response {
        let name = response.reference.as_deref().map(name_of);
        name.and_then(|name| self.components.responses.get(name)).map_or(response, |(_, response)| response)
    }
}

fn name_of(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

/// A JSON object that keeps the order of its members.
pub(super) struct Ordered<T>(Vec<(String, T)>);

impl<T> Ordered<T> {
    fn get(&self, name: &str) -> Option<(&str, &T)> {
        self.into_iter().find(|(key, _)| *key == name)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'a, T> IntoIterator for &'a Ordered<T> {
    type Item = (&'a str, &'a T);
    type IntoIter =
        std::iter::Map<std::slice::Iter<'a, (String, T)>, fn(&'a (String, T)) -> (&'a str, &'a T)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }

        deserializer.deserialize_map(Entries(PhantomData))
    }
}
