//! Reads.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::get_item::{GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::scan::{ScanInput, ScanOutput};
use aws_sdk_dynamodb::types::KeysAndAttributes;
use hookstep_storage::StorageError;
use hookstep_tables::{AttributeValue, Item, size};
use rusqlite::Connection;

use super::ItemTables;
use super::wanted::{Found, Wanted};
use super::writes::consumed;
use crate::capacity::Charge;
use crate::definition::IndexDefinition;
use crate::error::Answered;
use crate::expression::{Bound, Placeholders, invalid, key_range};
use crate::rows::{self, Key, Range};

impl ItemTables {
    pub(super) fn get(&self, input: &GetItemInput) -> Answered<GetItemOutput> {
        let table = self.table(input.table_name())?;
        let key = Key::of(table, input.key().ok_or_else(|| invalid("a read needs a key"))?)?;
        let projection = self.projection(input.projection_expression())?;
        let placeholders = Placeholders { names: input.expression_attribute_names(), values: None };
        let is_charged = input.return_consumed_capacity().is_some();
        let wanted = Wanted::of(table, None, projection.as_deref(), placeholders, is_charged)?;
        let found = self.at(&wanted, &key)?;
        let charge = Charge::read(found.bytes, input.consistent_read() == Some(true));
        Ok(GetItemOutput::builder()
            .set_item(found.items.into_iter().next())
            .set_consumed_capacity(input.return_consumed_capacity().map(|_| consumed(charge)))
            .build())
    }

    pub(super) fn batch(&self, input: &BatchGetItemInput) -> Answered<BatchGetItemOutput> {
        let mut responses = HashMap::new();
        let mut capacity = Vec::new();
        for (name, KeysAndAttributes { keys, consistent_read, .. }) in
            input.request_items().into_iter().flatten()
        {
            let table = self.table(Some(name))?;
            let mut items = Vec::with_capacity(keys.len());
            for key in keys {
                let key = Key::of(table, key)?;
                let found = self.read(|connection| rows::find(connection, table, &key))?.transpose()?;
                let bytes = found.as_ref().map_or(0, size);
                capacity.push(consumed(Charge::read(bytes, *consistent_read == Some(true))));
                items.extend(found);
            }
            responses.insert(name.clone(), items);
        }
        Ok(BatchGetItemOutput::builder()
            .set_responses(Some(responses))
            .set_consumed_capacity(input.return_consumed_capacity().map(|_| capacity))
            .build())
    }

    pub(super) fn find(&self, input: &QueryInput) -> Answered<QueryOutput> {
        let table = self.table(input.table_name())?;
        let placeholders = Placeholders {
            names: input.expression_attribute_names(),
            values: input.expression_attribute_values(),
        };
        let condition = self.condition(input.key_condition_expression())?;
        let condition = condition.ok_or_else(|| invalid("a query needs a condition of the key"))?;
        let view = input.index_name().and_then(|name| table.view(name));
        let index = match input.index_name().filter(|_| view.is_none()) {
            Some(name) => {
                Some(table.index(name).ok_or_else(|| invalid(format!("there is no index {name}")))?)
            }
            None => None,
        };
        let keys = match index {
            Some(index) => (index.partition_key, Some(index.sort_key)),
            None => (table.partition_key, table.sort_key),
        };
        let (pk, low, high) = key_range(&condition, keys, placeholders)?;
        let forward = input.scan_index_forward() != Some(false);
        let limit = input.limit().map(|limit| usize::try_from(limit).unwrap_or(1).max(1));
        let range = Range { pk, low, high, forward, limit };
        let filter = self.condition(input.filter_expression())?;
        let projection = self.projection(input.projection_expression())?;
        let is_charged = input.return_consumed_capacity().is_some();
        let mut wanted =
            Wanted::of(table, filter.as_deref(), projection.as_deref(), placeholders, is_charged)?;
        wanted.view = view;
        let (found, next) = match index {
            Some(index) => self.indexed(&wanted, index, &range, input.exclusive_start_key())?,
            None => self.in_partition(&wanted, range, input.exclusive_start_key())?,
        };
        let charge = Charge::read(found.bytes, input.consistent_read() == Some(true));
        Ok(QueryOutput::builder()
            .count(count(found.items.len()))
            .scanned_count(count(found.scanned))
            .set_items(Some(found.items))
            .set_last_evaluated_key(next)
            .set_consumed_capacity(input.return_consumed_capacity().map(|_| consumed(charge)))
            .build())
    }

