//! Lanes: how many attempts a receiver takes at once and in a period (ADR 0048).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits::{
    EXPRESS_ATTEMPT_SECS, LANE_BATCH, MAX_BURST, MAX_IN_FLIGHT, MAX_LANE_GROUPS, MAX_RATE_EVENTS,
};
use crate::{ConfigFields, EventMetadata, FieldError, MaxInFlight, Spacing};

/// How many attempts may begin in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// How many, from 1 to [`MAX_RATE_EVENTS`].
    pub events: u32,
    /// The period.
    #[serde(default)]
    pub per: Period,
    /// How many may begin at once after a pause, from 1 to [`MAX_BURST`]. With 1, they are evenly spaced.
    #[serde(default = "one")]
    pub burst: u32,
}

/// The period of a [`RateLimit`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// A second.
    #[default]
    Second,
    /// A minute.
    Minute,
}

/// The lane in which an attempt waits for its turn: a group of messages of the queue of lanes, which are received in the
/// order in which they were sent.
///
/// A webhook has as many groups as its limits need, because one has [`LANE_BATCH`] messages in flight at most. Each has
/// its part of the limits, which are those that the webhook has when a message is received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// The id of the group.
    pub group: String,
    /// Which of the webhook's groups it is, counting from 0.
    pub index: u32,
    /// How many groups the webhook has.
    pub groups: u32,
    /// The order in which the event has its place, if it has one: it is sent after those of the same order that were before it, and
    /// keeps its place until it is over. A group that has orders has one attempt in flight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
}

/// What a receiver takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneLimits {
    /// How many attempts may be in flight.
    pub max_in_flight: Option<u32>,
    /// How many attempts may begin.
    pub rate: Option<RateLimit>,
}

fn one() -> u32 {
    1
}

impl RateLimit {
    /// The time between two attempts.
    pub fn interval(&self) -> Duration {
        self.per.duration() / self.events.max(1)
    }

    fn per_minute(&self) -> u32 {
        match self.per {
            Period::Second => self.events.saturating_mul(60),
            Period::Minute => self.events,
        }
    }

    /// How the attempts of a webhook are spaced.
    pub fn spacing(&self) -> Spacing {
        Spacing { interval: self.interval(), burst: self.burst }
    }

    fn per_second(&self) -> u32 {
        u32::try_from(u64::from(self.events).div_ceil(self.per.duration().as_secs())).unwrap_or(u32::MAX)
    }
}

impl Period {
    /// The name used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
        }
    }

    fn duration(self) -> Duration {
        match self {
            Self::Second => Duration::from_secs(1),
            Self::Minute => Duration::from_secs(60),
        }
    }
}

impl LaneLimits {
    /// What leaves the lane of a webhook that has no limits.
    pub const UNLIMITED_WEBHOOK: Self = Self { max_in_flight: Some(LANE_BATCH), rate: None };

    /// What leaves the lane of a webhook that has orders and no limits.
    pub const ORDERED_WEBHOOK: Self = Self { max_in_flight: Some(MAX_LANE_GROUPS), rate: None };

    /// The limits that the owner of a webhook has set; `None` if there are none. What is learned of its receiver is not among them:
    /// [`WebhookConfig::limits`](crate::WebhookConfig::limits) knows.
    pub fn of(fields: &ConfigFields) -> Option<Self> {
        let max_in_flight = fields.max_in_flight.and_then(MaxInFlight::number);
        let limits = Self { max_in_flight, rate: fields.rate_limit };
        (limits != Self::default()).then_some(limits)
    }

    /// Checks the limits of a webhook.
    ///
    /// # Errors
    /// If a field is invalid: the first such field.
    pub fn check(fields: &ConfigFields) -> Result<(), FieldError> {
        let within = |field: &str, value: u32, most: u32| {
            let is_within = (1..=most).contains(&value);
            if is_within { Ok(()) } else { Err(FieldError::new(field, format!("must be 1 to {most}"))) }
        };
        Self::check_timeout(fields)?;
        if let Some(MaxInFlight::Number(most)) = fields.max_in_flight {
            within("max_in_flight", most, MAX_IN_FLIGHT)?;
        }
        if let Some(RateLimit { events, burst, .. }) = fields.rate_limit {
            within("rate_limit.events", events, MAX_RATE_EVENTS)?;
            within("rate_limit.burst", burst, MAX_BURST)?;
        }
        Ok(())
    }

