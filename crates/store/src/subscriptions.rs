//! Which webhooks get an event of a type.
//!
//! A webhook has up to 30 KB, and most of it is of no use here. The index `subscriptions` has the keys of the table and the few
//! attributes that are, so that DynamoDB reads nothing else (ADR 0055). On one machine it is the table itself, and what an
//! org's webhooks subscribe to is in memory until one of them is changed.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::types::AttributeValue;
use hookstep_contract::{ConfigId, OrgId, subscribes};
use serde::Deserialize;

use crate::event_types::SUMMARY;
use crate::item::{from_item, n, s};
use crate::{Configs, StoreError};

/// The subscriptions of so many orgs are in memory at most.
const MAX_ORGS: usize = 200;

/// The first and the last text that ids of webhooks are between.
const FIRST: &str = "0";
const LAST: &str = "g";

/// The event types that a webhook subscribes to.
#[derive(Debug, Deserialize)]
struct Subscription {
    config_id: ConfigId,
    event_types: Vec<String>,
    shards: Option<u16>,
}

/// The types of a catalogue whose payloads are checked.
#[derive(Deserialize)]
struct Checked {
    event_types: Vec<String>,
}

/// A webhook that subscribes to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// The webhook.
    pub config_id: ConfigId,
    /// Over how many partitions its events are spread.
    pub shards: u16,
}

/// Who gets an event of a type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscribed {
    /// The webhooks, in the order of their ids.
    pub webhooks: Vec<Subscriber>,
    /// Whether the catalogue of the org has the type, and payloads are checked.
    pub is_checked: bool,
}

/// A webhook that gets the events of a type, if it is enabled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The webhook.
    pub config_id: ConfigId,
    /// Those of its subscriptions that match.
    pub event_types: Vec<String>,
}

/// What the webhooks of an org subscribe to.
type OfOrg = Arc<Subscriptions>;

#[derive(Debug, Default)]
struct Subscriptions {
    webhooks: Vec<Subscription>,
    /// The types of the catalogue whose payloads are checked.
    checked: Vec<String>,
}

/// Subscriptions by org, each with the version of the table before it was read.
#[derive(Default)]
pub(crate) struct SubscriptionCache(Mutex<HashMap<OrgId, (u64, OfOrg)>>);

impl fmt::Debug for SubscriptionCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubscriptionCache")
    }
}

impl SubscriptionCache {
    fn get(&self, org_id: &OrgId, version: u64) -> Option<OfOrg> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(org_id).filter(|(read_at, _)| *read_at == version).map(|(_, found)| Arc::clone(found))
    }

    fn keep(&self, org_id: &OrgId, version: u64, found: &OfOrg) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_ORGS && !kept.contains_key(org_id) {
            kept.clear();
        }
        kept.insert(org_id.clone(), (version, Arc::clone(found)));
    }
}

impl Configs {
    /// The name of the index.
    pub const SUBSCRIPTIONS: &str = "subscriptions";

    /// The attributes that the index has besides the keys.
    pub const SUBSCRIPTION_ATTRIBUTES: [&str; 3] = ["enabled", "event_types", "shards"];

    /// The enabled webhooks of `org_id` that subscribe to `event_type`, and whether its payloads are checked, found with one query.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn subscribed(&self, org_id: &OrgId, event_type: &str) -> Result<Subscribed, StoreError> {
        let version = self.version();
        let known = version.and_then(|version| self.subscriptions.get(org_id, version));
        let all = match known {
            Some(known) => known,
            None => {
                let found = Arc::new(self.read_subscriptions(org_id).await?);
                if let Some(version) = version {
                    self.subscriptions.keep(org_id, version, &found);
                }
                found
            }
        };
        let webhooks = all.webhooks.iter().filter(|webhook| subscribes(&webhook.event_types, event_type));
        let webhooks = webhooks
            .map(|Subscription { config_id, shards, .. }| Subscriber {
                config_id: *config_id,
                shards: shards.unwrap_or(1),
            })
            .collect();
        Ok(Subscribed { webhooks, is_checked: all.checked.iter().any(|checked| checked == event_type) })
    }

    async fn read_subscriptions(&self, org_id: &OrgId) -> Result<Subscriptions, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(Self::SUBSCRIPTIONS)
            .key_condition_expression("org_id = :org AND config_id <= :end")
            .filter_expression("enabled = :true AND size(event_types) > :none")
            .projection_expression("config_id, event_types, shards")
            .expression_attribute_values(":org", s(org_id))
            .expression_attribute_values(":end", s(SUMMARY))
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .expression_attribute_values(":none", n(0))
            .into_items();
        let mut found = Subscriptions::default();
        while let Some(item) = pages.next().await {
            let item = item.map_err(StoreError::during("read subscriptions"))?;
            if item.get("config_id") == Some(&s(SUMMARY)) {
                found.checked = from_item::<Checked>(item)?.event_types;
            } else {
                found.webhooks.push(from_item(item)?);
            }
        }
        Ok(found)
    }

    /// The webhooks of `org_id`, disabled ones as well, that subscribe to `event_type`: at most `limit` whose ids come after
    /// `after`, and whether there are more.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn listeners(
        &self,
        org_id: &OrgId,
        event_type: &str,
        after: Option<ConfigId>,
        limit: usize,
    ) -> Result<(Vec<Listener>, bool), StoreError> {
        let mut items = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(Self::SUBSCRIPTIONS)
            .key_condition_expression("org_id = :org AND config_id BETWEEN :after AND :end")
            .filter_expression("size(event_types) > :none")
            .projection_expression("config_id, event_types, shards")
            .expression_attribute_values(":org", s(org_id))
            .expression_attribute_values(":after", after.map_or_else(|| s(FIRST), s))
            .expression_attribute_values(":end", s(LAST))
            .expression_attribute_values(":none", n(0))
            .into_items();
        let mut found = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(StoreError::during("read who listens to an event type"))?;
            let Subscription { config_id, mut event_types, .. } = from_item(item)?;
            event_types.retain(|pattern| subscribes(std::slice::from_ref(pattern), event_type));
            if event_types.is_empty() || after.is_some_and(|after| config_id <= after) {
                continue;
            }
            if found.len() == limit {
                return Ok((found, true));
            }
            found.push(Listener { config_id, event_types });
        }
        Ok((found, false))
    }
}