    pub(super) fn all(&self, input: &ScanInput) -> Answered<ScanOutput> {
        let table = self.table(input.table_name())?;
        let placeholders = Placeholders {
            names: input.expression_attribute_names(),
            values: input.expression_attribute_values(),
        };
        let after = input.exclusive_start_key().map(|key| Key::of(table, key)).transpose()?;
        let limit = input.limit().map(|limit| usize::try_from(limit).unwrap_or(1).max(1));
        let filter = self.condition(input.filter_expression())?;
        let projection = self.projection(input.projection_expression())?;
        let is_charged = input.return_consumed_capacity().is_some();
        let wanted = Wanted::of(table, filter.as_deref(), projection.as_deref(), placeholders, is_charged)?;
        let mut found = Found::default();
        let last = self.read(|connection| {
            rows::scan(connection, table, after.as_ref(), limit, |bytes, key| {
                wanted.read(bytes, key, &mut found)
            })
        })??;
        let charge = Charge::read(found.bytes, input.consistent_read() == Some(true));
        Ok(ScanOutput::builder()
            .count(count(found.items.len()))
            .scanned_count(count(found.scanned))
            .set_items(Some(found.items))
            .set_last_evaluated_key(last.map(|key| key.attributes(table)))
            .set_consumed_capacity(input.return_consumed_capacity().map(|_| consumed(charge)))
            .build())
    }

    fn read<R>(
        &self,
        read: impl FnOnce(&Connection) -> Result<R, rusqlite::Error>,
    ) -> Result<R, StorageError> {
        match &self.past {
            Some(past) => past.read(read),
            None => self.storage.read(read),
        }
    }

    /// The item at a key, if there is one.
    fn at(&self, wanted: &Wanted<'_>, key: &Key) -> Answered<Found> {
        let mut found = Found::default();
        let read = |bytes: &[u8]| wanted.read(bytes, key, &mut found);
        self.read(|connection| rows::find_with(connection, wanted.table, key, read))?.transpose()?;
        Ok(found)
    }

    fn in_partition(
        &self,
        wanted: &Wanted<'_>,
        mut range: Range,
        after: Option<&Item>,
    ) -> Answered<(Found, Option<Item>)> {
        let table = wanted.table;
        if let Some(after) = after {
            let after = (Key::of(table, after)?.sk, false);
            let (limit, is_tighter): (&mut Bound, fn(&str, &str) -> bool) = if range.forward {
                (&mut range.low, |after, low| after >= low)
            } else {
                (&mut range.high, |after, high| after <= high)
            };
            if limit.as_ref().is_none_or(|(limit, _)| is_tighter(&after.0, limit)) {
                *limit = Some(after);
            }
        }
        let mut found = Found::default();
        let last = self.read(|connection| {
            rows::range(connection, table, &range, |bytes, key| wanted.read(bytes, key, &mut found))
        })??;
        Ok((found, last.map(|key| key.attributes(table))))
    }

    fn indexed(
        &self,
        wanted: &Wanted<'_>,
        index: &IndexDefinition,
        range: &Range,
        after: Option<&Item>,
    ) -> Answered<(Found, Option<Item>)> {
        let table = wanted.table;
        let after = match after {
            Some(after) => {
                let sort_key = after.get(index.sort_key).and_then(|key| key.as_s().ok());
                let sort_key = sort_key.ok_or_else(|| invalid("the start key lacks the index's sort key"))?;
                Some((sort_key.as_str(), Key::of(table, after)?))
            }
            None => None,
        };
        let after = after.as_ref().map(|(sort_key, key)| (*sort_key, key));
        let page = self.read(|connection| rows::indexed(connection, index, range, after))?;
        let entry = |(sort_key, key): &(String, Key)| {
            let mut item = key.attributes(table);
            item.insert(index.partition_key.to_owned(), AttributeValue::S(range.pk.clone()));
            item.insert(index.sort_key.to_owned(), AttributeValue::S(sort_key.clone()));
            item
        };
        let next = page.found.last().filter(|_| page.is_cut).map(entry);
        let mut found = Found::default();
        for in_index in &page.found {
            if index.keys_only {
                wanted.take(entry(in_index), &mut found)?;
                continue;
            }
            let (_, key) = in_index;
            // It may have been deleted since.
            self.read(|connection| {
                rows::find_with(connection, table, key, |bytes| wanted.read(bytes, key, &mut found))
            })?
            .transpose()?;
        }
        Ok((found, next))
    }
}

fn count(length: usize) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}