    /// Checks the timeout of a webhook whose attempts hold a place until they have ended.
    fn check_timeout(fields: &ConfigFields) -> Result<(), FieldError> {
        let has_limits = fields.max_in_flight.is_some() || fields.rate_limit.is_some();
        let holds_places = fields.ordering.is_some() || has_limits;
        if holds_places && fields.timeout_seconds > EXPRESS_ATTEMPT_SECS {
            let reason = format!(
                "must be 1 to {EXPRESS_ATTEMPT_SECS} for a webhook with max_in_flight, rate_limit or ordering, where an attempt \
                 holds its place until it has ended"
            );
            return Err(FieldError::new("timeout_seconds", reason));
        }
        Ok(())
    }

    /// The lane of an attempt of `event`.
    pub fn lane(&self, event: &EventMetadata) -> Lane {
        let per_second = self.rate.map_or(1, |rate| rate.per_second());
        let wanted = self.max_in_flight.unwrap_or(per_second).div_ceil(LANE_BATCH);
        // So many that in each an attempt begins at least once a minute: a batch of a group ends after all of its attempts
        // could begin, and a function has 15 minutes.
        let wanted = self.rate.map_or(wanted, |rate| wanted.min(rate.per_minute()));
        let groups = wanted.clamp(1, MAX_LANE_GROUPS);
        // The last bytes of an id are random.
        let [.., a, b, c, d] = event.event_id.0.into_bytes();
        let index = u32::from_be_bytes([a, b, c, d]) % groups;
        Lane { group: format!("{}-{index}", event.config_id), index, groups, order: None }
    }

    /// The lane of an attempt of `event`, which has its place in `order`.
    ///
    /// Without limits, each order has a group of its own. With limits, the webhook has so many groups that each may have one
    /// attempt in flight, and orders share them.
    pub fn lane_in_order(&self, event: &EventMetadata, order: &str) -> Lane {
        let shared = self.max_in_flight.or(self.rate.map(|rate| rate.per_second().div_ceil(LANE_BATCH)));
        let shared = shared.map(|groups| self.rate.map_or(groups, |rate| groups.min(rate.per_minute())));
        let groups = shared.unwrap_or(MAX_LANE_GROUPS).clamp(1, MAX_LANE_GROUPS);
        let index =
            order.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % groups;
        let name = if shared.is_some() { index.to_string() } else { order.to_owned() };
        let group = format!("{}-order-{name}", event.config_id);
        Lane { group, index, groups, order: Some(order.to_owned()) }
    }

