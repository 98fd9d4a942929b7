//! A schema that can be checked against.

use std::fmt;

use hookstep_contract::{FieldError, MAX_SCHEMA_BYTES};
use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::flatten::flatten;
use crate::graph::Graph;
use crate::mismatch;
use crate::work::{self, Ended};

/// The largest payload that is checked, in bytes. Reading it takes up to some fifty times as much memory.
pub const MAX_CHECKED_BYTES: usize = 256 * 1024;

/// The most memory that one pattern may take, in bytes, and its cache as much again.
const MAX_PATTERN_BYTES: usize = 32 * 1024;

/// What a compiled schema takes without its patterns, in bytes: an estimate for a large one.
const BASE_BYTES: usize = 256 * 1024;

/// Why a schema is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaFault {
    /// The part of the schema, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What is wrong with it.
    pub reason: String,
}

impl SchemaFault {
    /// The fault as one of the field that the schema is in.
    pub fn in_field(self, field: &str) -> FieldError {
        FieldError::new(format!("{field}{}", dotted(&self.pointer)), self.reason)
    }
}

/// Why a payload does not satisfy a schema. It repeats nothing of the payload but the names on the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsatisfied {
    /// The part of the payload, as a JSON Pointer.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Unsatisfied {
    /// About the whole payload.
    pub(crate) fn whole(reason: impl Into<String>) -> Self {
        Self { path: String::new(), reason: reason.into() }
    }

    /// The same as a fault of the field that the payload is in.
    pub fn in_field(self, field: &str) -> FieldError {
        FieldError::new(format!("{field}{}", dotted(&self.path)), self.reason)
    }
}

/// A JSON Pointer as the end of the name of a field, such as `.lines[0].sku`.
pub(crate) fn dotted(pointer: &str) -> String {
    let part = |part: &str| match part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty() {
        true => format!("[{part}]"),
        false => format!(".{}", part.replace("~1", "/").replace("~0", "~")),
    };
    pointer.split('/').skip(1).map(part).collect()
}

/// The SHA-256 of a schema, in hexadecimal: equal for equal schemas.
pub fn schema_hash(schema: &Value) -> String {
    hex::encode(Sha256::digest(schema.to_string()))
}

/// A compiled schema.
pub struct Schema {
    validator: Validator,
    /// The memory that it takes at most, in bytes: an estimate.
    pub(crate) bytes: usize,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schema")
    }
}

impl Schema {
    /// Compiles a schema (JSON Schema 2020-12).
    ///
    /// # Errors
    /// If it is not a valid schema, refers to something outside itself, or cannot be checked in bounded time and memory.
    pub fn compile(schema: &Value) -> Result<Self, SchemaFault> {
        let whole = |reason: String| SchemaFault { pointer: String::new(), reason };
        if !schema.is_object() {
            return Err(whole("must be an object".to_owned()));
        }
        if schema.to_string().len() > MAX_SCHEMA_BYTES {
            return Err(whole(format!("must be at most {} KiB", MAX_SCHEMA_BYTES / 1024)));
        }
        let graph = Graph::read(schema)?;
        jsonschema::draft202012::meta::validate(schema).map_err(|error| SchemaFault {
            pointer: error.instance_path().to_string(),
            reason: mismatch::reason(&error),
        })?;
        let built = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .offline()
            .should_validate_formats(false)
            .with_pattern_options(
                PatternOptions::regex().size_limit(MAX_PATTERN_BYTES).dfa_size_limit(MAX_PATTERN_BYTES),
            )
            .with_keyword(work::KEYWORD, work::keyword)
            .build(&flatten(&graph));
        // What the meta-schema allows is refused for its patterns alone.
        let bytes = BASE_BYTES + graph.patterns * 2 * MAX_PATTERN_BYTES;
        built.map(|validator| Self { validator, bytes }).map_err(|_| {
            whole(
                "has a pattern that is no regular expression, looks around or back, or is too large"
                    .to_owned(),
            )
        })
    }

    /// Checks a payload.
    ///
    /// # Errors
    /// If it does not satisfy the schema, is no JSON, or cannot be checked within the limits.
    pub fn check(&self, payload: &[u8]) -> Result<(), Unsatisfied> {
        if payload.len() > MAX_CHECKED_BYTES {
            let limit = MAX_CHECKED_BYTES / 1024;
            return Err(Unsatisfied::whole(format!("is larger than {limit} KiB, and was not checked")));
        }
        let payload = serde_json::from_slice(payload).map_err(|_| Unsatisfied::whole("is not JSON"))?;
        self.check_value(&payload)
    }

    /// Checks a value.
    ///
    /// # Errors
    /// If it does not satisfy the schema, or cannot be checked within the limits.
    pub fn check_value(&self, payload: &Value) -> Result<(), Unsatisfied> {
        let (result, ended) = work::bounded(|| {
            self.validator.validate(payload).map_err(|error| Unsatisfied {
                path: mismatch::path(&error),
                reason: mismatch::reason(&error),
            })
        });
        match ended {
            Ended::Yes => result,
            Ended::GivenUp => Err(Unsatisfied::whole("takes too many steps to check, and was not checked")),
        }
    }
}

#[cfg(test)]
mod tests;
