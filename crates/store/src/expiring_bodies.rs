//! Which bodies are to be deleted before their events (ADR 0066), in the events table: pk `#expiring/{spread}`, sk
//! `{minute}#{config_id}#{event_id}`, so that what is due comes first.
//!
//! What several events share, a claim check or the body of a publication, has an item for each of them, pk
//! `{org_id}#users#{shared}`, sk `{event_id}`: it is deleted with the last one.

use std::fmt;
use std::time::Duration;

use hookstep_contract::limits::hours;
use hookstep_contract::{ConfigId, EventId, EventMetadata, EventRecord, OrgId, Source, Timestamp};
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

/// An event whose bodies are to be deleted before it.
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
    /// How many hours its bodies are kept after it has ended.
    pub hours: u32,
    /// When the event itself may be deleted, in seconds since 1970.
    pub expires_at: i64,
}

impl Expiring {
    /// An event that is recorded; `None` if its bodies are kept for as long as itself.
    pub fn of(record: &EventRecord) -> Option<Self> {
        let publication = record.publication_id.map(SharedBody::Publication);
        Some(Self {
            org_id: record.org_id.clone(),
            config_id: record.config_id,
            event_id: record.event_id,
            shared: record.claim.clone().map(SharedBody::Claim).or(publication),
            hours: record.body_retention_hours?,
            expires_at: record.expires_at,
        })
    }

    /// A new event, with the source of its body; `None` if its bodies are kept for as long as itself. `retention` is how long the
    /// deployment keeps events.
    pub fn of_new(event: &EventMetadata, source: Option<&Source>, retention: Duration) -> Option<Self> {
        let hours = event.body_retention_hours?;
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
            hours,
            expires_at: event.expires_at(retention),
        })
    }

    /// For how long its bodies are kept after it has ended.
    pub fn kept_for(&self) -> Duration {
        hours(self.hours)
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

    /// Notes a new event with the source of its body, if its org says that bodies go before their events. It costs nothing
    /// otherwise, and doing it twice is harmless. `retention` is how long the deployment keeps events.
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
        if let Some(shared) = &expiring.shared {
            let mut user = user_key(&expiring, shared);
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
        let mut item = key(expiring.event_id, &sort_key(expiring, due));
        item.insert("org_id".to_owned(), s(&expiring.org_id));
        item.insert("hours".to_owned(), n(expiring.hours));
        item.insert("expires_at".to_owned(), n(expiring.expires_at));
        if let Some(shared) = &expiring.shared {
            item.insert("shared".to_owned(), s(shared));
        }
        self.put(item).await
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
        let key = user_key(expiring, shared);
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key));
        delete.send().await.map_err(StoreError::during("release a shared body"))?;
        let others = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", s(users(&expiring.org_id, shared)))
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

fn user_key(Expiring { org_id, event_id, .. }: &Expiring, shared: &SharedBody) -> Item {
    Item::from([("pk".to_owned(), s(users(org_id, shared))), ("sk".to_owned(), s(event_id))])
}

fn key_of(item: &Item) -> Option<Item> {
    let part = |name: &str| Some((name.to_owned(), item.get(name)?.clone()));
    Some(Item::from([part("pk")?, part("sk")?]))
}

/// The event that an item is about; `None` if it cannot be read.
fn expiring(item: &Item) -> Option<Expiring> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    let number = |name: &str| item.get(name)?.as_n().ok();
    let mut ids = text("sk")?.split('#').skip(1);
    Some(Expiring {
        org_id: text("org_id")?.parse().ok()?,
        config_id: ids.next()?.parse().ok()?,
        event_id: ids.next()?.parse().ok()?,
        shared: text("shared").and_then(|shared| SharedBody::of(shared)),
        hours: number("hours")?.parse().ok()?,
        expires_at: number("expires_at")?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190a000-0000-7000-8000-00000000000a";

    #[test]
    fn what_an_item_says_is_read_as_it_was_written() {
        for shared in [
            None,
            Some(SharedBody::Claim(format!("claims/acme/{ID}/{ID}"))),
            Some(SharedBody::Publication(ID.parse().unwrap())),
        ] {
            let written = Expiring {
                org_id: "acme".parse().unwrap(),
                config_id: ID.parse().unwrap(),
                event_id: ID.parse().unwrap(),
                shared: shared.clone(),
                hours: 3,
                expires_at: 7,
            };
            let due = sort_key(&written, "2026-01-02T03:04:05.678Z".parse().unwrap());
            assert_eq!(due, format!("2026-01-02T03:05:00.000Z#{ID}#{ID}"));
            let mut item = key(written.event_id, &due);
            item.insert("org_id".to_owned(), s("acme"));
            item.insert("hours".to_owned(), n(3));
            item.insert("expires_at".to_owned(), n(7));
            item.extend(shared.map(|shared| ("shared".to_owned(), s(shared))));
            assert_eq!(expiring(&item), Some(written));
            item.remove("org_id");
            assert_eq!(expiring(&item), None);
        }
    }

    #[test]
    fn what_is_shared_says_when_it_was_made() {
        let id: EventId = ID.parse().unwrap();
        for (shared, made_at, publication_id) in [
            (SharedBody::Claim(format!("claims/acme/{ID}/{ID}")), Some(id.accepted_at()), None),
            (SharedBody::Claim(format!("claims/acme/publications/{ID}")), Some(id.accepted_at()), Some(id)),
            (SharedBody::Claim("claims/acme/x".to_owned()), None, None),
            (SharedBody::Publication(id), Some(id.accepted_at()), Some(id)),
        ] {
            assert_eq!((shared.made_at(), shared.publication_id()), (made_at, publication_id), "{shared}");
        }
    }
}
