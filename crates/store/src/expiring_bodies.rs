//! Which bodies are to be deleted before their events (ADR 0066), or redacted at their end (ADR 0067), in the events table: pk
//! `#expiring/{spread}`, sk `{minute}#{config_id}#{event_id}`, so that what is due comes first.
//!
//! What several events share, a claim check or the body of a publication, has an item for each of them, pk
//! `{org_id}#users#{shared}`, sk `{event_id}`: it is deleted with the last one. The body of a publication that is redacted with the
//! last one has the same as pk `{org_id}#unredacted#{shared}`.

use std::fmt;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use hookstep_contract::limits::hours;
use hookstep_contract::{ConfigId, EventId, EventMetadata, EventRecord, OrgId, Redaction, Source, Timestamp};
use hookstep_tables::Client;

use crate::StoreError;
use crate::item::{Item, n, s};

/// Over how many partitions the list is spread: DynamoDB takes 1,000 writes a second of each.
pub const EXPIRING_SPREAD: u8 = 8;

/// What the partitions of the list begin with. No org has an empty id.
pub(crate) const PARTITIONS: &str = "#expiring/";

/// The length of a step of the list: what is due within one is deleted together.
const STEP: Duration = Duration::from_secs(60);

/// A body that several events may have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SharedBody {
    /// The claim check with this key.
    Claim(String),
    /// The body of this publication.
    Publication(EventId),
}

impl SharedBody {
    /// The prefix of every key of a claim check.
    const CLAIMS: &str = "claims/";

    fn of(text: &str) -> Option<Self> {
        match text.starts_with(Self::CLAIMS) {
            true => Some(Self::Claim(text.to_owned())),
            false => text.parse().ok().map(Self::Publication),
        }
    }

    /// When it was made: the time in its id. `None` for a claim check whose key has none.
    pub fn made_at(&self) -> Option<Timestamp> {
        self.id().map(EventId::accepted_at)
    }

    /// The id of the publication whose body it is, be it an item or an object.
    pub fn publication_id(&self) -> Option<EventId> {
        match self {
            Self::Claim(key) if key.rsplit('/').nth(1) != Some("publications") => None,
            Self::Claim(_) | Self::Publication(_) => self.id(),
        }
    }

    /// The last id in the key of a claim check, or that of the publication.
    pub fn id(&self) -> Option<EventId> {
        match self {
            Self::Claim(key) => key.rsplit('/').next()?.parse().ok(),
            Self::Publication(publication_id) => Some(*publication_id),
        }
    }
}

impl fmt::Display for SharedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claim(key) => f.write_str(key),
            Self::Publication(publication_id) => publication_id.fmt(f),
        }
    }
}

/// An event whose bodies are to be deleted before it, or redacted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiring {
    /// The tenant.
    pub org_id: OrgId,
    /// The webhook.
    pub config_id: ConfigId,
    /// The event.
    pub event_id: EventId,
    /// What it was accepted with, if others may have the same.
    pub shared: Option<SharedBody>,
    /// How many hours its bodies are kept after it has ended; `None` for as long as the event.
    pub hours: Option<u32>,
    /// Whether values in its bodies are to be redacted once it has ended.
    pub redacts: bool,
    /// When the event itself may be deleted, in seconds since 1970.
    pub expires_at: i64,
}

impl Expiring {
    /// An event that is recorded; `None` if its bodies are kept for as long as itself, and as they are.
    pub fn of(record: &EventRecord) -> Option<Self> {
        let redacts = record.redaction == Some(Redaction::Due);
        if record.body_retention_hours.is_none() && !redacts {
            return None;
        }
        let publication = record.publication_id.map(SharedBody::Publication);
        Some(Self {
            org_id: record.org_id.clone(),
            config_id: record.config_id,
            event_id: record.event_id,
            shared: record.claim.clone().map(SharedBody::Claim).or(publication),
            hours: record.body_retention_hours,
            redacts,
            expires_at: record.expires_at,
        })
    }

