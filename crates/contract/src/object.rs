//! Deserialising structures from JSON objects only. By default, serde also reads a structure from an array of
//! its fields.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// A structure that was read from a JSON object, never from an array.
pub(crate) struct Object<T>(pub(crate) T);

impl<T> Object<T> {
    /// For `deserialize_with`: reads the structure itself.
    pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error>
    where
        T: Deserialize<'de>,
    {
        Self::deserialize(deserializer).map(|Self(value)| value)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(Fields(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use crate::ConfigFields;

    #[test]
    fn no_array_stands_for_an_object() {
        let read = |field: &str| {
            let json = format!(r#"{{"name":"n","url":"https://example.com/",{field}}}"#);
            serde_json::from_str::<ConfigFields>(&json).map_err(|error| error.to_string())
        };
        let oauth =
            r#""auth":{"type":"oauth_client_credentials","token_url":"u","client_id":"c","parameters":"#;
        for (array, object) in [
            (r#""tls":[null,null]"#.to_owned(), r#""tls":{}"#.to_owned()),
            (r#""auth":["none"]"#.to_owned(), r#""auth":{"type":"none"}"#.to_owned()),
            (r#""retry":[[5]]"#.to_owned(), r#""retry":{"schedule_seconds":[5]}"#.to_owned()),
            (format!(r#"{oauth}[["body","n"]]}}"#), format!(r#"{oauth}[{{"in":"body","name":"n"}}]}}"#)),
        ] {
            assert!(read(&array).unwrap_err().contains("expected an object"), "{array}");
            assert!(read(&object).is_ok(), "{object}");
        }
    }
}
