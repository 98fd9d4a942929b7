//! Which webhooks are shown, and in which order.

use std::cmp::Reverse;

use hookstep_api_types::Health;
use hookstep_contract::WebhookConfig;
use hookstep_management::webhooks::overview::Row;

use super::super::receiver::word;
use crate::form::Query;
use crate::parts;

/// Rows on a page.
pub(super) const LIMIT: usize = 25;

/// The orders: the value in the address, and its name.
pub(super) const SORTS: [(&str, &str); 3] =
    [("", "Failing first"), ("newest", "Newest first"), ("name", "By name")];

/// The states in the order of the list.
const HEALTHS: [Health; 4] = [Health::Failing, Health::Degraded, Health::Healthy, Health::Disabled];

/// The value of a health in the address.
fn value(health: Health) -> &'static str {
    match health {
        Health::Failing => "failing",
        Health::Degraded => "degraded",
        Health::Healthy => "healthy",
        Health::Disabled => "disabled",
    }
}

/// The search, the state, the order and the page that the address names.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) q: String,
    pub(super) state: String,
    pub(super) sort: String,
    /// From 1.
    pub(super) page: usize,
}

impl Choice {
    pub(super) fn of(query: &Query) -> Self {
        Self {
            q: query.get("q").trim().to_owned(),
            state: query.get("state").to_owned(),
            sort: query.get("sort").to_owned(),
            page: query.get("page").parse().unwrap_or(1),
        }
    }

    /// The query string with one part changed; another choice begins at the first page.
    pub(super) fn with(&self, name: &str, value: &str) -> String {
        let pairs = [("q", &*self.q), ("state", &*self.state), ("sort", &*self.sort), ("page", "")];
        let pairs = pairs.map(|(key, old)| if key == name { (key, value) } else { (key, old) });
        parts::query(
            pairs.into_iter().filter(|(key, value)| !value.is_empty() && (*key, *value) != ("page", "1")),
        )
    }

    /// Whether the name, the URL, an event type or the id of a webhook contains the text, in any case.
    pub(super) fn finds(&self, config: &WebhookConfig) -> bool {
        let q = self.q.to_lowercase();
        let contains = |text: &str| text.to_lowercase().contains(&q);
        let fields = &config.fields;
        contains(&fields.name)
            || contains(&fields.url)
            || fields.event_types.iter().any(|event_type| contains(event_type))
            || contains(&config.config_id.to_string())
    }

    /// Those in the chosen state, in the chosen order.
    pub(super) fn sorted<'a>(&self, found: &'a [Row]) -> Vec<&'a Row> {
        let mut rows: Vec<&Row> = found.iter().filter(|row| is_in(row, &self.state)).collect();
        let age = |row: &Row| Reverse((row.config.created_at, row.config.config_id));
        match &*self.sort {
            "newest" => rows.sort_by_key(|row| age(row)),
            "name" => rows.sort_by_cached_key(|row| (row.config.fields.name.to_lowercase(), age(row))),
            _ => rows.sort_by_key(|row| (row.health, age(row))),
        }
        rows
    }
}

fn is_in(row: &Row, state: &str) -> bool {
    match state {
        "" => true,
        "enabled" => row.health != Health::Disabled,
        state => value(row.health) == state,
    }
}

/// The value of each state in the address, its name, and how many webhooks are in it.
pub(super) fn states(found: &[Row]) -> Vec<(&'static str, &'static str, usize)> {
    let number = |state: &str| found.iter().filter(|row| is_in(row, state)).count();
    let named = HEALTHS.map(|health| (value(health), word(health)));
    let all = [("", "All"), ("enabled", "Enabled")].into_iter().chain(named);
    all.map(|(state, name)| (state, name, number(state))).collect()
}
