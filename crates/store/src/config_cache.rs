//! Webhooks as they were read a moment ago.
//!
//! Every event of a webhook reads the webhook, and all webhooks of an org are in one partition, which DynamoDB lets be
//! read 3,000 times a second. There, a webhook is kept for some seconds, for callers that tolerate a change that takes
//! effect so much later. Tables in the same process say whether they have changed, and a webhook is kept until then.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_contract::{ConfigId, OrgId, Timestamp, WebhookConfig};

/// How many webhooks are kept at most: at 30 KB, the largest there are, 6 MB.
const MAX_KEPT: usize = 200;

/// What the age of a webhook is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadAt {
    /// The version that the table had before the webhook was read.
    Version(u64),
    /// When the read began.
    Time(Timestamp),
}

/// Webhooks, each with when it was read.
type Kept = HashMap<(OrgId, ConfigId), (ReadAt, WebhookConfig)>;

#[derive(Default)]
pub(crate) struct ConfigCache {
    kept: Mutex<Kept>,
    /// How long webhooks of a table without versions are kept, if at all.
    aging: Option<(Duration, Sources)>,
}

impl fmt::Debug for ConfigCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigCache").finish_non_exhaustive()
    }
}

impl ConfigCache {
    pub(crate) fn new(max_age: Duration, sources: Sources) -> Self {
        Self { kept: Mutex::default(), aging: Some((max_age, sources)) }
    }

    /// What is to be said of a read that begins now, of a table with this version; `None` if it is not to be kept.
    pub(crate) fn now(&self, version: Option<u64>) -> Option<ReadAt> {
        let aging = || self.aging.as_ref().map(|(_, sources)| ReadAt::Time(sources.now()));
        version.map(ReadAt::Version).or_else(aging)
    }

    /// The webhook as it was read, if that still holds.
    pub(crate) fn get(&self, org_id: &OrgId, config_id: ConfigId, now: ReadAt) -> Option<WebhookConfig> {
        let kept = self.lock();
        let (read_at, config) = kept.get(&(org_id.clone(), config_id))?;
        self.holds(*read_at, now).then(|| config.clone())
    }

    fn holds(&self, read_at: ReadAt, now: ReadAt) -> bool {
        match (read_at, now, &self.aging) {
            // A clock that was set back says nothing about the age.
            (ReadAt::Time(read_at), ReadAt::Time(now), Some((max_age, _))) => {
                read_at <= now && now.since(read_at) <= *max_age
            }
            (ReadAt::Version(read_at), ReadAt::Version(now), _) => read_at == now,
            _ => false,
        }
    }

    /// Keeps what was found. That there is no webhook is not kept.
    pub(crate) fn keep(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        read_at: ReadAt,
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
