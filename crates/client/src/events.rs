//! Reading events.

use hookstep_api_types::{Event, FoundEvents, Page};
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

/// Which events of all webhooks to find. An event has to match every field that is set.
#[derive(Clone, Debug, Default)]
pub struct EventSearch {
    /// Only events of this type; all that begin alike with `.*` at the end.
    pub event_type: Option<String>,
    /// Only events with this status.
    pub status: Option<Status>,
    /// Only events with this status code (`503`), one of this class (`5xx`), or this reason (`dns`).
    pub code: Option<String>,
    /// Only events of webhooks whose URL has this host; not together with `config_id`.
    pub host: Option<String>,
    /// Only events of this webhook, which may be deleted.
    pub config_id: Option<ConfigId>,
    /// Only events with this correlation id.
    pub correlation_id: Option<String>,
    /// Only events whose body has this text, 1 to 200 characters. Large bodies are not searched.
    pub text: Option<String>,
    /// Only events accepted at this time or later.
    pub from: Option<Timestamp>,
    /// Only events accepted at this time or earlier.
    pub to: Option<Timestamp>,
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
        self.get(&with_query(&format!("/webhook/{config_id}/events"), &given(pairs))).await
    }

    /// Searches the events of all webhooks, newest first, one page at a time. A page may have few events, or none, and a
    /// `next_cursor`: then it has looked at its bound, and the next one goes on from `looked_until`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn search_events(&self, search: &EventSearch) -> Result<FoundEvents, Error> {
        let EventSearch { event_type, status, code, host, config_id, .. } = search;
        let EventSearch { correlation_id, text, from, to, limit, cursor, .. } = search;
        let pairs = [
            ("type", event_type.clone()),
            ("status", status.map(|status| status.as_str().to_owned())),
            ("code", code.clone()),
            ("host", host.clone()),
            ("config_id", config_id.map(|config_id| config_id.to_string())),
            ("correlation_id", correlation_id.clone()),
            ("text", text.clone()),
            ("from", from.map(|from| from.to_string())),
            ("to", to.map(|to| to.to_string())),
            ("limit", limit.map(|limit| limit.to_string())),
            ("cursor", cursor.clone()),
        ];
        self.get(&with_query("/events", &given(pairs))).await
    }

    /// Finds an event by its id, whichever webhook it is of; `None` if there is none, or only one of a deleted webhook.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn find_event(&self, event_id: EventId) -> Result<Option<Event>, Error> {
        let query = [("event_id", event_id.to_string())];
        let found: FoundEvents = self.get(&with_query("/events", &query)).await?;
        Ok(found.data.into_iter().next())
    }

    /// Reads an event with its attempts. It can be read a moment after its trigger was answered.
    ///
    /// # Errors
    /// See [`Error`]; the status is 404 until the event can be read.
    pub async fn event(&self, config_id: ConfigId, event_id: EventId) -> Result<Event, Error> {
        self.get(&format!("/webhook/{config_id}/events/{event_id}")).await
    }
}

/// The parameters that have a value.
pub(crate) fn given<const N: usize>(
    pairs: [(&'static str, Option<String>); N],
) -> Vec<(&'static str, String)> {
    pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// A path with a query string.
pub(crate) fn with_query(path: &str, pairs: &[(&str, String)]) -> String {
    if pairs.is_empty() {
        return path.to_owned();
    }
    let query = Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{path}?{query}")
}
