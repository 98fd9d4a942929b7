//! The orgs that a platform has made, in the table of webhooks: pk `#orgs`, which is no org's id, sk the org's id. An org
//! may also be known by nothing but its tokens: then it has no item here, and no settings.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_contract::{Org, OrgId, OrgStatus};
use hookstep_tables::{Client, PutItem, Query};

use crate::StoreError;
use crate::config_cache::ReadAt;
use crate::error::unless_forbidden;
use crate::item::{Item, from_item, n, s, to_item};

/// The partition of the orgs.
pub(crate) const PARTITION: &str = "#orgs";

/// For how long an org is used as it was read, where other processes may change it: a suspended org goes on for this long.
const CACHE_TTL: Duration = Duration::from_secs(10);

/// How many orgs are kept in memory at most: a few megabytes.
const MAX_KEPT: usize = 10_000;

/// The orgs as they were read; `None` for one that has no item.
type Kept = HashMap<OrgId, (ReadAt, Option<Arc<Org>>)>;

/// The orgs in the table of webhooks.
#[derive(Clone)]
pub struct Orgs {
    pub(crate) client: Client,
    pub(crate) table: String,
    sources: Sources,
    kept: Arc<Mutex<Kept>>,
}

/// Which orgs to list.
#[derive(Clone, Debug, Default)]
pub struct OrgFilter {
    /// A part of the id or of the name, in any case.
    pub search: Option<String>,
    /// Their status.
    pub status: Option<OrgStatus>,
}

impl fmt::Debug for Orgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Orgs").field("table", &self.table).finish_non_exhaustive()
    }
}

impl Orgs {
    /// The orgs in the table of webhooks with this name.
    pub fn new(client: impl Into<Client>, table: impl Into<String>, sources: Sources) -> Self {
        Self { client: client.into(), table: table.into(), sources, kept: Arc::default() }
    }

