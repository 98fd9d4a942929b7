//! The names that serde knows, asked of serde itself.

use std::fmt::Display;

use serde::de::value::Error;
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

/// The names of an enum's variants, or of a structure's fields, as JSON has them. None for other types.
pub(crate) fn names<T: for<'de> Deserialize<'de>>() -> &'static [&'static str] {
    let mut names: &'static [&'static str] = &[];
    // There is nothing to read: that this fails is how it ends.
    let _ = T::deserialize(Listener { names: &mut names });
    names
}

/// Hears which names are wanted, and has no value to give.
struct Listener<'a> {
    names: &'a mut &'static [&'static str],
}

fn nothing_to_read<T>(what: impl Display) -> Result<T, Error> {
    Err(de::Error::custom(what))
}

impl<'de> Deserializer<'de> for Listener<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        nothing_to_read("a value")
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        *self.names = fields;
        nothing_to_read(name)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        *self.names = variants;
        nothing_to_read(name)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq
        tuple tuple_struct map identifier ignored_any
    }
}
