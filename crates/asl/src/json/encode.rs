//! Writes typed values as a [`Json`], with the same results as `serde_json::to_value`.

use serde::ser::{
    Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::{Error, Number};

use super::{Json, Name};

/// Serialises a value to a [`Json`].
#[derive(Clone, Copy)]
pub(super) struct Encoder;

/// An array that is being written, perhaps as the content of an enum's variant.
pub(super) struct Array {
    items: Vec<Json>,
    variant: Option<&'static str>,
}

/// An object that is being written, perhaps as the content of an enum's variant.
pub(super) struct Object {
    fields: Vec<(Name, Json)>,
    name: Option<Name>,
    variant: Option<&'static str>,
}

impl Array {
    fn push<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        self.items.push(item.serialize(Encoder)?);
        Ok(())
    }

    fn finish(self) -> Json {
        within(self.variant, Json::array(self.items))
    }
}

impl Object {
    fn new(capacity: usize, variant: Option<&'static str>) -> Object {
        Object { fields: Vec::with_capacity(capacity), name: None, variant }
    }

    fn push<T: Serialize + ?Sized>(&mut self, name: &'static str, field: &T) -> Result<(), Error> {
        self.fields.push((Name::Static(name), field.serialize(Encoder)?));
        Ok(())
    }
}

fn within(variant: Option<&'static str>, content: Json) -> Json {
    match variant {
        Some(variant) => Json::object_of_distinct(vec![(Name::Static(variant), content)]),
        None => content,
    }
}

impl Serializer for Encoder {
    type Ok = Json;
    type Error = Error;
    type SerializeSeq = Array;
    type SerializeTuple = Array;
    type SerializeTupleStruct = Array;
    type SerializeTupleVariant = Array;
    type SerializeMap = Object;
    type SerializeStruct = Object;
    type SerializeStructVariant = Object;

    fn serialize_bool(self, value: bool) -> Result<Json, Error> {
        Ok(Json::Bool(value))
    }

    fn serialize_i8(self, value: i8) -> Result<Json, Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<Json, Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<Json, Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<Json, Error> {
        Ok(Json::Number(value.into()))
    }

    fn serialize_u8(self, value: u8) -> Result<Json, Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<Json, Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<Json, Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<Json, Error> {
        Ok(Json::Number(value.into()))
    }

    fn serialize_f32(self, value: f32) -> Result<Json, Error> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<Json, Error> {
        Ok(Number::from_f64(value).map_or(Json::Null, Json::Number))
    }

    fn serialize_char(self, value: char) -> Result<Json, Error> {
        Ok(Json::from(value.to_string()))
    }

    fn serialize_str(self, value: &str) -> Result<Json, Error> {
        Ok(Json::from(value))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Json, Error> {
        Ok(Json::array(value.iter().map(|&byte| Json::Number(byte.into())).collect()))
    }

    fn serialize_none(self) -> Result<Json, Error> {
        Ok(Json::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Json, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Json, Error> {
        Ok(Json::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Json, Error> {
        Ok(Json::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Json, Error> {
        Ok(Json::from(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Json, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Json, Error> {
        Ok(within(Some(variant), value.serialize(self)?))
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Array, Error> {
        Ok(Array { items: Vec::with_capacity(length.unwrap_or(0)), variant: None })
    }

    fn serialize_tuple(self, length: usize) -> Result<Array, Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Array, Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Array, Error> {
        Ok(Array { items: Vec::with_capacity(length), variant: Some(variant) })
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Object, Error> {
        Ok(Object::new(length.unwrap_or(0), None))
    }

    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Object, Error> {
        Ok(Object::new(length, None))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Object, Error> {
        Ok(Object::new(length, Some(variant)))
    }
}

macro_rules! array {
    ($($of:ident $write:ident),* $(,)?) => {$(
        impl $of for Array {
            type Ok = Json;
            type Error = Error;

            fn $write<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
                self.push(item)
            }

            fn end(self) -> Result<Json, Error> {
                Ok(self.finish())
            }
        }
    )*};
}

array!(
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
);

impl SerializeMap for Object {
    type Ok = Json;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.name = Some(match key.serialize(Encoder)? {
            Json::String(name) => Name::Shared(name),
            Json::Number(number) => Name::from(number.to_string()),
            Json::Bool(bool) => Name::from(bool.to_string()),
            _ => return Err(Error::custom("key must be a string")),
        });
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let name = self.name.take().ok_or_else(|| Error::custom("a value without its key"))?;
        self.fields.push((name, value.serialize(Encoder)?));
        Ok(())
    }

    fn end(self) -> Result<Json, Error> {
        Ok(within(self.variant, Json::object(self.fields)))
    }
}

/// A flattened field may repeat a name, but then it is written as a map.
impl SerializeStruct for Object {
    type Ok = Json;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, field: &T) -> Result<(), Error> {
        self.push(name, field)
    }

    fn end(self) -> Result<Json, Error> {
        Ok(within(self.variant, Json::object(self.fields)))
    }
}

impl SerializeStructVariant for Object {
    type Ok = Json;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, field: &T) -> Result<(), Error> {
        self.push(name, field)
    }

    fn end(self) -> Result<Json, Error> {
        Ok(within(self.variant, Json::object(self.fields)))
    }
}
