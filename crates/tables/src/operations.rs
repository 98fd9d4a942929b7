//! What answers the operations.

use std::fmt;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemError, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemInputBuilder;
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemError, DeleteItemOutput};
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use aws_sdk_dynamodb::operation::get_item::{GetItemError, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::operation::query::{QueryError, QueryOutput};
use aws_sdk_dynamodb::operation::scan::builders::ScanInputBuilder;
use aws_sdk_dynamodb::operation::scan::{ScanError, ScanOutput};
use aws_sdk_dynamodb::operation::transact_write_items::builders::TransactWriteItemsInputBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use futures_util::future::BoxFuture;

/// The answer to a request, as the SDK gives it.
pub type Answer<O, E> = Result<O, SdkError<E>>;

/// Answers the operations: DynamoDB, or the storage of one machine. The errors are DynamoDB's.
#[expect(missing_docs, reason = "the names are those of DynamoDB's operations")]
pub trait Operations: fmt::Debug + Send + Sync {
    /// A number that is another one after each write to the table was answered: as long as it is the same, so is what was
    /// read after it was. `None` if other processes write to the table.
    fn version(&self, table: &str) -> Option<u64> {
        let _ = table;
        None
    }
    fn get_item(&self, input: GetItemInputBuilder) -> BoxFuture<'_, Answer<GetItemOutput, GetItemError>>;
    fn put_item(&self, input: PutItemInputBuilder) -> BoxFuture<'_, Answer<PutItemOutput, PutItemError>>;
    fn update_item(
        &self,
        input: UpdateItemInputBuilder,
    ) -> BoxFuture<'_, Answer<UpdateItemOutput, UpdateItemError>>;
    fn delete_item(
        &self,
        input: DeleteItemInputBuilder,
    ) -> BoxFuture<'_, Answer<DeleteItemOutput, DeleteItemError>>;
    fn query(&self, input: QueryInputBuilder) -> BoxFuture<'_, Answer<QueryOutput, QueryError>>;
    fn scan(&self, input: ScanInputBuilder) -> BoxFuture<'_, Answer<ScanOutput, ScanError>>;
    fn batch_get_item(
        &self,
        input: BatchGetItemInputBuilder,
    ) -> BoxFuture<'_, Answer<BatchGetItemOutput, BatchGetItemError>>;
    fn transact_write_items(
        &self,
        input: TransactWriteItemsInputBuilder,
    ) -> BoxFuture<'_, Answer<TransactWriteItemsOutput, TransactWriteItemsError>>;
}
