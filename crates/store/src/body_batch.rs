//! The accepted bodies of several events at once.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::KeysAndAttributes;
use hookstep_contract::EventRecord;

use crate::bodies::{BODY, partition};
use crate::item::{Item, s};
use crate::redacted_bodies::kept_of;
use crate::{Bodies, KeptBody, StoreError, published_bodies};

/// The most keys of a request, so that its answer stays below 16 MB, the most that DynamoDB answers at once.
const BATCH: usize = 50;

impl Bodies {
    /// The accepted bodies of these events, in their order; `None` for one that is a claim check, was not stored or has
    /// expired. What the deliveries of a publication share is read once.
    ///
    /// # Errors
    /// If the table cannot be read or an item is not a body.
    pub async fn of_many(&self, events: &[EventRecord]) -> Result<Vec<Option<KeptBody>>, StoreError> {
        let partitions: Vec<Option<String>> = events.iter().map(partition_of).collect();
        let distinct: Vec<&String> =
            partitions.iter().flatten().collect::<BTreeSet<_>>().into_iter().collect();
        let mut bodies: HashMap<String, KeptBody> = HashMap::new();
        for partitions in distinct.chunks(BATCH) {
            self.read_batch(partitions, &mut bodies).await?;
        }
        let body = |pk: Option<String>| pk.and_then(|pk| bodies.get(&pk).cloned());
        Ok(partitions.into_iter().map(body).collect())
    }

    async fn read_batch(
        &self,
        partitions: &[&String],
        bodies: &mut HashMap<String, KeptBody>,
    ) -> Result<(), StoreError> {
        let key = |pk: &&String| Item::from([("pk".to_owned(), s(pk)), ("sk".to_owned(), s(BODY))]);
        let keys = KeysAndAttributes::builder().set_keys(Some(partitions.iter().map(key).collect()));
        let mut left = Some(keys.build().map_err(StoreError::during("read bodies"))?);
        while let Some(keys) = left {
            let request = HashMap::from([(self.table.clone(), keys)]);
            let answer = self.client.batch_get_item().set_request_items(Some(request)).send().await;
            let answer = answer.map_err(StoreError::during("read bodies"))?;
            for item in answer.responses.unwrap_or_default().into_values().flatten() {
                let Some(pk) = item.get("pk").and_then(|pk| pk.as_s().ok()).cloned() else { continue };
                if let Some(body) = kept_of(item)? {
                    bodies.insert(pk, body);
                }
            }
            left = answer.unprocessed_keys.unwrap_or_default().remove(&self.table);
        }
        Ok(())
    }
}

/// Where the accepted body of an event is, unless it is a claim check.
fn partition_of(event: &EventRecord) -> Option<String> {
    match (&event.claim, event.publication_id) {
        (Some(_), _) => None,
        (None, Some(publication_id)) => Some(published_bodies::partition(&event.org_id, publication_id)),
        (None, None) => Some(partition(&event.org_id, event.config_id, event.event_id)),
    }
}