    /// The org with this id as it was up to ten seconds ago, unless the table is in this process; `None` if it has no item.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn find(&self, org_id: &OrgId) -> Result<Option<Arc<Org>>, StoreError> {
        let now = self.now();
        match self.kept(org_id, now) {
            Some(known) => Ok(known),
            None => self.read_and_keep(org_id, now).await,
        }
    }

    /// The same, but an org that was made a moment ago is found.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn find_made(&self, org_id: &OrgId) -> Result<Option<Arc<Org>>, StoreError> {
        let now = self.now();
        match self.kept(org_id, now) {
            Some(Some(known)) => Ok(Some(known)),
            _ => self.read_and_keep(org_id, now).await,
        }
    }

    async fn read_and_keep(&self, org_id: &OrgId, now: ReadAt) -> Result<Option<Arc<Org>>, StoreError> {
        let found = self.read(org_id, false).await?.map(Arc::new);
        self.keep(org_id, now, found.clone());
        Ok(found)
    }

    /// The org with this id, with every change so far.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn latest(&self, org_id: &OrgId) -> Result<Option<Org>, StoreError> {
        self.read(org_id, true).await
    }

    /// Writes a new org; returns `false` if there is one with its id.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn create(&self, org: &Org) -> Result<bool, StoreError> {
        let put = self.put(org)?.condition_expression("attribute_not_exists(config_id)");
        let created = unless_forbidden(put.send().await, "create an org")?;
        self.forget(&org.org_id);
        Ok(created)
    }

    /// Writes an org that is at the revision before; returns `false` if somebody else has changed or deleted it.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn replace(&self, org: &Org) -> Result<bool, StoreError> {
        let put = self
            .put(org)?
            .condition_expression("revision = :before")
            .expression_attribute_values(":before", n(org.revision.saturating_sub(1)));
        let replaced = unless_forbidden(put.send().await, "change an org")?;
        self.forget(&org.org_id);
        Ok(replaced)
    }

    /// The orgs that the filter lets through, by their ids, starting after `after`, and the start of the next page if there is
    /// one.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn list(
        &self,
        filter: &OrgFilter,
        after: Option<&OrgId>,
        limit: usize,
    ) -> Result<(Vec<Org>, Option<OrgId>), StoreError> {
        let mut items = self.query(filter, after, limit).into_items();
        let mut orgs: Vec<Org> = Vec::new();
        while let Some(item) = items.next().await {
            if orgs.len() == limit {
                let next = orgs.last().map(|org| org.org_id.clone());
                return Ok((orgs, next));
            }
            orgs.push(to_org(item.map_err(StoreError::during("list orgs"))?)?);
        }
        Ok((orgs, None))
    }

    fn query(&self, OrgFilter { search, status }: &OrgFilter, after: Option<&OrgId>, limit: usize) -> Query {
        let mut query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("org_id = :orgs")
            .expression_attribute_values(":orgs", s(PARTITION))
            .set_exclusive_start_key(after.map(key));
        let mut conditions = Vec::new();
        if let Some(search) = search {
            conditions.push("contains(search_text, :search)");
            query = query.expression_attribute_values(":search", s(search.to_lowercase()));
        }
        if let Some(status) = status {
            conditions.push("#status = :status");
            query = query
                .expression_attribute_names("#status", "status")
                .expression_attribute_values(":status", s(status.as_str()));
        }
        if conditions.is_empty() {
            // One more than requested, to know whether there is a next page.
            return query.limit(i32::try_from(limit + 1).unwrap_or(i32::MAX));
        }
        query.filter_expression(conditions.join(" AND "))
    }

    /// A number that is another one after each change of the table; `None` if other processes change it.
    pub fn version(&self) -> Option<u64> {
        self.client.version(&self.table)
    }

    async fn read(&self, org_id: &OrgId, is_consistent: bool) -> Result<Option<Org>, StoreError> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(org_id)))
            .consistent_read(is_consistent)
            .send()
            .await
            .map_err(StoreError::during("read an org"))?;
        found.item.map(to_org).transpose()
    }

    fn put(&self, org: &Org) -> Result<PutItem, StoreError> {
        Ok(self.client.put_item().table_name(&self.table).set_item(Some(to_org_item(org)?)))
    }

    fn now(&self) -> ReadAt {
        let version = self.client.version(&self.table);
        version.map_or_else(|| ReadAt::Time(self.sources.now()), ReadAt::Version)
    }

    fn kept(&self, org_id: &OrgId, now: ReadAt) -> Option<Option<Arc<Org>>> {
        let kept = self.lock();
        let (read_at, org) = kept.get(org_id)?;
        let holds = match (*read_at, now) {
            // A clock that was set back says nothing about the age.
            (ReadAt::Time(read_at), ReadAt::Time(now)) => read_at <= now && now.since(read_at) < CACHE_TTL,
            (read_at, now) => read_at == now,
        };
        holds.then(|| org.clone())
    }

    fn keep(&self, org_id: &OrgId, read_at: ReadAt, org: Option<Arc<Org>>) {
        let mut kept = self.lock();
        if kept.len() >= MAX_KEPT && !kept.contains_key(org_id) {
            kept.clear();
        }
        kept.insert(org_id.clone(), (read_at, org));
    }

    pub(crate) fn forget(&self, org_id: &OrgId) {
        self.lock().remove(org_id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn to_org_item(org: &Org) -> Result<Item, StoreError> {
    let mut item = to_item(org)?;
    item.extend(key(&org.org_id));
    item.insert("search_text".to_owned(), s(search_text(org)));
    Ok(item)
}

/// What a search looks into.
fn search_text(org: &Org) -> String {
    format!("{}\n{}", org.org_id, org.fields.name.to_lowercase())
}

fn key(org_id: &OrgId) -> Item {
    Item::from([("org_id".to_owned(), s(PARTITION)), ("config_id".to_owned(), s(org_id))])
}

fn to_org(mut item: Item) -> Result<Org, StoreError> {
    if let Some(org_id) = item.remove("config_id") {
        item.insert("org_id".to_owned(), org_id);
    }
    from_item(item)
}
