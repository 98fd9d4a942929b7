//! The items of DynamoDB tables in the storage of the embedded host.
//!
//! # Theory of operation
//!
//! An item is a row: its table, its key and its attributes in a compact encoding (see `encoding`). A table's key is
//! one or two strings; that is all that the product has. A secondary index is a second table with the keys of the items
//! that have the index's attributes (see `rows`).
//!
//! Requests arrive as the SDK's types and are answered with them ([`ItemTables`] implements
//! [`Operations`](hookstep_tables::Operations)). Expressions are parsed once and kept (see `expression`); a condition is
//! evaluated and its item written in one step of the storage's writer, so that nothing comes between them. Reads happen on
//! the caller's thread, and see every write that was answered.
//!
//! Only what the product uses is there: the operations of `Operations`, and expressions with `=`, `<`, `<=`, `>`, `>=`,
//! `BETWEEN`, `IN`, `AND`, `OR`, `NOT`, `attribute_exists`, `attribute_not_exists`, `begins_with`, `contains` and `size`,
//! `SET` with `if_not_exists`, and `REMOVE`. Everything else is refused with DynamoDB's `ValidationException`. Tests compare
//! the answers with those of another implementation of DynamoDB.

mod capacity;
mod definition;
mod encoding;
mod engine;
mod error;
mod expression;
mod json;
mod rows;

pub use capacity::Charge;
pub use definition::{IndexDefinition, TableDefinition, ViewDefinition};
pub use engine::{ItemTables, JsonRequest};
pub use error::{Answered, Refusal};
pub use json::{item_of, json_of};
pub use rows::SCHEMA;
