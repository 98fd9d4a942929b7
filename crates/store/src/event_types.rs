//! The catalogue of an org, in its partition of the table of webhooks: an item for each type, sk `type#{name}`; one for each of its
//! versions, sk `version#{name}#{version}`, with the schema and the sample; and one, sk `g#types`, that says how many types there
//! are and names those whose payloads are checked. The last one is the first item behind the webhooks in the index
//! `subscriptions`, so that whoever looks up who subscribes to a type learns with the same query whether it is checked.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use hookstep_ambient::Sources;
use hookstep_contract::limits::CONFIG_CACHE;
use hookstep_contract::{EventType, MAX_CATALOGUED_TYPES, OrgId, Timestamp, TypeContent};
use hookstep_tables::Client;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::StoreError;
use crate::config_cache::ReadAt;
use crate::configs::cancellations;
use crate::item::{Item, from_item, n, s, to_attribute, to_item};

/// The sort key of the item about the whole catalogue.
pub(crate) const SUMMARY: &str = "g#types";

/// What the sort key of a type begins with, and the first text behind all of them.
const TYPE: &str = "type#";
const AFTER_TYPES: &str = "type$";

/// How many types are kept in memory at most: usually some hundred kilobytes, and 8 MB if all are as large as they may be.
const MAX_KEPT: usize = 500;

/// How often a change is tried again when somebody else changes another type of the org at the same time.
const MAX_TRIES: u32 = 10;

/// The pause before the first further try at most; before each one after it, at most 40 ms longer.
const PAUSE: Duration = Duration::from_millis(40);

/// The types as they were read; `None` for what is in no catalogue.
type Kept = HashMap<(OrgId, String), (ReadAt, Option<Arc<EventType>>)>;

/// The catalogues in the table of webhooks.
#[derive(Clone)]
pub struct EventTypes {
    client: Client,
    table: String,
    sources: Sources,
    kept: Arc<Mutex<Kept>>,
}

impl fmt::Debug for EventTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventTypes").field("table", &self.table).finish_non_exhaustive()
    }
}

/// A change of a type: with no `before` it is made, with no `after` it is deleted.
#[derive(Clone, Copy, Debug, Default)]
pub struct TypeChange<'a> {
    /// The type as it was read.
    pub before: Option<&'a EventType>,
    /// The type as it is to be.
    pub after: Option<&'a EventType>,
    /// A new version, and what its payloads look like.
    pub added: Option<(&'a str, &'a TypeContent)>,
    /// A version that is deleted; with the type, all are.
    pub removed: Option<&'a str>,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeWritten {
    /// It was written.
    Done,
    /// The type is not as it was read, or exists already.
    Outdated,
    /// The catalogue has as many types as it may have.
    Full,
}

/// The item about the whole catalogue. `enabled` and `event_types` have the names of those of a webhook, because the index has
/// these attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Summary {
    revision: u64,
    count: usize,
    enabled: bool,
    event_types: Vec<String>,
}

impl Summary {
    fn after(&self, change: TypeChange<'_>) -> Self {
        let TypeChange { before, after, .. } = change;
        let count = self.count + usize::from(after.is_some()) - usize::from(before.is_some()).min(self.count);
        let name = after.or(before).map(|event_type| event_type.name.as_str()).unwrap_or_default();
        let mut event_types: Vec<String> =
            self.event_types.iter().filter(|known| *known != name).cloned().collect();
        if after.is_some_and(EventType::is_checked) {
            event_types.push(name.to_owned());
            event_types.sort_unstable();
        }
        Self { revision: self.revision + 1, count, enabled: true, event_types }
    }
}

/// The schema and the sample of a version as they are stored: DynamoDB knows no numbers like those of JSON, and fewer levels.
#[derive(Serialize, Deserialize)]
struct StoredContent {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schema: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sample: Option<String>,
}

impl EventTypes {
    /// The catalogues in the table of webhooks with this name.
    pub fn new(client: impl Into<Client>, table: impl Into<String>, sources: Sources) -> Self {
        Self { client: client.into(), table: table.into(), sources, kept: Arc::default() }
    }