    /// The part of the limits that is this lane's: how many of its attempts may be in flight, and how they are spaced.
    pub fn part_of(&self, lane: &Lane) -> (u32, Option<Spacing>) {
        let groups = lane.groups.max(1);
        let most = match self.max_in_flight {
            _ if lane.order.is_some() => 1,
            Some(most) => (most / groups + u32::from(lane.index < most % groups)).max(1),
            None => LANE_BATCH,
        };
        let part = |Spacing { interval, burst }| Spacing {
            interval: interval * groups,
            burst: (burst / groups).max(1),
        };
        (most, self.rate.map(|rate| part(rate.spacing())))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "0190a000-0000-7000-8000-00000000000a";

    fn fields(changes: Value) -> Result<ConfigFields, String> {
        let mut fields = json!({"name": "n", "url": "https://example.com/"});
        fields.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        serde_json::from_value(fields).map_err(|error| error.to_string())
    }

    fn event(id: u128) -> EventMetadata {
        let id = uuid::Uuid::from_u128(id);
        let event = json!({
            "event_id": id, "org_id": "acme", "config_id": ID, "origin": "api", "mode": "async",
            "created_at": "2026-01-02T03:04:05Z",
        });
        serde_json::from_value(event).unwrap()
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (changes, field) in [
            (json!({"max_in_flight": 0}), Some("max_in_flight")),
            (json!({"max_in_flight": 1}), None),
            (json!({"max_in_flight": 1000}), None),
            (json!({"max_in_flight": 1001}), Some("max_in_flight")),
            (json!({"max_in_flight": "auto"}), None),
            (json!({"max_in_flight": "auto", "timeout_seconds": 121}), Some("timeout_seconds")),
            (json!({"rate_limit": {"events": 0, "per": "second"}}), Some("rate_limit.events")),
            (json!({"rate_limit": {"events": 10_001, "per": "second"}}), Some("rate_limit.events")),
            (json!({"rate_limit": {"events": 1, "per": "minute", "burst": 0}}), Some("rate_limit.burst")),
            (json!({"rate_limit": {"events": 1}}), None),
            (json!({"rate_limit": null, "max_in_flight": null}), None),
            (json!({"max_in_flight": 1, "timeout_seconds": 121}), Some("timeout_seconds")),
            (json!({"max_in_flight": 1, "timeout_seconds": 120}), None),
            (json!({"timeout_seconds": 121}), None),
            (json!({"ordering": {}, "timeout_seconds": 121}), Some("timeout_seconds")),
            (json!({"ordering": {"key": " "}}), Some("ordering.key")),
            (json!({"ordering": {"key": "a"}}), None),
        ] {
            let checked = fields(changes.clone()).unwrap().check();
            assert_eq!(checked.err().map(|error| error.field).as_deref(), field, "{changes}");
        }
        for changes in [
            json!({"rate_limit": [1, "second"]}),
            json!({"rate_limit": {"events": 1, "per": "hour"}}),
            json!({"rate_limit": {"events": 1, "every": 2}}),
            json!({"max_in_flight": -1}),
            json!({"max_in_flight": 1.5}),
        ] {
            assert!(fields(changes.clone()).is_err(), "{changes}");
        }
    }

    #[test]
    fn only_a_webhook_with_a_limit_has_a_lane() {
        assert_eq!(LaneLimits::of(&fields(json!({})).unwrap()), None);
        let limited = LaneLimits::of(&fields(json!({"max_in_flight": 15})).unwrap()).unwrap();
        let lane = limited.lane(&event(3));
        assert_eq!(lane, Lane { group: format!("{ID}-1"), index: 1, groups: 2, order: None });
        assert_eq!(limited.part_of(&lane), (7, None));
        assert_eq!(limited.part_of(&limited.lane(&event(2))), (8, None));
    }

    #[test]
    fn an_order_has_a_group_of_its_own_and_with_limits_a_place_in_one() {
        for (changes, group, groups) in [
            (json!({}), "order-ab".to_owned(), MAX_LANE_GROUPS),
            (json!({"max_in_flight": 1}), "order-0".to_owned(), 1),
            (json!({"max_in_flight": 7}), format!("order-{}", (97 * 31 + 98) % 7), 7),
            (json!({"rate_limit": {"events": 30}}), format!("order-{}", (97 * 31 + 98) % 3), 3),
            (
                json!({"max_in_flight": 9, "rate_limit": {"events": 2, "per": "minute"}}),
                "order-1".to_owned(),
                2,
            ),
        ] {
            let limits = LaneLimits::of(&fields(changes.clone()).unwrap()).unwrap_or_default();
            let lane = limits.lane_in_order(&event(3), "ab");
            assert_eq!((lane.group.clone(), lane.groups), (format!("{ID}-{group}"), groups), "{changes}");
            assert_eq!((lane.order.as_deref(), limits.part_of(&lane).0), (Some("ab"), 1), "{changes}");
        }
    }

    #[test]
    fn a_rate_is_shared_by_the_groups_that_it_needs() {
        for (rate, groups, between) in [
            (json!({"events": 1, "per": "minute"}), 1, 60_000),
            (json!({"events": 600, "per": "minute"}), 1, 100),
            (json!({"events": 10}), 1, 100),
            (json!({"events": 11}), 2, 181),
            (json!({"events": 10_000}), 100, 10),
        ] {
            let limits = LaneLimits::of(&fields(json!({"rate_limit": rate})).unwrap()).unwrap();
            let lane = limits.lane(&event(0));
            let (most, interval) = limits.part_of(&lane);
            let interval = interval.map(|spacing| spacing.interval.as_millis());
            assert_eq!((lane.groups, most, interval), (groups, LANE_BATCH, Some(between)), "{rate}");
        }
    }

    #[test]
    fn a_group_begins_an_attempt_a_minute() {
        let rate = json!({"events": 3, "per": "minute"});
        let fields = fields(json!({"max_in_flight": 1000, "rate_limit": rate})).unwrap();
        let limits = LaneLimits::of(&fields).unwrap();
        let lane = limits.lane(&event(0));
        assert_eq!(lane.groups, 3);
        assert_eq!(limits.part_of(&lane).1.map(|spacing| spacing.interval), Some(Duration::from_secs(60)));
    }

    proptest! {
        #[test]
        fn the_parts_of_all_lanes_are_the_limit(most in 1..=MAX_IN_FLIGHT, random: u128) {
            let limits = LaneLimits { max_in_flight: Some(most), rate: None };
            let Lane { index, groups, .. } = limits.lane(&event(random));
            prop_assert!(index < groups);
            let parts = (0..groups).map(|index| {
                limits.part_of(&Lane { group: String::new(), index, groups, order: None }).0
            });
            let parts: Vec<u32> = parts.collect();
            prop_assert_eq!(parts.iter().sum::<u32>(), most);
            prop_assert!(parts.iter().all(|part| (1..=LANE_BATCH).contains(part)), "{:?}", parts);
        }
    }
}
