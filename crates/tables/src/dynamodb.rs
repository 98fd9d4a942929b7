//! DynamoDB answers the operations.

use aws_sdk_dynamodb::Client;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::{Answer, Operations};

/// Sends each request with the SDK's client.
macro_rules! send {
    ($($name:ident, $input:ident => $output:ident, $error:ident;)*) => {
        impl Operations for Client {
            $(fn $name(
                &self,
                input: aws_sdk_dynamodb::operation::$name::builders::$input,
            ) -> BoxFuture<'_, Answer<
                aws_sdk_dynamodb::operation::$name::$output,
                aws_sdk_dynamodb::operation::$name::$error,
            >> {
                input.send_with(self).boxed()
            })*
        }
    };
}

send! {
    get_item, GetItemInputBuilder => GetItemOutput, GetItemError;
    put_item, PutItemInputBuilder => PutItemOutput, PutItemError;
    update_item, UpdateItemInputBuilder => UpdateItemOutput, UpdateItemError;
    delete_item, DeleteItemInputBuilder => DeleteItemOutput, DeleteItemError;
    query, QueryInputBuilder => QueryOutput, QueryError;
    scan, ScanInputBuilder => ScanOutput, ScanError;
    batch_get_item, BatchGetItemInputBuilder => BatchGetItemOutput, BatchGetItemError;
    transact_write_items, TransactWriteItemsInputBuilder => TransactWriteItemsOutput, TransactWriteItemsError;
}
