//! Requests and how they are built.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use crate::{Answer, Item, Operations};

type Names = HashMap<String, String>;

/// A client of the tables. Clones share what answers.
#[derive(Clone, Debug)]
pub struct Client(Arc<dyn Operations>);

impl Client {
    /// A client whose requests `operations` answers.
    pub fn new(operations: impl Operations + 'static) -> Self {
        Self(Arc::new(operations))
    }

    /// A number that is another one after each write to the table was answered: as long as it is the same, so is what was
    /// read after it was. `None` if other processes write to the table.
    pub fn version(&self, table: &str) -> Option<u64> {
        self.0.version(table)
    }
}

impl From<aws_sdk_dynamodb::Client> for Client {
    fn from(client: aws_sdk_dynamodb::Client) -> Self {
        Self::new(client)
    }
}

/// Defines a request: a builder with the SDK's methods, and the method of [`Client`] that begins it.
macro_rules! request {
    (
        $(#[doc = $doc:literal])*
        $request:ident, $name:ident, $input:ident => $output:ident, $error:ident;
        $($method:ident($first:ty $(, $second:ty)?);)*
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug)]
        pub struct $request {
            client: Client,
            input: aws_sdk_dynamodb::operation::$name::builders::$input,
        }

        impl Client {
            $(#[doc = $doc])*
            pub fn $name(&self) -> $request {
                $request { client: self.clone(), input: Default::default() }
            }
        }

        impl $request {
            $(request! { @method $method($first $(, $second)?) })*

            /// Sends the request.
            ///
            /// # Errors
            /// DynamoDB's, or the client's if the request cannot be sent.
            pub async fn send(self) -> Answer<
                aws_sdk_dynamodb::operation::$name::$output,
                aws_sdk_dynamodb::operation::$name::$error,
            > {
                self.client.0.$name(self.input).await
            }
        }
    };
    (@method $method:ident($value:ty)) => {
        /// Sets the field of this name.
        #[must_use]
        pub fn $method(self, value: impl Into<$value>) -> Self {
            Self { client: self.client, input: self.input.$method(value.into()) }
        }
    };
    (@method $method:ident($key:ty, $value:ty)) => {
        /// Adds a value to the field of this name.
        #[must_use]
        pub fn $method(self, key: impl Into<$key>, value: impl Into<$value>) -> Self {
            Self { client: self.client, input: self.input.$method(key, value.into()) }
        }
    };
}

request! {
    /// Reads an item.
    GetItem, get_item, GetItemInputBuilder => GetItemOutput, GetItemError;
    table_name(String);
    set_key(Option<Item>);
    key(String, AttributeValue);
    consistent_read(bool);
    projection_expression(String);
    expression_attribute_names(String, String);
}

request! {
    /// Writes an item.
    PutItem, put_item, PutItemInputBuilder => PutItemOutput, PutItemError;
    table_name(String);
    set_item(Option<Item>);
    item(String, AttributeValue);
    condition_expression(String);
    expression_attribute_names(String, String);
    expression_attribute_values(String, AttributeValue);
    return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure);
}

request! {
    /// Changes an item, or makes it.
    UpdateItem, update_item, UpdateItemInputBuilder => UpdateItemOutput, UpdateItemError;
    table_name(String);
    set_key(Option<Item>);
    key(String, AttributeValue);
    update_expression(String);
    condition_expression(String);
    expression_attribute_names(String, String);
    set_expression_attribute_names(Option<Names>);
    expression_attribute_values(String, AttributeValue);
    set_expression_attribute_values(Option<Item>);
    return_values(ReturnValue);
    return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure);
}

request! {
    /// Deletes an item.
    DeleteItem, delete_item, DeleteItemInputBuilder => DeleteItemOutput, DeleteItemError;
    table_name(String);
    set_key(Option<Item>);
    key(String, AttributeValue);
    condition_expression(String);
    expression_attribute_names(String, String);
    expression_attribute_values(String, AttributeValue);
}

request! {
    /// Reads the items of a partition, in the order of their sort keys.
    Query, query, QueryInputBuilder => QueryOutput, QueryError;
    table_name(String);
    index_name(String);
    key_condition_expression(String);
    filter_expression(String);
    projection_expression(String);
    expression_attribute_names(String, String);
    expression_attribute_values(String, AttributeValue);
    consistent_read(bool);
    scan_index_forward(bool);
    limit(i32);
    set_limit(Option<i32>);
    set_exclusive_start_key(Option<Item>);
}

request! {
    /// Reads all items of a table.
    Scan, scan, ScanInputBuilder => ScanOutput, ScanError;
    table_name(String);
    filter_expression(String);
    projection_expression(String);
    expression_attribute_names(String, String);
    expression_attribute_values(String, AttributeValue);
    limit(i32);
    set_exclusive_start_key(Option<Item>);
}

request! {
    /// Reads up to a hundred items.
    BatchGetItem, batch_get_item, BatchGetItemInputBuilder => BatchGetItemOutput, BatchGetItemError;
    set_request_items(Option<HashMap<String, KeysAndAttributes>>);
}

request! {
    /// Writes several items, or none of them.
    TransactWriteItems, transact_write_items, TransactWriteItemsInputBuilder => TransactWriteItemsOutput, TransactWriteItemsError;
    set_transact_items(Option<Vec<TransactWriteItem>>);
    transact_items(TransactWriteItem);
}