    /// A new event, with the source of its body; `None` if its bodies are kept for as long as itself, and as they are. `retention` is
    /// how long the deployment keeps events.
    pub fn of_new(event: &EventMetadata, source: Option<&Source>, retention: Duration) -> Option<Self> {
        if event.body_retention_hours.is_none() && !event.redacts {
            return None;
        }
        let shared = match source {
            Some(Source::Claim(claim)) => Some(SharedBody::Claim(claim.key.clone())),
            Some(Source::Published(publication_id)) if event.publication_id == Some(*publication_id) => {
                Some(SharedBody::Publication(*publication_id))
            }
            _ => None,
        };
        Some(Self {
            org_id: event.org_id.clone(),
            config_id: event.config_id,
            event_id: event.event_id,
            shared,
            hours: event.body_retention_hours,
            redacts: event.redacts,
            expires_at: event.expires_at(retention),
        })
    }

    /// How long after its end there is something to do: nothing, if it is redacted.
    pub fn kept_for(&self) -> Duration {
        self.hours.filter(|_| !self.redacts).map_or(Duration::ZERO, hours)
    }

    /// The partition of the events that need the body of its publication as it was accepted.
    fn unredacted(&self) -> Option<String> {
        match &self.shared {
            Some(shared @ SharedBody::Publication(_)) if self.redacts => {
                Some(format!("{}#unredacted#{shared}", self.org_id))
            }
            _ => None,
        }
    }
}

/// The list in the events table.
#[derive(Clone, Debug)]
pub struct ExpiringBodies {
    client: Client,
    table: String,
}

impl ExpiringBodies {
    /// The list in the events table with this name.
    pub fn new(client: impl Into<Client>, table: impl Into<String>) -> Self {
        Self { client: client.into(), table: table.into() }
    }

    /// Notes a new event with the source of its body, if its org says that bodies go before their events, or are redacted. It costs
    /// nothing otherwise, and doing it twice is harmless. `retention` is how long the deployment keeps events.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn note_new(
        &self,
        event: &EventMetadata,
        source: Option<&Source>,
        retention: Duration,
    ) -> Result<(), StoreError> {
        let Some(expiring) = Expiring::of_new(event, source, retention) else { return Ok(()) };
        let shared = expiring.shared.as_ref().map(|shared| users(&expiring.org_id, shared));
        for users in shared.into_iter().chain(expiring.unredacted()) {
            let mut user = user_key(&expiring, users);
            user.insert("expires_at".to_owned(), n(expiring.expires_at));
            self.put(user).await?;
        }
        // It ends at the earliest when it is sent for the first time.
        self.look_again(&expiring, event.due_at().plus(expiring.kept_for())).await
    }

    /// Has an event that was noted looked at once `due` has passed.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn look_again(&self, expiring: &Expiring, due: Timestamp) -> Result<(), StoreError> {
        self.put(item(expiring, due)).await
    }

    async fn put(&self, item: Item) -> Result<(), StoreError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
        put.map(drop).map_err(StoreError::during("note whose bodies expire"))
    }

    /// Up to `limit` events of a partition that are to be looked at by `now`: those that are due first, or what follows `after`.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn due(
        &self,
        spread: u8,
        now: Timestamp,
        after: Option<&Listed>,
        limit: i32,
    ) -> Result<Vec<Listed>, StoreError> {
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk < :now")
            .expression_attribute_values(":pk", s(format!("{PARTITIONS}{spread}")))
            .expression_attribute_values(":now", s(now))
            .set_exclusive_start_key(after.map(|listed| listed.key.clone()))
            .limit(limit)
            .consistent_read(true)
            .send()
            .await
            .map_err(StoreError::during("read whose bodies expire"))?;
        let listed = |item: Item| Some(Listed { key: key_of(&item)?, expiring: expiring(&item) });
        Ok(page.items.unwrap_or_default().into_iter().filter_map(listed).collect())
    }

    /// Takes an event off the list.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn remove(&self, listed: Listed) -> Result<(), StoreError> {
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(listed.key));
        delete.send().await.map(drop).map_err(StoreError::during("take an event off the list of bodies"))
    }

    /// Notes that an event no longer has what it shares with others; returns whether nobody has it any more.
    ///
    /// # Errors
    /// If the table cannot be read or written.
    pub async fn release(&self, expiring: &Expiring, shared: &SharedBody) -> Result<bool, StoreError> {
        self.release_from(users(&expiring.org_id, shared), expiring).await
    }

    /// Notes that an event no longer needs the body of its publication as it was accepted; returns whether no other does. `false` if
    /// it has none.
    ///
    /// # Errors
    /// If the table cannot be read or written.
    pub async fn release_unredacted(&self, expiring: &Expiring) -> Result<bool, StoreError> {
        match expiring.unredacted() {
            Some(users) => self.release_from(users, expiring).await,
            None => Ok(false),
        }
    }

    /// Takes an event out of a partition of those that share something; returns whether no others are left.
    async fn release_from(&self, users: String, expiring: &Expiring) -> Result<bool, StoreError> {
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete.set_key(Some(user_key(expiring, users.clone())));
        delete.send().await.map_err(StoreError::during("release a shared body"))?;
        let others = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", s(users))
            .consistent_read(true)
            .limit(1)
            .send()
            .await
            .map_err(StoreError::during("look who has a shared body"))?;
        Ok(others.items().is_empty())
    }
}

