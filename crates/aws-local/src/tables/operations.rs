//! The SDK's operations: the gate in front, the trace behind.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::{ErrorMetadata, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{ConsumedCapacity, KeysAndAttributes, ReturnConsumedCapacity};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hookstep_tables::{Answer, Operations};

use super::{TableCall, Tables};
use crate::{ServiceError, trace};

/// Refuses a call if the gate says so, carries it out, and traces it with what DynamoDB would charge.
macro_rules! operations {
    ($(
        $name:ident, $operation:literal, $input:ident => $output:ident, $error:ident,
        |$request:ident| $table:expr, $item:expr, $values:expr, $writes:expr, $is_eventual:expr,
        |$answer:ident| $capacity:expr;
    )*) => {
        impl Operations for Tables {
            fn version(&self, table: &str) -> Option<u64> {
                // Whoever refuses or counts reads wants to see them.
                let is_watched = self.gate.as_ref().is_some_and(|gate| gate.sees_all_reads());
                if is_watched || trace::on() { None } else { self.items.version(table) }
            }

            $(fn $name(
                &self,
                $request: aws_sdk_dynamodb::operation::$name::builders::$input,
            ) -> BoxFuture<'_, Answer<
                aws_sdk_dynamodb::operation::$name::$output,
                aws_sdk_dynamodb::operation::$name::$error,
            >> {
                if let Some(gate) = &self.gate {
                    let call = TableCall {
                        operation: $operation,
                        table: $table,
                        item: $item,
                        values: $values,
                        writes: $writes,
                        is_eventual: $is_eventual,
                    };
                    if let Some(error) = gate.refuse(&call) {
                        let refused = refused(error, aws_sdk_dynamodb::operation::$name::$error::generic);
                        return std::future::ready(Err(refused)).boxed();
                    }
                    if gate.swallow(&call) {
                        let nothing = aws_sdk_dynamodb::operation::$name::$output::builder().build();
                        return std::future::ready(Ok(nothing)).boxed();
                    }
                    if let Some(error) = gate.lose(&call) {
                        let lost = refused(error, aws_sdk_dynamodb::operation::$name::$error::generic);
                        let carried_out = self.items.$name($request);
                        return async move {
                            drop(carried_out.await);
                            Err(lost)
                        }
                        .boxed();
                    }
                    if let Some(past) = gate.past(&call).filter(|_| call.is_eventual) {
                        let items = self.items.as_of(past);
                        return async move { items.$name($request).await }.boxed();
                    }
                }
                if !trace::on() {
                    return self.items.$name($request);
                }
                let charged = $request.return_consumed_capacity(ReturnConsumedCapacity::Total);
                async move {
                    let answered = self.items.$name(charged).await;
                    let units = answered.as_ref().ok().and_then(|$answer| $capacity);
                    let error = answered.as_ref().err().and_then(|error| error.code());
                    trace::tables($operation, units, error);
                    answered
                }
                .boxed()
            })*
        }
    };
}

operations! {
    get_item, "GetItem", GetItemInputBuilder => GetItemOutput, GetItemError,
        |input| input.get_table_name().as_deref().unwrap_or_default(), input.get_key().as_ref(), None, &[],
        input.get_consistent_read() != &Some(true),
        |answer| answer.consumed_capacity().and_then(units);
    put_item, "PutItem", PutItemInputBuilder => PutItemOutput, PutItemError,
        |input| input.get_table_name().as_deref().unwrap_or_default(), input.get_item().as_ref(), input.get_expression_attribute_values().as_ref(), &[],
        false,
        |answer| answer.consumed_capacity().and_then(units);
    update_item, "UpdateItem", UpdateItemInputBuilder => UpdateItemOutput, UpdateItemError,
        |input| input.get_table_name().as_deref().unwrap_or_default(), input.get_key().as_ref(), input.get_expression_attribute_values().as_ref(), &[],
        false,
        |answer| answer.consumed_capacity().and_then(units);
    delete_item, "DeleteItem", DeleteItemInputBuilder => DeleteItemOutput, DeleteItemError,
        |input| input.get_table_name().as_deref().unwrap_or_default(), input.get_key().as_ref(), input.get_expression_attribute_values().as_ref(), &[],
        false,
        |answer| answer.consumed_capacity().and_then(units);
    query, "Query", QueryInputBuilder => QueryOutput, QueryError,
        |input| input.get_table_name().as_deref().unwrap_or_default(), None, input.get_expression_attribute_values().as_ref(), &[],
        input.get_consistent_read() != &Some(true),
        |answer| answer.consumed_capacity().and_then(units);
    scan, "Scan", ScanInputBuilder => ScanOutput, ScanError,
        |input| input.get_table_name().as_deref().unwrap_or_default(), None, input.get_expression_attribute_values().as_ref(), &[],
        input.get_consistent_read() != &Some(true),
        |answer| answer.consumed_capacity().and_then(units);
    batch_get_item, "BatchGetItem", BatchGetItemInputBuilder => BatchGetItemOutput, BatchGetItemError,
        |input| "", None, None, &[], is_eventual_batch(input.get_request_items()),
        |answer| Some(answer.consumed_capacity().iter().filter_map(units).sum());
    transact_write_items, "TransactWriteItems", TransactWriteItemsInputBuilder => TransactWriteItemsOutput, TransactWriteItemsError,
        |input| "", None, None, input.get_transact_items().as_deref().unwrap_or_default(), false,
        |answer| Some(answer.consumed_capacity().iter().filter_map(units).sum());
}

/// Whether no table of a batch is to be read consistently.
fn is_eventual_batch(tables: &Option<HashMap<String, KeysAndAttributes>>) -> bool {
    tables.iter().flatten().all(|(_, keys)| keys.consistent_read() != Some(true))
}

fn units(capacity: &ConsumedCapacity) -> Option<f64> {
    capacity.capacity_units()
}

/// The error that a gate wants.
fn refused<E>(error: ServiceError, made: impl FnOnce(ErrorMetadata) -> E) -> SdkError<E> {
    let status = if error.name == "InternalServerError" { 500 } else { 400 };
    match StatusCode::try_from(status) {
        Ok(status) => {
            let meta = ErrorMetadata::builder().code(error.name).message(error.message).build();
            SdkError::service_error(made(meta), HttpResponse::new(status, SdkBody::empty()))
        }
        Err(invalid) => SdkError::construction_failure(invalid),
    }
}
