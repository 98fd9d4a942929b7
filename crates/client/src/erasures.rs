//! Erasing events.

use hookstep_api_types::{Erasure, ErasureFields, Page};
use hookstep_contract::{ConfigId, ErasureId, EventId};
use reqwest::Method;

use crate::events::{given, with_query};
use crate::{Client, Error};

/// What to erase.
#[derive(Clone, Debug)]
pub enum Erase {
    /// An event, with every event that replays it or that it replays.
    Event {
        /// The webhook.
        config_id: ConfigId,
        /// The event.
        event_id: EventId,
    },
    /// A publication, with all its deliveries.
    Publication(EventId),
    /// All events and publications with this correlation id.
    Correlated(String),
}

impl Client {
    /// Has events erased with everything that is kept of them, in the background. What has not ended is cancelled first.
    ///
    /// # Errors
    /// See [`Error`]; the status is 400 for what does not exist, and 409 for one of a publication.
    pub async fn erase(&self, what: Erase) -> Result<Erasure, Error> {
        let none = ErasureFields::default();
        let fields = match what {
            Erase::Event { config_id, event_id } => {
                ErasureFields { config_id: Some(config_id), event_id: Some(event_id), ..none }
            }
            Erase::Publication(id) => ErasureFields { publication_id: Some(id), ..none },
            Erase::Correlated(id) => ErasureFields { correlation_id: Some(id), ..none },
        };
        self.send(Method::POST, "/erasures", &fields).await
    }

    /// Reads how far an erasure is.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn erasure(&self, erasure_id: ErasureId) -> Result<Erasure, Error> {
        self.get(&format!("/erasures/{erasure_id}")).await
    }

    /// Lists the erasures that are carried out, and the records of those that were, newest first; `cursor` is the `next_cursor`
    /// of the previous page.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn erasures(&self, cursor: Option<&str>) -> Result<Page<Erasure>, Error> {
        let pairs = given([("cursor", cursor.map(str::to_owned))]);
        self.get(&with_query("/erasures", &pairs)).await
    }
}
