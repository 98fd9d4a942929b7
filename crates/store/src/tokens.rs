//! The table of API tokens: pk `token_hash`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use contract::Token;
use tokio::time::Instant;

use crate::StoreError;
use crate::item::{from_item, s, to_item};

/// How long a token that was found is believed: a revoked one works this much longer. Spares a busy producer a read for
/// every request.
const BELIEVED: Duration = Duration::from_secs(10);

/// How many tokens are believed at once; more than a process sees in that time.
const MOST_BELIEVED: usize = 1000;

/// The table of API tokens.
#[derive(Clone, Debug)]
pub struct Tokens {
    client: Client,
    table: String,
    believed: Arc<Mutex<HashMap<String, (Instant, Token)>>>,
}

impl Tokens {
    /// The table of this name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into(), believed: Arc::default() }
    }

    /// The token with this hash; as it was up to ten seconds ago.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn find(&self, token_hash: &str) -> Result<Option<Token>, StoreError> {
        if let Some(token) = self.believed(token_hash) {
            return Ok(Some(token));
        }
        let found = self.read(token_hash).await?;
        if let Some(token) = &found {
            let mut believed = self.believed.lock().unwrap_or_else(PoisonError::into_inner);
            if believed.len() >= MOST_BELIEVED {
                believed.clear();
            }
            believed.insert(token_hash.to_owned(), (Instant::now(), token.clone()));
        }
        Ok(found)
    }

    fn believed(&self, token_hash: &str) -> Option<Token> {
        let believed = self.believed.lock().unwrap_or_else(PoisonError::into_inner);
        believed
            .get(token_hash)
            .filter(|(since, _)| since.elapsed() < BELIEVED)
            .map(|(_, token)| token.clone())
    }

    async fn read(&self, token_hash: &str) -> Result<Option<Token>, StoreError> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("token_hash", s(token_hash))
            .send()
            .await
            .map_err(StoreError::during("read a token"))?;
        found.item.map(from_item).transpose()
    }

    /// Writes a token.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn put(&self, token: &Token) -> Result<(), StoreError> {
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(token)?))
            .send()
            .await
            .map_err(StoreError::during("write a token"))?;
        Ok(())
    }

    /// Whether there is any token.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn any(&self) -> Result<bool, StoreError> {
        let page = self
            .client
            .scan()
            .table_name(&self.table)
            .limit(1)
            .send()
            .await
            .map_err(StoreError::during("look for tokens"))?;
        Ok(page.count > 0)
    }
}