    /// A type as it was up to two seconds ago, unless the table is in this process; `None` if the catalogue has none of this name.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn find(&self, org_id: &OrgId, name: &str) -> Result<Option<Arc<EventType>>, StoreError> {
        let version = self.client.version(&self.table);
        let now = version.map_or_else(|| ReadAt::Time(self.sources.now()), ReadAt::Version);
        let key = (org_id.clone(), name.to_owned());
        let lock = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((read_at, known)) = lock().get(&key)
            && holds(*read_at, now)
        {
            return Ok(known.clone());
        }
        let found = self.read(org_id, name, false).await?.map(Arc::new);
        let mut kept = lock();
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(key, (now, found.clone()));
        Ok(found)
    }

    /// A type with every change so far.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn latest(&self, org_id: &OrgId, name: &str) -> Result<Option<EventType>, StoreError> {
        self.read(org_id, name, true).await
    }

    async fn read(
        &self,
        org_id: &OrgId,
        name: &str,
        is_consistent: bool,
    ) -> Result<Option<EventType>, StoreError> {
        self.item(org_id, &type_key(name), is_consistent).await?.map(from_item).transpose()
    }

    async fn item(&self, org_id: &OrgId, sk: &str, is_consistent: bool) -> Result<Option<Item>, StoreError> {
        let found = self.client.get_item().table_name(&self.table).set_key(Some(key(org_id, sk)));
        let found = found.consistent_read(is_consistent).send().await;
        Ok(found.map_err(StoreError::during("read the catalogue of an org"))?.item)
    }

    /// What the payloads of a version look like; `None` if there is no such version.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn content(
        &self,
        org_id: &OrgId,
        name: &str,
        version: &str,
    ) -> Result<Option<TypeContent>, StoreError> {
        let Some(item) = self.item(org_id, &version_key(name, version), true).await? else { return Ok(None) };
        let StoredContent { schema, sample } = from_item(item)?;
        let json = |text: Option<String>| -> Result<Option<Value>, StoreError> {
            let read = text.map(|text| serde_json::from_str(&text)).transpose();
            read.map_err(StoreError::during("read a schema"))
        };
        Ok(Some(TypeContent { schema: json(schema)?, sample: json(sample)? }))
    }

    /// The types of an org by their names, starting after `after`, and the start of the next page if there is one.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn list(
        &self,
        org_id: &OrgId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<EventType>, Option<String>), StoreError> {
        let mut items = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("org_id = :org AND config_id BETWEEN :first AND :end")
            .expression_attribute_values(":org", s(org_id))
            .expression_attribute_values(":first", s(TYPE))
            .expression_attribute_values(":end", s(AFTER_TYPES))
            .set_exclusive_start_key(after.map(|name| key(org_id, &type_key(name))))
            // One more than requested, to know whether there is a next page.
            .limit(i32::try_from(limit + 1).unwrap_or(i32::MAX))
            .into_items();
        let mut types: Vec<EventType> = Vec::new();
        while let Some(item) = items.next().await {
            if types.len() == limit {
                let next = types.last().map(|event_type| event_type.name.clone());
                return Ok((types, next));
            }
            types.push(from_item(item.map_err(StoreError::during("list event types"))?)?);
        }
        Ok((types, None))
    }

    /// Writes a change, or nothing of it.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn write(&self, org_id: &OrgId, change: TypeChange<'_>) -> Result<TypeWritten, StoreError> {
        for number in 0..MAX_TRIES {
            if number > 0 {
                // Random, so that those who got into each other's way do not come back together.
                tokio::time::sleep(PAUSE.mul_f64(f64::from(number) * (self.sources.random)())).await;
            }
            let summary = self.item(org_id, SUMMARY, true).await?.map(from_item::<Summary>).transpose()?;
            let summary = summary.unwrap_or_default();
            let next = summary.after(change);
            if next.count > MAX_CATALOGUED_TYPES && next.count > summary.count {
                return Ok(TypeWritten::Full);
            }
            let writes = self.writes(org_id, change, &summary, &next)?;
            let sent = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
            let Err(error) = sent else { return Ok(TypeWritten::Done) };
            let codes = cancellations(&error);
            match codes.first().map(String::as_str) {
                Some("ConditionalCheckFailed") => return Ok(TypeWritten::Outdated),
                // Somebody else changes another type, or this one just now: that shows when it is tried again.
                Some(_) if codes.iter().any(|code| is_contention(code)) => {}
                _ => return Err(StoreError::during("change the catalogue of an org")(error)),
            }
        }
        Err(StoreError::during("change the catalogue of an org")("others keep changing it"))
    }

    /// The type itself comes first.
    fn writes(
        &self,
        org_id: &OrgId,
        change: TypeChange<'_>,
        summary: &Summary,
        next: &Summary,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let TypeChange { before, after, added, removed } = change;
        let mut writes = Vec::new();
        match (before, after) {
            (before, Some(after)) => {
                let sk = type_key(&after.name);
                writes.push(self.put(org_id, &sk, to_item(after)?, before.map(Known::of))?);
            }
            (Some(before), None) => {
                let sk = type_key(&before.name);
                writes.push(self.delete(org_id, &sk, Some(Known::of(before)))?);
                for version in &before.versions {
                    writes.push(self.delete(org_id, &version_key(&before.name, &version.version), None)?);
                }
            }
            (None, None) => {}
        }
        let known = (summary.revision > 0).then_some(Known { revision: summary.revision, created_at: None });
        writes.push(self.put(org_id, SUMMARY, to_item(next)?, known)?);
        let name = after.map(|after| after.name.as_str()).unwrap_or_default();
        if let Some((version, TypeContent { schema, sample })) = added {
            let text = |value: &Option<Value>| value.as_ref().map(ToString::to_string);
            let content = StoredContent { schema: text(schema), sample: text(sample) };
            let sk = version_key(name, version);
            writes.push(self.put(org_id, &sk, to_item(&content)?, None)?);
        }
        if let Some(version) = removed {
            writes.push(self.delete(org_id, &version_key(name, version), None)?);
        }
        Ok(writes)
    }

    /// Writes an item that is as it is known, or does not exist.
    fn put(
        &self,
        org_id: &OrgId,
        sk: &str,
        mut item: Item,
        known: Option<Known>,
    ) -> Result<TransactWriteItem, StoreError> {
        item.extend(key(org_id, sk));
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = match known {
            Some(known) => {
                let (condition, values) = known.condition()?;
                put.condition_expression(condition).set_expression_attribute_values(Some(values))
            }
            None => put.condition_expression("attribute_not_exists(config_id)"),
        };
        let put = put.build().map_err(StoreError::during("describe a write"))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Deletes an item, if it is as it is known.
    fn delete(
        &self,
        org_id: &OrgId,
        sk: &str,
        known: Option<Known>,
    ) -> Result<TransactWriteItem, StoreError> {
        let mut delete = Delete::builder().table_name(&self.table).set_key(Some(key(org_id, sk)));
        if let Some(known) = known {
            let (condition, values) = known.condition()?;
            delete = delete.condition_expression(condition).set_expression_attribute_values(Some(values));
        }
        let delete = delete.build().map_err(StoreError::during("describe a deletion"))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}

/// An item as it was read.
#[derive(Clone, Copy, Debug)]
struct Known {
    revision: u64,
    /// A type that was deleted and made anew begins with the same revision.
    created_at: Option<Timestamp>,
}

impl Known {
    fn of(event_type: &EventType) -> Self {
        Self { revision: event_type.revision, created_at: Some(event_type.created_at) }
    }

    /// That it is still so, and what the placeholders stand for.
    fn condition(self) -> Result<(&'static str, Item), StoreError> {
        let mut values = Item::from([(":before".to_owned(), n(self.revision))]);
        let Some(created_at) = self.created_at else { return Ok(("revision = :before", values)) };
        values.insert(":made".to_owned(), to_attribute(&created_at)?);
        Ok(("revision = :before AND created_at = :made", values))
    }
}

fn is_contention(code: &str) -> bool {
    matches!(code, "ConditionalCheckFailed" | "TransactionConflict")
}

fn holds(read_at: ReadAt, now: ReadAt) -> bool {
    match (read_at, now) {
        // A clock that was set back says nothing about the age.
        (ReadAt::Time(read_at), ReadAt::Time(now)) => read_at <= now && now.since(read_at) <= CONFIG_CACHE,
        (read_at, now) => read_at == now,
    }
}

fn type_key(name: &str) -> String {
    format!("{TYPE}{name}")
}

/// The name of a version has no `#`, so that no two have the same key.
fn version_key(name: &str, version: &str) -> String {
    format!("version#{name}#{version}")
}

fn key(org_id: &OrgId, sk: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("org_id".to_owned(), s(org_id)), ("config_id".to_owned(), s(sk))])
}
