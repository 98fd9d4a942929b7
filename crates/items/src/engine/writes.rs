//! Writes of one item.

use aws_sdk_dynamodb::operation::delete_item::{DeleteItemInput, DeleteItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure};
use hookstep_storage::{Beside, Priority};
use hookstep_tables::{Item, size};
use rusqlite::Connection;

use super::{Guard, ItemTables};
use crate::capacity::Charge;
use crate::definition::TableDefinition;
use crate::error::{Answered, Refusal};
use crate::expression::{Update, invalid};
use crate::rows::{self, Entries, Key, NewRow};

/// The states of an item before and after a write.
pub(super) struct Change {
    pub(super) old: Option<Item>,
    pub(super) new: Option<Item>,
}

impl Change {
    /// What the write costs.
    pub(super) fn charge(&self) -> Charge {
        let size = |item: &Option<Item>| item.as_ref().map_or(0, size);
        Charge::write(size(&self.old).max(size(&self.new)))
    }
}

/// A refusal is a result of a step of the writer, which then has written nothing.
type Step<T> = Result<Answered<T>, rusqlite::Error>;

/// Unwraps an answer within a step of the writer.
macro_rules! answered {
    ($answer:expr) => {
        match $answer {
            Ok(value) => value,
            Err(refusal) => return Ok(Err(refusal)),
        }
    };
}
pub(super) use answered;

/// Reads the item at a key, and checks the condition of a write to it.
pub(super) fn admitted(
    connection: &Connection,
    table: &TableDefinition,
    key: &Key,
    guard: &Guard,
    wants_item: bool,
) -> Step<Option<Item>> {
    let standing = answered!(rows::find(connection, table, key)?.transpose());
    if answered!(guard.admits(standing.as_ref())) {
        return Ok(Ok(standing));
    }
    Ok(Err(Refusal::Condition { item: standing.filter(|_| wants_item).map(Box::new) }))
}

impl ItemTables {
    /// Puts an item in the transaction of another change.
    ///
    /// # Errors
    /// If the table does not exist, or the item has no key.
    pub fn putting(&self, table: &str, item: Item) -> Answered<Beside> {
        let table = self.table(Some(table))?;
        let key = Key::of(table, &item)?;
        let (new, changing) = (NewRow::of(table, &item), self.changing(std::iter::once(table)));
        Ok(Beside::new(move |connection| {
            let _ = &changing;
            if rows::insert(connection, table, &key, &new)? {
                return Ok(());
            }
            // An item that is damaged is replaced, too.
            let old = rows::find(connection, table, &key)?.and_then(Result::ok);
            rows::replace(connection, table, &key, &Entries::of(table, old.as_ref()), &new)
        }))
    }

    pub(super) async fn put(&self, input: PutItemInput) -> Answered<PutItemOutput> {
        let table = self.table(input.table_name())?;
        let charged = input.return_consumed_capacity.is_some();
        let wants_item = wants_item(input.return_values_on_condition_check_failure.as_ref());
        let condition = input.condition_expression;
        let guard = self.guard(
            condition.as_deref(),
            input.expression_attribute_names,
            input.expression_attribute_values,
        )?;
        let item = input.item.unwrap_or_default();
        let key = Key::of(table, &item)?;
        let (new, changing) = (NewRow::of(table, &item), self.changing(std::iter::once(table)));
        let item = charged.then_some(item);
        let step = move |connection: &Connection| {
            let _ = &changing;
            // If the write may be made where there is no item, it matters only whether there is one.
            if answered!(guard.admits(None)) && rows::insert(connection, table, &key, &new)? {
                return Ok(Ok(Change { old: None, new: item.clone() }));
            }
            let old = answered!(admitted(connection, table, &key, &guard, wants_item)?);
            rows::replace(connection, table, &key, &Entries::of(table, old.as_ref()), &new)?;
            Ok(Ok(Change { old: old.filter(|_| charged), new: item.clone() }))
        };
        let change = self.storage.write(Priority::Accepted, self.answer, step).await??;
        Ok(PutItemOutput::builder().set_consumed_capacity(charged.then(|| consumed(change.charge()))).build())
    }

    pub(super) async fn update(&self, input: UpdateItemInput) -> Answered<UpdateItemOutput> {
        let table = self.table(input.table_name())?;
        let charged = input.return_consumed_capacity.is_some();
        let wants_item = wants_item(input.return_values_on_condition_check_failure.as_ref());
        let wants_new = match &input.return_values {
            None | Some(ReturnValue::None) => false,
            Some(ReturnValue::AllNew) => true,
            Some(other) => return Err(invalid(format!("an update cannot return {other}"))),
        };
        let update = input.update_expression().ok_or_else(|| invalid("an update needs its expression"))?;
        let update = self.expressions.updates.get(update, Update::parse)?;
        let condition = input.condition_expression;
        let guard = self.guard(
            condition.as_deref(),
            input.expression_attribute_names,
            input.expression_attribute_values,
        )?;
        let key = Key::of(table, &input.key.unwrap_or_default())?;
        let changing = self.changing(std::iter::once(table));
        let step = move |connection: &Connection| {
            let _ = &changing;
            let old = answered!(admitted(connection, table, &key, &guard, wants_item)?);
            let (entries, kept) =
                (Entries::of(table, old.as_ref()), if charged { old.clone() } else { None });
            let mut new = old.unwrap_or_else(|| key.attributes(table));
            answered!(update.apply(&mut new, table, guard.placeholders()));
            rows::replace(connection, table, &key, &entries, &NewRow::of(table, &new))?;
            Ok(Ok(Change { old: kept, new: (charged || wants_new).then_some(new) }))
        };
        let change = self.storage.write(Priority::Accepted, self.answer, step).await??;
        Ok(UpdateItemOutput::builder()
            .set_consumed_capacity(charged.then(|| consumed(change.charge())))
            .set_attributes(change.new.filter(|_| wants_new))
            .build())
    }

    pub(super) async fn delete(&self, input: DeleteItemInput) -> Answered<DeleteItemOutput> {
        let table = self.table(input.table_name())?;
        let charged = input.return_consumed_capacity.is_some();
        let wants_old = matches!(input.return_values, Some(ReturnValue::AllOld));
        let condition = input.condition_expression;
        let guard = self.guard(
            condition.as_deref(),
            input.expression_attribute_names,
            input.expression_attribute_values,
        )?;
        let key = Key::of(table, &input.key.unwrap_or_default())?;
        let changing = self.changing(std::iter::once(table));
        let step = move |connection: &Connection| {
            let _ = &changing;
            let old = answered!(admitted(connection, table, &key, &guard, false)?);
            if let Some(old) = &old {
                rows::delete(connection, table, &key, old)?;
            }
            Ok(Ok(Change { old, new: None }))
        };
        let change = self.storage.write(Priority::Accepted, self.answer, step).await??;
        Ok(DeleteItemOutput::builder()
            .set_consumed_capacity(charged.then(|| consumed(change.charge())))
            .set_attributes(change.old.filter(|_| wants_old))
            .build())
    }
}

fn wants_item(wanted: Option<&ReturnValuesOnConditionCheckFailure>) -> bool {
    matches!(wanted, Some(ReturnValuesOnConditionCheckFailure::AllOld))
}

pub(super) fn consumed(Charge(units): Charge) -> ConsumedCapacity {
    ConsumedCapacity::builder().capacity_units(units).build()
}