/// An event on the list.
#[derive(Clone, Debug)]
pub struct Listed {
    key: Item,
    /// The event; `None` if the item cannot be read.
    pub expiring: Option<Expiring>,
}

fn sort_key(Expiring { config_id, event_id, .. }: &Expiring, due: Timestamp) -> String {
    // The next full minute.
    format!("{}#{config_id}#{event_id}", due.plus(STEP).floor(STEP))
}

fn key(event_id: EventId, sort_key: &str) -> Item {
    let [.., last] = event_id.0.into_bytes();
    let pk = format!("{PARTITIONS}{}", last % EXPIRING_SPREAD);
    Item::from([("pk".to_owned(), s(pk)), ("sk".to_owned(), s(sort_key))])
}

/// The partition of the events that have this in common.
fn users(org_id: &OrgId, shared: &SharedBody) -> String {
    format!("{org_id}#users#{shared}")
}

fn user_key(Expiring { event_id, .. }: &Expiring, users: String) -> Item {
    Item::from([("pk".to_owned(), s(users)), ("sk".to_owned(), s(event_id))])
}

fn key_of(item: &Item) -> Option<Item> {
    let part = |name: &str| Some((name.to_owned(), item.get(name)?.clone()));
    Some(Item::from([part("pk")?, part("sk")?]))
}

/// The item of an event that is to be looked at once `due` has passed.
fn item(expiring: &Expiring, due: Timestamp) -> Item {
    let mut item = key(expiring.event_id, &sort_key(expiring, due));
    item.insert("org_id".to_owned(), s(&expiring.org_id));
    item.extend(expiring.hours.map(|hours| ("hours".to_owned(), n(hours))));
    item.extend(expiring.redacts.then(|| ("redacts".to_owned(), AttributeValue::Bool(true))));
    item.insert("expires_at".to_owned(), n(expiring.expires_at));
    item.extend(expiring.shared.as_ref().map(|shared| ("shared".to_owned(), s(shared))));
    item
}

/// The event that an item is about; `None` if it cannot be read.
fn expiring(item: &Item) -> Option<Expiring> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    let number = |name: &str| item.get(name)?.as_n().ok();
    let mut ids = text("sk")?.split('#').skip(1);
    let redacts = item.contains_key("redacts");
    let hours = number("hours").and_then(|hours| hours.parse().ok());
    Some(Expiring {
        org_id: text("org_id")?.parse().ok()?,
        config_id: ids.next()?.parse().ok()?,
        event_id: ids.next()?.parse().ok()?,
        shared: text("shared").and_then(|shared| SharedBody::of(shared)),
        hours: if redacts { hours } else { Some(hours?) },
        redacts,
        expires_at: number("expires_at")?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests;
