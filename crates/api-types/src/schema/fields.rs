//! Objects whose schemas are written out, because a derived one would say too little.

use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

/// An object of just these fields.
pub(super) struct Fields(ObjectBuilder);

impl Fields {
    pub(super) fn new(description: &str) -> Self {
        let none = AdditionalProperties::<Schema>::FreeForm(false);
        Self(ObjectBuilder::new().description(Some(description)).additional_properties(Some(none)))
    }

    /// The variant with this `type`.
    pub(super) fn variant(name: &str, description: &str) -> Self {
        let kind = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([name]));
        Self(Self::new(description).0.title(Some(name))).required("type", kind)
    }

    pub(super) fn required(self, name: &str, schema: impl Into<RefOr<Schema>>) -> Self {
        Self(self.0.property(name, schema).required(name))
    }

    pub(super) fn optional(self, name: &str, schema: impl Into<RefOr<Schema>>) -> Self {
        Self(self.0.property(name, schema))
    }

    pub(super) fn build(self) -> Object {
        self.0.build()
    }
}

/// A text with this description.
pub(super) fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description))
}
