//! The table operations that the product uses.
//!
//! Requests, responses and errors are those of the AWS SDK, so that on AWS they go to DynamoDB as they are. On one
//! machine the storage answers them in the process: no HTTP request, no JSON and no signature is made for a call that
//! never leaves the process. [`Client`] has the SDK's request builders, with the fields that the product sets.

mod dynamodb;
mod operations;
mod pages;
mod requests;
mod size;

pub use aws_sdk_dynamodb::types::AttributeValue;
pub use operations::{Answer, Operations};
pub use pages::{Items, Pages};
pub use requests::{
    BatchGetItem, Client, DeleteItem, GetItem, PutItem, Query, Scan, TransactWriteItems, UpdateItem,
};
pub use size::size;

/// An item: its attributes by name.
pub type Item = std::collections::HashMap<String, AttributeValue>;
