//! Reading events.

use hookstep_api_types::{Event, Page};
use hookstep_contract::{ConfigId, EventId, Status, Timestamp};
use url::form_urlencoded::Serializer;

use crate::{Client, Error};

/// Which events to list. An event has to match every field that is set.
#[derive(Clone, Debug, Default)]
pub struct EventQuery {
    /// Only events with this status.
    pub status: Option<Status>,
    /// Only events accepted at this time or later.
    pub from: Option<Timestamp>,
    /// Only events accepted at this time or earlier.
    pub to: Option<Timestamp>,
    /// Only events with this correlation id.
    pub correlation_id: Option<String>,
    /// The largest number of events on a page, 1 to 100; the default is 50.
    pub limit: Option<u32>,
    /// The `next_cursor` of the previous page.
    pub cursor: Option<String>,
}

impl Client {
    /// Lists the events of a webhook, newest first, one page at a time.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn events(&self, config_id: ConfigId, query: &EventQuery) -> Result<Page<Event>, Error> {
        let EventQuery { status, from, to, correlation_id, limit, cursor } = query;
        let pairs = [
            ("status", status.map(|status| status.as_str().to_owned())),
            ("from", from.map(|from| from.to_string())),
            ("to", to.map(|to| to.to_string())),
            ("correlation_id", correlation_id.clone()),
            ("limit", limit.map(|limit| limit.to_string())),
            ("cursor", cursor.clone()),
        ];
        let pairs: Vec<_> = pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        self.get(&with_query(&format!("/webhook/{config_id}/events"), &pairs)).await
    }

    /// Reads an event with its attempts. It can be read a moment after its trigger was answered.
    ///
    /// # Errors
    /// See [`Error`]; the status is 404 until the event can be read.
    pub async fn event(&self, config_id: ConfigId, event_id: EventId) -> Result<Event, Error> {
        self.get(&format!("/webhook/{config_id}/events/{event_id}")).await
    }
}

/// A path with a query string.
pub(crate) fn with_query(path: &str, pairs: &[(&str, String)]) -> String {
    if pairs.is_empty() {
        return path.to_owned();
    }
    let query = Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{path}?{query}")
}
