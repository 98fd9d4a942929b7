//! Which webhooks get an event of a type.
//!
//! A webhook has up to 30 KB, and most of it is of no use here. The index `subscriptions` has the keys of the table and the few
//! attributes that are, so that DynamoDB reads nothing else (ADR 0055). On one machine it is the table itself, and what an
//! org's webhooks subscribe to is in memory until one of them is changed.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::types::AttributeValue;
use hookstep_contract::{ConfigId, OrgId};
use serde::Deserialize;

use crate::configs::AFTER_CONFIGS;
use crate::item::{from_item, n, s};
use crate::{Configs, StoreError};

/// The subscriptions of so many orgs are in memory at most.
const MAX_ORGS: usize = 200;

/// The event types that a webhook subscribes to.
#[derive(Debug, Deserialize)]
struct Subscription {
    config_id: ConfigId,
    event_types: Vec<String>,
    shards: Option<u16>,
}

/// A webhook that subscribes to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// The webhook.
    pub config_id: ConfigId,
    /// Over how many partitions its events are spread.
    pub shards: u16,
}

/// What the webhooks of an org subscribe to.
type OfOrg = Arc<[Subscription]>;

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

    /// The enabled webhooks of `org_id` whose `event_types` satisfy `to_it`, in the order of their ids, found with one query.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn subscribed(
        &self,
        org_id: &OrgId,
        to_it: impl Fn(&[String]) -> bool,
    ) -> Result<Vec<Subscriber>, StoreError> {
        let version = self.version();
        let known = version.and_then(|version| self.subscriptions.get(org_id, version));
        let all = match known {
            Some(known) => known,
            None => {
                let found = self.read_subscriptions(org_id).await?.into();
                if let Some(version) = version {
                    self.subscriptions.keep(org_id, version, &found);
                }
                found
            }
        };
        let subscribed = all.iter().filter(|subscription| to_it(&subscription.event_types));
        Ok(subscribed
            .map(|Subscription { config_id, shards, .. }| Subscriber {
                config_id: *config_id,
                shards: shards.unwrap_or(1),
            })
            .collect())
    }

    async fn read_subscriptions(&self, org_id: &OrgId) -> Result<Vec<Subscription>, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(Self::SUBSCRIPTIONS)
            .key_condition_expression("org_id = :org AND config_id < :end")
            .filter_expression("enabled = :true AND size(event_types) > :none")
            .projection_expression("config_id, event_types, shards")
            .expression_attribute_values(":org", s(org_id))
            .expression_attribute_values(":end", s(AFTER_CONFIGS))
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .expression_attribute_values(":none", n(0))
            .into_items();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            found.push(from_item(item.map_err(StoreError::during("read subscriptions"))?)?);
        }
        Ok(found)
    }
}
