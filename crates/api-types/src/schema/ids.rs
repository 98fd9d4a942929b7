//! Ids and times: texts of a form.

use utoipa::openapi::schema::{KnownFormat, Object, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

macro_rules! texts {
    ($($(#[doc = $doc:literal])* $name:ident = $schema:expr;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug)]
        pub enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let mut schema: Object = $schema;
                schema.description = Some(concat!($($doc),*).trim().to_owned());
                schema.into()
            }
        }

        impl ToSchema for $name {}
    )*};
}

texts! {
    /// The id of an org, which is a tenant.
    OrgId = text("acme").pattern(Some("^[a-z0-9_-]{1,32}$")).build();
    /// The id of a webhook: a lowercase UUID.
    ConfigId = uuid("01939f2e-7c00-7000-8000-5f2a6c1d9e01");
    /// The id of an event: a lowercase UUID (version 7, or 8 with the same time part), so that sorting by it sorts by time.
    EventId = uuid("01939f2e-8a10-7000-8000-2b7d40c5aa12");
    /// The id of an API token: a lowercase UUIDv7. It is not secret.
    TokenId = uuid("01939f2e-9b20-7000-8000-7c1f0e3b6d45");
    /// The id of a session in the console: a lowercase UUIDv7. It is not secret.
    SessionId = uuid("01939f2e-a930-7000-8000-4e8b2c5f7a06");
    /// The id of an entry of the audit log: a lowercase UUIDv7, so that sorting by it sorts by time.
    AuditId = uuid("01939f2e-b740-7000-8000-9d3e1a6c2b58");
    /// The id of a request to erase events: a lowercase UUIDv7, so that sorting by it sorts by time.
    ErasureId = uuid("01939f2e-c850-7000-8000-6f4d2b8e1c37");
    /// A point in time in UTC, to the millisecond; RFC 3339 in JSON.
    Timestamp = text("2026-01-02T03:04:05.678Z").format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).build();
}

fn text(example: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).examples([example])
}

fn uuid(example: &str) -> Object {
    text(example).format(Some(SchemaFormat::Custom("uuid".to_owned()))).build()
}
