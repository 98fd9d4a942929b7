//! Whether the key is the one with which a data directory was written.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{EncryptionContext, LocalKey};
use crate::StandInError;
use crate::tables::{CONFIGS, Tables};

/// What a check value says when it is decrypted.
const PLAINTEXT: &[u8] = b"hookstep";

fn context(directory_id: &str) -> EncryptionContext {
    [("directory".to_owned(), directory_id.to_owned())].into()
}

impl LocalKey {
    /// A value that only this key opens, to be kept with the files of the directory. It reveals nothing about the key.
    pub fn check_value(&self, directory_id: &str) -> Option<String> {
        self.seal(&context(directory_id), PLAINTEXT).map(hex::encode)
    }

    /// Whether the value was made by this key for this directory.
    pub fn is_checked_by(&self, directory_id: &str, value: &str) -> bool {
        let sealed = hex::decode(value).ok();
        let opened = sealed.and_then(|sealed| self.unseal(&context(directory_id), &sealed));
        opened.as_deref() == Some(PLAINTEXT)
    }

    /// Whether this key opens a signing key in the tables, for directories that have no check value yet. Without any signing
    /// key there is nothing that another key could not open.
    ///
    /// # Errors
    /// If the tables cannot be read.
    pub async fn opens_keys_of(&self, tables: &Tables) -> Result<bool, StandInError> {
        let mut start = Value::Null;
        loop {
            let mut request = json!({
                "TableName": CONFIGS, "FilterExpression": "attribute_exists(signing_keys)",
                "ProjectionExpression": "org_id, signing_keys",
            });
            if !start.is_null() {
                request["ExclusiveStartKey"] = start;
            }
            let page = tables.submit("Scan", request).await.map_err(|error| {
                StandInError::during("read the keys in the tables")(format!(
                    "{}: {}",
                    error.name, error.message
                ))
            })?;
            let items = page["Items"].as_array().map(Vec::as_slice).unwrap_or_default();
            if let Some(item) = items.first() {
                return Ok(self.opens(item));
            }
            start = page["LastEvaluatedKey"].clone();
            if start.is_null() {
                return Ok(true);
            }
        }
    }

    fn opens(&self, item: &Value) -> bool {
        let (org_id, key) = (&item["org_id"]["S"], &item["signing_keys"]["L"][0]["M"]["key"]["S"]);
        let (Some(org_id), Some(key)) = (org_id.as_str(), key.as_str()) else { return false };
        let context = [("org_id".to_owned(), org_id.to_owned())].into();
        STANDARD.decode(key).is_ok_and(|sealed| self.unseal(&context, &sealed).is_some())
    }
}
