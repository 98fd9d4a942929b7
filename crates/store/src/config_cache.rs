//! Webhooks as they were read a moment ago.
//!
//! Every event of a webhook reads the webhook, and all webhooks of an org are in one partition, which DynamoDB lets be
//! read 3,000 times a second. Only for callers that tolerate a change that takes effect some seconds later; a process
//! that also changes webhooks needs none, since its tables are near.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_contract::{ConfigId, OrgId, Timestamp, WebhookConfig};

/// How many webhooks are kept at most: at 30 KB, the largest there are, 6 MB.
const MAX_KEPT: usize = 200;

/// Webhooks, each with when its read began.
type Kept = HashMap<(OrgId, ConfigId), (Timestamp, WebhookConfig)>;

pub(crate) struct ConfigCache {
    kept: Mutex<Kept>,
    max_age: Duration,
    sources: Sources,
}

impl fmt::Debug for ConfigCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigCache").field("max_age", &self.max_age).finish_non_exhaustive()
    }
}

impl ConfigCache {
    pub(crate) fn new(max_age: Duration, sources: Sources) -> Self {
        Self { kept: Mutex::default(), max_age, sources }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.sources.now()
    }

    /// The webhook as it was read, if that was within the maximum age before `now`.
    pub(crate) fn get(&self, org_id: &OrgId, config_id: ConfigId, now: Timestamp) -> Option<WebhookConfig> {
        let kept = self.lock();
        let (read_at, config) = kept.get(&(org_id.clone(), config_id))?;
        // A clock that was set back says nothing about the age.
        (*read_at <= now && now.since(*read_at) <= self.max_age).then(|| config.clone())
    }

    /// Keeps what a read that began at `read_at` found. That there is no webhook is not kept.
    pub(crate) fn keep(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        read_at: Timestamp,
        found: Option<&WebhookConfig>,
    ) {
        let mut kept = self.lock();
        let webhook = (org_id.clone(), config_id);
        match found {
            Some(config) => {
                if kept.len() >= MAX_KEPT && !kept.contains_key(&webhook) {
                    kept.clear();
                }
                kept.insert(webhook, (read_at, config.clone()));
            }
            None => drop(kept.remove(&webhook)),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
