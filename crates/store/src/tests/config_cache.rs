//! Webhooks that are read again only after a while.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_contract::{ConfigId, OrgId};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::table::table_with;
use crate::Configs;

/// The time, in milliseconds since 1970.
static NOW: AtomicI64 = AtomicI64::new(0);

fn clock() -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::from_millis(NOW.load(Ordering::Relaxed).unsigned_abs())
}

const SOURCES: Sources = Sources { clock, new_id: Uuid::nil, random: || 0.0, random_bytes: || [0; 64] };

fn webhook() -> (OrgId, ConfigId) {
    ("acme".parse().unwrap(), "0190a000-0000-7000-8000-00000000000a".parse().unwrap())
}

#[tokio::test]
async fn a_webhook_is_read_again_after_its_time_and_whenever_the_latest_is_asked_for() {
    let item = json!({
        "org_id": {"S": "acme"}, "config_id": {"S": "0190a000-0000-7000-8000-00000000000a"},
        "created_at": {"S": "2026-01-02T03:04:05Z"}, "updated_at": {"S": "2026-01-02T03:04:05Z"},
        "name": {"S": "n"}, "url": {"S": "https://example.com/"},
    });
    let (table, requests) = table_with(&[item]);
    let configs = Configs::new(table, "configs").cached(Duration::from_secs(2), SOURCES);
    let (org_id, config_id) = webhook();
    for (millis, reads) in
        [(10_000, 1), (11_999, 0), (12_000, 0), (12_001, 1), (14_001, 0), (14_000, 0), (12_000, 1)]
    {
        NOW.store(millis, Ordering::Relaxed);
        assert!(configs.get(&org_id, config_id).await.unwrap().is_some());
        // A clone is the same cache.
        assert!(configs.clone().get(&org_id, config_id).await.unwrap().is_some());
        assert_eq!(requests.take().len(), reads, "{millis}");
    }
    assert!(configs.latest(&org_id, config_id).await.unwrap().is_some());
    assert_eq!(requests.take().len(), 1);
    // Another org's webhook with the same id is another webhook.
    configs.get(&"globex".parse().unwrap(), config_id).await.unwrap();
    assert_eq!(requests.take().len(), 1);
}

#[tokio::test]
async fn that_there_is_no_webhook_is_found_out_each_time() {
    let (table, requests) = table_with(&[]);
    let configs = Configs::new(table, "configs").cached(Duration::from_secs(2), SOURCES);
    let (org_id, config_id) = webhook();
    for _ in 0..2 {
        assert!(configs.get(&org_id, config_id).await.unwrap().is_none());
        // One that asks for what was made a moment ago follows.
        assert_eq!(requests.take().len(), 2);
    }
}
