//! The sessions of the console, in the table of API tokens: pk `token_hash`, here `session#` and the hash of the session, so
//! that no token is ever looked up as a session, and no session as a token. In the index `by-org` their ids begin with `#`
//! and sort before those of tokens.

use std::time::Duration;

use hookstep_contract::{OrgId, Session, SessionId};
use hookstep_tables::Client;

use crate::StoreError;
use crate::error::unless_forbidden;
use crate::item::{Item, from_item, n, s, to_item};
use crate::tokens::Tokens;

/// How often a session that the index shows is looked for, and the pause in between: the index of a table lags behind it by a
/// fraction of a second.
const END_TRIES: usize = 10;
const END_PAUSE: Duration = Duration::from_millis(100);

/// The sessions of the console.
#[derive(Clone, Debug)]
pub struct Sessions {
    client: Client,
    table: String,
}

impl Sessions {
    /// The sessions in the table of API tokens with this name.
    pub fn new(client: impl Into<Client>, table: impl Into<String>) -> Self {
        Self { client: client.into(), table: table.into() }
    }

    /// The session with this hash, even if it has ended by time. It is read consistently: the request after the sign-in needs
    /// it, and a session that was ended must not be used again.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn find(&self, session_hash: &str) -> Result<Option<Session>, StoreError> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("token_hash", s(key(session_hash)))
            .consistent_read(true)
            .send()
            .await
            .map_err(StoreError::during("read a session"))?;
        found.item.map(from_item).transpose()
    }

    /// Writes a new session.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn open(&self, session: &Session) -> Result<(), StoreError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item(session)?));
        put.send().await.map(drop).map_err(StoreError::during("open a session"))
    }

    /// Puts a session in the place of the link that opens it; returns `false` if the link is not there any more, because it was
    /// used or ended. Should the second write fail, the link is lost: it never opens two sessions.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn redeem(&self, link_hash: &str, session: &Session) -> Result<bool, StoreError> {
        if !self.remove(link_hash, "use up a link").await? {
            return Ok(false);
        }
        self.open(session).await.map(|()| true)
    }

    /// Writes a session again, unless it was ended meanwhile.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn prolong(&self, session: &Session) -> Result<bool, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item(session)?))
            .condition_expression("attribute_exists(token_hash)")
            .send()
            .await;
        unless_forbidden(put, "prolong a session")
    }

    /// The sessions of an org, oldest first, starting after `after`, and the start of the next page if there is one.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn list(
        &self,
        org_id: &OrgId,
        after: Option<SessionId>,
        limit: usize,
    ) -> Result<(Vec<Session>, Option<SessionId>), StoreError> {
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(Tokens::BY_ORG)
            .key_condition_expression("org_id = :org_id AND token_id BETWEEN :after AND :last")
            .expression_attribute_values(":org_id", s(org_id))
            // A space sorts before every character of an id, so that the session itself is left out.
            .expression_attribute_values(":after", after.map_or_else(|| s("#"), |id| s(index_key(id) + " ")))
            .expression_attribute_values(":last", s("#g"))
            .limit(i32::try_from(limit + 1).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(StoreError::during("list sessions"))?;
        let mut sessions: Vec<Session> =
            page.items.unwrap_or_default().into_iter().map(from_item).collect::<Result<_, _>>()?;
        let is_last = sessions.len() <= limit;
        sessions.truncate(limit);
        let next = sessions.last().filter(|_| !is_last).map(|session| session.session_id);
        Ok((sessions, next))
    }

    /// Ends a session of an org, or the link that would open it; returns `false` if the org has no session with this id.
    ///
    /// # Errors
    /// If the table cannot be read or written.
    pub async fn end(&self, org_id: &OrgId, session_id: SessionId) -> Result<bool, StoreError> {
        for _ in 0..END_TRIES {
            let found = self.with_id(org_id, session_id).await?;
            if found.is_empty() {
                return Ok(false);
            }
            let mut is_ended = false;
            for session in found {
                is_ended |= self.remove(&session.session_hash, "end a session").await?;
            }
            if is_ended {
                return Ok(true);
            }
            // The index still shows a link that was opened meanwhile, and not yet the session in its place.
            tokio::time::sleep(END_PAUSE).await;
        }
        Ok(false)
    }

    async fn with_id(&self, org_id: &OrgId, session_id: SessionId) -> Result<Vec<Session>, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(Tokens::BY_ORG)
            .key_condition_expression("org_id = :org_id AND token_id = :id")
            .expression_attribute_values(":org_id", s(org_id))
            .expression_attribute_values(":id", s(index_key(session_id)))
            .send()
            .await
            .map_err(StoreError::during("look for a session"))?;
        found.items.unwrap_or_default().into_iter().map(from_item).collect()
    }

    /// Deletes the item with this hash; returns `false` if there is none.
    async fn remove(&self, session_hash: &str, doing: &'static str) -> Result<bool, StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key("token_hash", s(key(session_hash)))
            .condition_expression("attribute_exists(token_hash)")
            .send()
            .await;
        unless_forbidden(delete, doing)
    }

    /// Ends the session with this hash, if there is one.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn delete(&self, session_hash: &str) -> Result<(), StoreError> {
        let delete =
            self.client.delete_item().table_name(&self.table).key("token_hash", s(key(session_hash)));
        delete.send().await.map(drop).map_err(StoreError::during("end a session"))
    }
}

fn key(session_hash: &str) -> String {
    format!("session#{session_hash}")
}

fn index_key(session_id: SessionId) -> String {
    format!("#{session_id}")
}

fn item(session: &Session) -> Result<Item, StoreError> {
    let mut item = to_item(session)?;
    item.insert("token_hash".to_owned(), s(key(&session.session_hash)));
    item.insert("token_id".to_owned(), s(index_key(session.session_id)));
    // For the table's TTL.
    item.insert("expires_at".to_owned(), n(session.ends_at.unix_seconds()));
    Ok(item)
}
