//! The table of API tokens: pk `token_hash`. Requests look a token up by its hash; the index `by-org` (pk
//! `org_id`, sk `token_id`) is for managing an org's tokens without knowing them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use hookstep_ambient::Sources;
use hookstep_contract::{Owner, Token, TokenId};
use hookstep_tables::Client;
use tokio::time::Instant;

use crate::StoreError;
use crate::item::{find, from_item, n, s, to_item};

/// The cache TTL of a token: a revoked token keeps working for this long. The cache saves a busy producer one
/// read per request.
const CACHE_TTL: Duration = Duration::from_secs(10);

/// How often the use of a token is noted at most: often enough to see whether anybody still uses it.
pub const NOTED_EVERY: Duration = Duration::from_secs(3600);

/// The maximum number of cached tokens; more than a process sees within the TTL.
const MAX_CACHED: usize = 1000;

/// The table of API tokens.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub(crate) client: Client,
    pub(crate) table: String,
    sources: Sources,
    cache: Arc<Mutex<HashMap<String, (Instant, Token)>>>,
}

impl Tokens {
    /// The index of an org's tokens.
    pub const BY_ORG: &str = "by-org";

    /// The table with this name; `sources` provides the time for token expiry.
    pub fn new(client: impl Into<Client>, table: impl Into<String>, sources: Sources) -> Self {
        Self { client: client.into(), table: table.into(), sources, cache: Arc::default() }
    }

    /// The token with this hash, unless it has expired. The result may be up to ten seconds old.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn find(&self, token_hash: &str) -> Result<Option<Token>, StoreError> {
        let found = match self.cached(token_hash) {
            Some(token) => Some(token),
            None => self.read(token_hash).await?.inspect(|token| self.remember(token)),
        };
        // DynamoDB may delete an item days after it expires, so the expiry is checked here.
        Ok(found.filter(|token| !token.has_expired(self.sources.now())))
    }

    fn remember(&self, token: &Token) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= MAX_CACHED {
            cache.clear();
        }
        cache.insert(token.token_hash.clone(), (Instant::now(), token.clone()));
    }

    fn cached(&self, token_hash: &str) -> Option<Token> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = cache.get(token_hash).filter(|(since, _)| since.elapsed() < CACHE_TTL);
        fresh.map(|(_, token)| token.clone())
    }

    async fn read(&self, token_hash: &str) -> Result<Option<Token>, StoreError> {
        let request = self.client.get_item().table_name(&self.table).key("token_hash", s(token_hash));
        find(request, "read a token").await?.map(from_item).transpose()
    }

    /// Notes that a token is in use now, unless that was noted within the last hour.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn note_use(&self, token: &Token) -> Result<(), StoreError> {
        let now = self.sources.now();
        if token.last_used().is_some_and(|last| now.since(last) < NOTED_EVERY) {
            return Ok(());
        }
        let used = Token { last_used_at: Some(now.unix_seconds()), ..token.clone() };
        self.remember(&used);
        let noted = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("token_hash", s(&token.token_hash))
            .update_expression("SET last_used_at = :now")
            // A token that was revoked meanwhile does not come back.
            .condition_expression("attribute_exists(token_hash)")
            .expression_attribute_values(":now", n(now.unix_seconds()))
            .send()
            .await;
        match noted {
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            noted => noted.map(drop).map_err(StoreError::during("note the use of a token")),
        }
    }

    /// Writes a token.
    ///
    /// # Errors
    /// If the table cannot be written.
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

    /// The tokens of an owner that have an id, oldest first, starting after `after`, and the start of the next
    /// page if there is one.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn list(
        &self,
        owner: &Owner,
        after: Option<TokenId>,
        limit: usize,
    ) -> Result<(Vec<Token>, Option<TokenId>), StoreError> {
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(Self::BY_ORG)
            .key_condition_expression("org_id = :org_id AND token_id > :after")
            .expression_attribute_values(":org_id", s(owner))
            // Every id is a UUIDv7 of this millennium, and so sorts behind this; sessions sort before it.
            .expression_attribute_values(":after", after.map_or_else(|| s("0"), s))
            // One more than requested, to know whether there is a next page.
            .limit(i32::try_from(limit + 1).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(StoreError::during("list tokens"))?;
        let mut tokens: Vec<Token> =
            page.items.unwrap_or_default().into_iter().map(from_item).collect::<Result<_, _>>()?;
        let is_last = tokens.len() <= limit;
        tokens.truncate(limit);
        let next = tokens.last().filter(|_| !is_last).and_then(|token| token.token_id);
        Ok((tokens, next))
    }

    /// Deletes a token of an owner; returns `false` if the owner has no token with this id. Other processes may
    /// accept the token for up to ten more seconds.
    ///
    /// # Errors
    /// If the table cannot be read or written.
    pub async fn revoke(&self, owner: &Owner, token_id: TokenId) -> Result<bool, StoreError> {
        let Some(Token { token_hash, .. }) = self.by_id(owner, token_id).await? else { return Ok(false) };
        self.client
            .delete_item()
            .table_name(&self.table)
            .key("token_hash", s(&token_hash))
            .send()
            .await
            .map_err(StoreError::during("delete a token"))?;
        self.forget(&token_hash);
        Ok(true)
    }

    pub(crate) fn forget(&self, token_hash: &str) {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).remove(token_hash);
    }

    /// The token of an owner with this id.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn by_id(&self, owner: &Owner, token_id: TokenId) -> Result<Option<Token>, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(Self::BY_ORG)
            .key_condition_expression("org_id = :org_id AND token_id = :token_id")
            .expression_attribute_values(":org_id", s(owner))
            .expression_attribute_values(":token_id", s(token_id))
            .send()
            .await
            .map_err(StoreError::during("look for a token"))?;
        found.items.unwrap_or_default().pop().map(from_item).transpose()
    }

    /// Whether any token exists.
    ///
    /// # Errors
    /// If the table cannot be read.
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
