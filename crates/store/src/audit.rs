//! The audit log, in the events table: pk `{owner}#audit`, sk `{audit_id}`, where the owner is an org or the platform. An
//! org's webhooks are UUIDs, so no partition of a webhook has this key.

use std::collections::BTreeSet;

use hookstep_contract::{AuditAction, AuditEntry, AuditId, AuditOutcome, ConfigId, OrgId, Owner, Timestamp};
use hookstep_tables::Client;
use uuid::Uuid;

use crate::StoreError;
use crate::events::bound;
use crate::item::{Item, from_item, n, s, to_attribute, to_item};

/// How many entries one request reads.
const PAGE: i32 = 200;

/// How many requests a page of a filtered list takes at most.
const MAX_PAGES: usize = 10;

/// The audit log.
#[derive(Clone, Debug)]
pub struct AuditLog {
    client: Client,
    table: String,
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only entries about what has this id, or belongs to the webhook with this id.
    pub target: Option<String>,
    /// Only entries from this moment on.
    pub from: Option<Timestamp>,
    /// Only entries up to this moment.
    pub to: Option<Timestamp>,
    /// Only entries before this one.
    pub before: Option<AuditId>,
}

impl AuditFilter {
    fn takes(&self, entry: &AuditEntry) -> bool {
        self.target.as_ref().is_none_or(|wanted| {
            entry.target.id == *wanted || entry.target.config_id.as_ref() == Some(wanted)
        })
    }
}

impl AuditLog {
    /// The audit log in the events table with this name.
    pub fn new(client: impl Into<Client>, table: impl Into<String>) -> Self {
        Self { client: client.into(), table: table.into() }
    }

    /// Writes an entry.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn begin(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut item = to_item(entry)?;
        item.extend(key(&entry.owner, entry.audit_id));
        item.insert("expires_at".to_owned(), n(entry.expires_at()));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
        put.map(drop).map_err(StoreError::during("write the audit log"))
    }

    /// Notes how far the action of an entry came.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn end(&self, entry: &AuditEntry, outcome: AuditOutcome) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(&entry.owner, entry.audit_id)))
            .update_expression("SET outcome = :outcome")
            .expression_attribute_values(":outcome", to_attribute(&outcome)?)
            .send()
            .await;
        update.map(drop).map_err(StoreError::during("write how an action ended"))
    }

    /// A page of entries, newest first, and the entry after which the next page begins if there may be more.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn list(
        &self,
        owner: &Owner,
        filter: &AuditFilter,
        limit: usize,
    ) -> Result<(Vec<AuditEntry>, Option<AuditId>), StoreError> {
        let (mut entries, mut before) = (Vec::new(), filter.before);
        for _ in 0..MAX_PAGES {
            let (page, next) = self.page(owner, filter, before).await?;
            for entry in page.into_iter().filter(|entry| filter.takes(entry)) {
                if entries.len() == limit {
                    let last = entries.last().map(|entry: &AuditEntry| entry.audit_id);
                    return Ok((entries, last));
                }
                entries.push(entry);
            }
            before = next;
            if before.is_none() {
                break;
            }
        }
        Ok((entries, before))
    }

    /// The webhooks of an org that were or may have been deleted, each once, as far as the log goes back. Their events may still be
    /// there.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn deleted_webhooks(&self, org_id: &OrgId) -> Result<BTreeSet<ConfigId>, StoreError> {
        let (owner, filter) = (Owner::Org(org_id.clone()), AuditFilter::default());
        let (mut deleted, mut before) = (BTreeSet::new(), None);
        loop {
            let (page, next) = self.page(&owner, &filter, before).await?;
            let page = page.iter().filter(|entry| {
                entry.action == AuditAction::WebhookDelete && entry.outcome != AuditOutcome::Refused
            });
            deleted.extend(page.filter_map(|entry| entry.target.id.parse::<ConfigId>().ok()));
            before = next;
            if before.is_none() {
                return Ok(deleted);
            }
        }
    }

    async fn page(
        &self,
        owner: &Owner,
        filter: &AuditFilter,
        before: Option<AuditId>,
    ) -> Result<(Vec<AuditEntry>, Option<AuditId>), StoreError> {
        let last =
            before.map_or_else(|| bound(filter.to, u8::MAX), |id| below(id).min(bound(filter.to, u8::MAX)));
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", s(partition(owner)))
            .expression_attribute_values(":first", s(bound(filter.from, 0)))
            .expression_attribute_values(":last", s(last))
            .scan_index_forward(false)
            .limit(PAGE)
            .consistent_read(true)
            .send()
            .await
            .map_err(StoreError::during("read the audit log"))?;
        let has_more = page.last_evaluated_key.is_some();
        let entries: Vec<AuditEntry> =
            page.items.unwrap_or_default().into_iter().map(from_item).collect::<Result<_, _>>()?;
        let next = entries.last().filter(|_| has_more).map(|entry| entry.audit_id);
        Ok((entries, next))
    }
}

/// The largest id below one.
fn below(id: AuditId) -> Uuid {
    Uuid::from_u128(id.0.as_u128().saturating_sub(1))
}

fn partition(owner: &Owner) -> String {
    format!("{owner}#audit")
}

fn key(owner: &Owner, audit_id: AuditId) -> Item {
    Item::from([("pk".to_owned(), s(partition(owner))), ("sk".to_owned(), s(audit_id))])
}
