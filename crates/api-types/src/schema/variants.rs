//! Enums whose variants are names. The names are those that serde reads, so they cannot differ from the contract's.

use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::names::names;

macro_rules! variants {
    ($($(#[doc = $doc:literal])* $name:ident;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug)]
        pub enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let description = concat!($($doc),*).trim();
                let names = names::<hookstep_contract::$name>().iter().copied();
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some(description))
                    .enum_values(Some(names))
                    .into()
            }
        }

        impl ToSchema for $name {}
    )*};
}

variants! {
    /// Where an event stands.
    Status;
    /// How an event came in.
    Origin;
    /// The class of an attempt's end.
    Outcome;
    /// Where a bulk replay stands.
    ReplayStatus;
    /// What a token may do.
    Scope;
    /// The method of a token request: those that EventBridge takes.
    TokenMethod;
    /// Where a parameter of a token request goes.
    Place;
    /// How conditions go together.
    LogicalOperator;
    /// How a field is compared. Those of a length count the items of a list; one value is 1, none is 0.
    Operator;
    /// As what a field and the values beside it are read.
    FieldKind;
}
