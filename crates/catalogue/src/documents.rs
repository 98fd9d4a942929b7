//! Event types in documents of others: the `webhooks` of OpenAPI 3.1, and the messages of AsyncAPI 2 and 3.
//!
//! A document comes from a stranger, and is small. What its types need is looked up type by type, so that many types that share a
//! large part are never in memory at once.

mod asyncapi;
mod export;
mod openapi;
mod refs;

use hookstep_contract::{FieldError, MAX_CATALOGUED_TYPES, OnInvalid};
use serde_json::Value;

pub use export::{DocumentFormat, Export};

/// The largest document, as JSON without white space, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 1024 * 1024;

/// The extensions that say what neither format has a place for.
const VERSION: &str = "x-hookstep-version";
const ON_INVALID: &str = "x-hookstep-on-invalid";
const DEPRECATED: &str = "x-hookstep-deprecated";

/// A document that describes event types.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    root: &'a Value,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    OpenApi,
    AsyncApi2,
    AsyncApi3,
}

/// An event type of a document, and where it is there.
#[derive(Clone, Debug)]
pub struct DescribedType<'a> {
    /// Its name. It may be none that a type can have.
    pub name: String,
    /// Where it is, as a JSON Pointer (RFC 6901).
    pub at: String,
    value: &'a Value,
}

/// What a document says of an event type. What it does not say is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Description {
    /// What an event of the type means.
    pub description: Option<String>,
    /// What it is listed with.
    pub group: Option<String>,
    /// Whether it is not to be used any more.
    pub deprecated: Option<bool>,
    /// What happens to an event whose payload does not satisfy the schema.
    pub on_invalid: Option<OnInvalid>,
    /// The name of the version.
    pub version: Option<String>,
    /// What the payloads look like, with all that it refers to in `$defs`.
    pub schema: Option<Value>,
    /// A payload.
    pub sample: Option<Value>,
}

/// Why an event type of a document cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The place in the document, as a JSON Pointer.
    pub at: String,
    /// What is wrong there.
    pub reason: String,
}

impl Unusable {
    fn new(at: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { at: at.into(), reason: reason.into() }
    }
}

/// The types of a document, or why one of them cannot be read.
type Types<'a> = Vec<Result<DescribedType<'a>, Unusable>>;

impl<'a> Document<'a> {
    /// Finds out what a document is.
    ///
    /// # Errors
    /// The field `openapi` or `asyncapi`, if it is neither, or in a version that is not understood.
    pub fn read(root: &'a Value) -> Result<Self, FieldError> {
        let is = |field: &str, begins: &[&str]| {
            let version = root[field].as_str().unwrap_or_default();
            begins.iter().any(|begin| version.starts_with(begin))
        };
        let kind = match () {
            () if is("openapi", &["3.1.", "3.2."]) => Kind::OpenApi,
            () if is("asyncapi", &["2."]) => Kind::AsyncApi2,
            () if is("asyncapi", &["3."]) => Kind::AsyncApi3,
            () if root.get("asyncapi").is_some() => {
                return Err(FieldError::new("asyncapi", "must be a version 2 or 3"));
            }
            () => {
                let reason = "must be 3.1 or 3.2, which have webhooks, unless it is an AsyncAPI document";
                return Err(FieldError::new("openapi", reason));
            }
        };
        Ok(Self { root, kind })
    }

    /// Its event types, each once.
    ///
    /// # Errors
    /// The field they are in, if there are more than a catalogue may have; no more than one above that is looked for.
    pub fn types(&self) -> Result<Types<'a>, FieldError> {
        let (field, types) = match self.kind {
            Kind::OpenApi => ("webhooks", openapi::types(self.root)),
            Kind::AsyncApi2 => ("channels", asyncapi::types_of_2(self.root)),
            Kind::AsyncApi3 => ("channels", asyncapi::types_of_3(self.root)),
        };
        if types.len() > MAX_CATALOGUED_TYPES {
            let reason = format!("must have at most {MAX_CATALOGUED_TYPES} event types");
            return Err(FieldError::new(field, reason));
        }
        Ok(types)
    }

    /// The field in which a document that has no event type would have some.
    pub fn no_types(&self) -> FieldError {
        let (field, reason) = match self.kind {
            Kind::OpenApi => ("webhooks", "must have at least one webhook"),
            Kind::AsyncApi2 => ("channels", "must have at least one message to which others subscribe"),
            Kind::AsyncApi3 => ("operations", "must have at least one that sends a message"),
        };
        FieldError::new(field, reason)
    }

    /// What the document says of one of its types.
    ///
    /// # Errors
    /// The place that cannot be understood.
    pub fn describe(&self, described: &DescribedType<'a>) -> Result<Description, Unusable> {
        match self.kind {
            Kind::OpenApi => openapi::describe(self.root, described),
            Kind::AsyncApi2 | Kind::AsyncApi3 => asyncapi::describe(self.root, described),
        }
    }
}

/// What the extensions of a value say.
fn extended(value: &Value, at: &str) -> Result<Description, Unusable> {
    let on_invalid = value.get(ON_INVALID).map(|given| {
        let known = OnInvalid::ALL.into_iter().find(|known| given == known.as_str());
        known.ok_or_else(|| Unusable::new(format!("{at}/{ON_INVALID}"), "must be ignore, mark or reject"))
    });
    Ok(Description {
        version: text(value, VERSION),
        on_invalid: on_invalid.transpose()?,
        deprecated: value[DEPRECATED].as_bool(),
        ..Description::default()
    })
}

/// The text in a field.
fn text(value: &Value, field: &str) -> Option<String> {
    value[field].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests;
