//! The operations as the SDK's clients know them.

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
use aws_sdk_dynamodb::types::CancellationReason;
use aws_sdk_dynamodb::types::error::{ConditionalCheckFailedException, TransactionCanceledException};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hookstep_tables::{Answer, Operations};

use super::ItemTables;
use crate::error::Refusal;

/// The error of an operation whose condition can fail.
macro_rules! conditional {
    ($error:ident) => {
        |refusal: Refusal| {
            let meta = refusal.metadata();
            match refusal {
                Refusal::Condition { item } => $error::ConditionalCheckFailedException(
                    ConditionalCheckFailedException::builder()
                        .message(refused())
                        .set_item(item.map(|item| *item))
                        .meta(meta)
                        .build(),
                ),
                _ => $error::generic(meta),
            }
        }
    };
}

/// The error of an operation that only fails as a whole.
macro_rules! plain {
    ($error:ident) => {
        |refusal: Refusal| $error::generic(refusal.metadata())
    };
}

impl Operations for ItemTables {
    fn version(&self, table: &str) -> Option<u64> {
        self.versions.of(self.tables.iter().position(|known| known.name == table)?)
    }

    fn get_item(&self, input: GetItemInputBuilder) -> BoxFuture<'_, Answer<GetItemOutput, GetItemError>> {
        async move {
            let input = input.build().map_err(SdkError::construction_failure)?;
            self.get(&input).map_err(|refusal| refusal.into_sdk(plain!(GetItemError)))
        }
        .boxed()
    }

    fn put_item(&self, input: PutItemInputBuilder) -> BoxFuture<'_, Answer<PutItemOutput, PutItemError>> {
        async move {
            let input = input.build().map_err(SdkError::construction_failure)?;
            self.put(input).await.map_err(|refusal| refusal.into_sdk(conditional!(PutItemError)))
        }
        .boxed()
    }

    fn update_item(
        &self,
        input: UpdateItemInputBuilder,
    ) -> BoxFuture<'_, Answer<UpdateItemOutput, UpdateItemError>> {
        async move {
            let input = input.build().map_err(SdkError::construction_failure)?;
            self.update(input).await.map_err(|refusal| refusal.into_sdk(conditional!(UpdateItemError)))
        }
        .boxed()
    }

    fn delete_item(
        &self,
        input: DeleteItemInputBuilder,
    ) -> BoxFuture<'_, Answer<DeleteItemOutput, DeleteItemError>> {
        async move {
            let input = input.build().map_err(SdkError::construction_failure)?;
            self.delete(input).await.map_err(|refusal| refusal.into_sdk(conditional!(DeleteItemError)))
        }
        .boxed()
    }

    fn query(&self, input: QueryInputBuilder) -> BoxFuture<'_, Answer<QueryOutput, QueryError>> {
        async move {
            let input = input.build().map_err(SdkError::construction_failure)?;
            self.find(&input).map_err(|refusal| refusal.into_sdk(plain!(QueryError)))
        }
        .boxed()
    }

    fn scan(&self, input: ScanInputBuilder) -> BoxFuture<'_, Answer<ScanOutput, ScanError>> {
        async move {
            let input = input.build().map_err(SdkError::construction_failure)?;
            self.all(&input).map_err(|refusal| refusal.into_sdk(plain!(ScanError)))
        }
        .boxed()
    }

    fn batch_get_item(
        &self,
        input: BatchGetItemInputBuilder,
    ) -> BoxFuture<'_, Answer<BatchGetItemOutput, BatchGetItemError>> {
        async move {
            let input = input.build().map_err(SdkError::construction_failure)?;
            self.batch(&input).map_err(|refusal| refusal.into_sdk(plain!(BatchGetItemError)))
        }
        .boxed()
    }

    fn transact_write_items(
        &self,
        input: TransactWriteItemsInputBuilder,
    ) -> BoxFuture<'_, Answer<TransactWriteItemsOutput, TransactWriteItemsError>> {
        async move {
            let input = input.build().map_err(SdkError::construction_failure)?;
            self.transact(input).await.map_err(|refusal| refusal.into_sdk(cancelled))
        }
        .boxed()
    }
}

fn refused() -> String {
    Refusal::Condition { item: None }.to_string()
}

fn cancelled(refusal: Refusal) -> TransactWriteItemsError {
    let meta = refusal.metadata();
    let Refusal::Transaction(refused) = refusal else { return TransactWriteItemsError::generic(meta) };
    let reasons = refused.into_iter().map(|refused| {
        let code = if refused { "ConditionalCheckFailed" } else { "None" };
        CancellationReason::builder().code(code).build()
    });
    TransactWriteItemsError::TransactionCanceledException(
        TransactionCanceledException::builder()
            .set_cancellation_reasons(Some(reasons.collect()))
            .meta(meta)
            .build(),
    )
}
