//! Writes of several items, all or none of them.

use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput};
use aws_sdk_dynamodb::types::TransactWriteItem;
use hookstep_storage::Priority;
use hookstep_tables::Item;
use rusqlite::Connection;

use super::writes::{Change, answered, consumed};
use super::{Guard, ItemTables};
use crate::definition::TableDefinition;
use crate::error::{Answered, Refusal};
use crate::expression::{Update, invalid};
use crate::rows::{self, Entries, Key, NewRow};
use std::sync::Arc;

/// A write of a transaction.
struct Write {
    table: &'static TableDefinition,
    key: Key,
    guard: Guard,
    effect: Effect,
}

enum Effect {
    Put(Item),
    Update(Arc<Update>),
    Delete,
    Check,
}

impl ItemTables {
    pub(super) async fn transact(
        &self,
        input: TransactWriteItemsInput,
    ) -> Answered<TransactWriteItemsOutput> {
        let charged = input.return_consumed_capacity.is_some();
        let writes = input.transact_items.unwrap_or_default();
        let writes: Vec<Write> = writes.into_iter().map(|write| self.part(write)).collect::<Answered<_>>()?;
        let changing = self.changing(writes.iter().map(|write| write.table));
        let step = move |connection: &Connection| {
            let _ = &changing;
            transact(connection, &writes)
        };
        let changes = self.storage.write(Priority::Accepted, self.answer, step).await??;
        // A transaction costs twice as much as its writes.
        let capacity = charged.then(|| changes.iter().map(|change| consumed(twice(change))).collect());
        Ok(TransactWriteItemsOutput::builder().set_consumed_capacity(capacity).build())
    }

    fn part(&self, write: TransactWriteItem) -> Answered<Write> {
        let TransactWriteItem { put, update, delete, condition_check, .. } = write;
        if let Some(put) = put {
            let table = self.table(Some(&put.table_name))?;
            let condition = put.condition_expression;
            return Ok(Write {
                table,
                key: Key::of(table, &put.item)?,
                guard: self.guard(
                    condition.as_deref(),
                    put.expression_attribute_names,
                    put.expression_attribute_values,
                )?,
                effect: Effect::Put(put.item),
            });
        }
        if let Some(update) = update {
            let table = self.table(Some(&update.table_name))?;
            return Ok(Write {
                table,
                key: Key::of(table, &update.key)?,
                guard: self.guard(
                    update.condition_expression.as_deref(),
                    update.expression_attribute_names,
                    update.expression_attribute_values,
                )?,
                effect: Effect::Update(
                    self.expressions.updates.get(&update.update_expression, Update::parse)?,
                ),
            });
        }
        if let Some(delete) = delete {
            let table = self.table(Some(&delete.table_name))?;
            return Ok(Write {
                table,
                key: Key::of(table, &delete.key)?,
                guard: self.guard(
                    delete.condition_expression.as_deref(),
                    delete.expression_attribute_names,
                    delete.expression_attribute_values,
                )?,
                effect: Effect::Delete,
            });
        }
        let check = condition_check.ok_or_else(|| invalid("a write of a transaction does nothing"))?;
        let table = self.table(Some(&check.table_name))?;
        Ok(Write {
            table,
            key: Key::of(table, &check.key)?,
            guard: self.guard(
                Some(&check.condition_expression),
                check.expression_attribute_names,
                check.expression_attribute_values,
            )?,
            effect: Effect::Check,
        })
    }
}

/// Checks every write, then makes them.
fn transact(connection: &Connection, writes: &[Write]) -> Result<Answered<Vec<Change>>, rusqlite::Error> {
    let mut standing = Vec::with_capacity(writes.len());
    let mut refused = Vec::with_capacity(writes.len());
    let mut updated = Vec::with_capacity(writes.len());
    for write in writes {
        let old = answered!(rows::find(connection, write.table, &write.key)?.transpose());
        refused.push(!answered!(write.guard.admits(old.as_ref())));
        updated.push(match &write.effect {
            Effect::Update(update) => {
                let mut new = old.clone().unwrap_or_else(|| write.key.attributes(write.table));
                answered!(update.apply(&mut new, write.table, write.guard.placeholders()));
                Some(new)
            }
            _ => None,
        });
        standing.push(old);
    }
    if refused.contains(&true) {
        return Ok(Err(Refusal::Transaction(refused)));
    }
    let mut changes = Vec::with_capacity(writes.len());
    for ((write, old), updated) in writes.iter().zip(standing).zip(updated) {
        let new = match &write.effect {
            Effect::Put(item) => Some(item.clone()),
            Effect::Update(_) => updated,
            Effect::Check => old.clone(),
            Effect::Delete => None,
        };
        match (&new, &old) {
            (Some(_), _) if matches!(write.effect, Effect::Check) => {}
            (Some(new), old) => {
                let (entries, new) = (Entries::of(write.table, old.as_ref()), NewRow::of(write.table, new));
                rows::replace(connection, write.table, &write.key, &entries, &new)?;
            }
            (None, Some(old)) => rows::delete(connection, write.table, &write.key, old)?,
            (None, None) => {}
        }
        changes.push(Change { old, new });
    }
    Ok(Ok(changes))
}

fn twice(change: &Change) -> crate::Charge {
    crate::Charge(change.charge().0 * 2.0)
}
