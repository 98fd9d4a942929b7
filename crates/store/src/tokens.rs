//! The table of API tokens: pk `token_hash`.

use aws_sdk_dynamodb::Client;
use contract::Token;

use crate::StoreError;
use crate::item::{from_item, s, to_item};

/// The table of API tokens.
#[derive(Clone, Debug)]
pub struct Tokens {
    client: Client,
    table: String,
}

impl Tokens {
    /// The table of this name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// The token with this hash.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn find(&self, token_hash: &str) -> Result<Option<Token>, StoreError> {
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
