//! How deliveries went.

use hookstep_api_types::{Stats, StatsStep};
use hookstep_contract::{ConfigId, Timestamp};

use crate::events::{given, with_query};
use crate::{Client, Error};

/// Which deliveries to count: 32 days at most.
#[derive(Clone, Copy, Debug, Default)]
pub struct StatsQuery {
    /// The start of the period; by default 24 hours before its end, or 30 days when counting by day.
    pub from: Option<Timestamp>,
    /// Its end; by default now.
    pub to: Option<Timestamp>,
    /// The length of a bucket; by default an hour.
    pub by: Option<StatsStep>,
}

impl Client {
    /// Counts the deliveries of a webhook. If the answer is not `complete`, ask again: the counting continues where it stopped.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn stats(&self, config_id: ConfigId, query: &StatsQuery) -> Result<Stats, Error> {
        self.get(&with_query(&format!("/webhook/{config_id}/stats"), &query.pairs())).await
    }

    /// Counts the deliveries of all webhooks together.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn org_stats(&self, query: &StatsQuery) -> Result<Stats, Error> {
        self.get(&with_query("/stats", &query.pairs())).await
    }
}

impl StatsQuery {
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let by = self.by.map(|by| match by {
            StatsStep::Hour => "hour".to_owned(),
            StatsStep::Day => "day".to_owned(),
        });
        let (from, to) = (self.from.map(|from| from.to_string()), self.to.map(|to| to.to_string()));
        given([("from", from), ("to", to), ("by", by)])
    }
}
