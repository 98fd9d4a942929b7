//! Deletes what an org has in the bucket.

use aws_sdk_s3::types::Object;
use futures_util::{StreamExt, TryStreamExt, stream};
use hookstep_contract::{OrgId, StoreError};

use crate::Claims;

/// How many objects are deleted concurrently.
const MAX_CONCURRENT: usize = 16;

impl Claims {
    /// Deletes up to a thousand of the claim checks of an org; returns how many there were.
    ///
    /// # Errors
    /// If the bucket cannot be read or written.
    pub async fn delete_some_of(&self, org_id: &OrgId) -> Result<u64, StoreError> {
        let list = self.client.list_objects_v2().bucket(&self.bucket).prefix(format!("claims/{org_id}/"));
        let listed = Box::pin(list.send()).await.map_err(StoreError::during("list claim checks"))?;
        let keys: Vec<String> =
            listed.contents().iter().filter_map(Object::key).map(ToOwned::to_owned).collect();
        let deletions =
            keys.iter().map(|key| Box::pin(self.client.delete_object().bucket(&self.bucket).key(key).send()));
        // Collected first, for the compiler cannot prove the lifetimes of a lazy iterator.
        let deletions: Vec<_> = deletions.collect();
        let deleted = stream::iter(deletions).buffer_unordered(MAX_CONCURRENT).map_ok(drop);
        deleted.try_collect::<()>().await.map_err(StoreError::during("delete a claim check"))?;
        Ok(keys.len() as u64)
    }

    /// Deletes a claim check, if it is there.
    ///
    /// # Errors
    /// If the bucket cannot be written.
    pub async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let delete = self.client.delete_object().bucket(&self.bucket).key(key);
        Box::pin(delete.send()).await.map(drop).map_err(StoreError::during("delete a claim check"))
    }
}
