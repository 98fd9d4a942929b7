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
    /// The status of an event.
    Status;
    /// How an event got to Hookstep.
    Origin;
    /// How an attempt ended.
    Outcome;
    /// How attempts are made on AWS: each by a function of its own, or several by one function, from a queue.
    Delivery;
    /// Where the attributes of a CloudEvent are: `binary` has them in headers and leaves the body as it is, `structured` has them in a
    /// JSON object with the body.
    CloudEventsMode;
    /// The status of a bulk replay.
    ReplayStatus;
    /// What a token may do. Only tokens of the platform have `platform`.
    Scope;
    /// What a session in the portal allows.
    ///
    /// `view`: look at webhooks, events and attempts. `replay`: also send tests, send events again, and cancel those that wait.
    /// `manage`: also create, change and delete webhooks. `manage_secrets`: also see new signing secrets, and rotate them.
    PortalRole;
    /// The language of the portal: English or German.
    Locale;
    /// Whether the portal is light, dark, or (`auto`) as the viewer's system says.
    ThemeMode;
    /// What somebody did, as the audit log names it.
    AuditAction;
    /// How far an action came. `started`: it is under way or, if it stays so, nobody knows how it ended. `refused`: it was not
    /// carried out. `failed`: a fault of the service ended it.
    AuditOutcome;
    /// Whether an org is in use.
    OrgStatus;
    /// What happens to an event whose payload does not satisfy the schema of its type.
    ///
    /// `ignore`: payloads are not checked. `mark`: it
    /// is delivered, and says that it does not match (`mismatch`). `reject`: it is not accepted.
    OnInvalid;
    /// How an OAuth client authenticates to the authorisation server.
    ///
    /// By default it sends its secret in the form, and with GET in an `Authorization: Basic` header. `private_key_jwt` is
    /// an assertion signed by RS256 or ES256 (RFC 7523), which depends on the kind of key.
    ClientAuthentication;
    /// The HTTP method of a token request.
    TokenMethod;
    /// Where a parameter of a token request goes.
    Place;
    /// How conditions are combined.
    LogicalOperator;
    /// How a field is compared. The `length_` operators compare the number of items of a list; a single value counts as 1, no value as 0.
    Operator;
    /// As which type a field and its values are compared.
    FieldKind;
}
