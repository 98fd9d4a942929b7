//! What a batch says about how much the receiver takes, for a webhook whose limits follow it (ADR 0052).

use std::cell::Cell;

use hookstep_ambient::Sources;
use hookstep_contract::limits::LANE_BATCH;
use hookstep_contract::{Lane, Learned, Seen, Timestamp, WebhookConfig, error_chain};
use hookstep_store::Configs;

use crate::group::Taken;

/// What is known of a receiver, and what a batch says about it.
pub(crate) struct Learning<'a> {
    /// `None` if the limits do not follow the receiver.
    known: Option<(&'a WebhookConfig, Learned)>,
    /// How many groups the webhook has. Those that are not seen do as this one.
    groups: u32,
    seen: Cell<Seen>,
    sources: Sources,
}

impl<'a> Learning<'a> {
    /// What is known when a batch of `lane` begins.
    pub(crate) fn of(config: Option<&'a WebhookConfig>, lane: Option<&Lane>, sources: Sources) -> Self {
        let known = config.and_then(|config| Some((config, config.learned(sources.now())?)));
        let groups = lane.map_or(1, |lane| Self::groups(config, lane));
        Self { known, groups, seen: Cell::default(), sources }
    }

    /// How many groups share what the receiver takes. Orders may have a hundred, of which few have events: while limits follow the
    /// receiver, they are taken for ten, and what is learned makes up for it.
    pub(crate) fn groups(config: Option<&WebhookConfig>, lane: &Lane) -> u32 {
        let is_guess = lane.order.is_some() && config.is_some_and(WebhookConfig::learns);
        let most = if is_guess { LANE_BATCH } else { u32::MAX };
        lane.groups.clamp(1, most)
    }

    /// Takes note of a turn, and lets the receiver pause if it has said that it takes nothing more for now.
    pub(crate) fn note(&self, taken: Taken, began_at: Timestamp) -> Taken {
        let (Some((_, learned)), Some(load)) = (&self.known, &taken.load) else { return taken };
        let now = self.sources.now();
        if learned.is_about(began_at) {
            let mut seen = self.seen.get();
            seen.count(load, now.since(began_at), now);
            self.seen.set(seen);
        }
        Taken { pause: taken.pause.max(load.pause()), ..taken }
    }

    /// Stores what the batch has taught, unless another group has just done so.
    pub(crate) async fn store(self, configs: &Configs) {
        let Some((config, after)) = self.taught() else { return };
        if let Err(error) = configs.change_learned(config, &after).await {
            tracing::warn!(error.chain = error_chain(&error), "what a receiver takes cannot be stored");
        }
    }

    fn taught(&self) -> Option<(&'a WebhookConfig, Learned)> {
        let (config, before) = self.known.as_ref()?;
        Some((config, before.after(&self.seen.get(), self.groups, self.sources.now())?))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hookstep_contract::{Load, LoadSign};
    use serde_json::{Value, json};

    use super::*;
    use crate::group::End;

    fn sources() -> Sources {
        let clock = || "2026-01-02T03:04:05Z".parse::<Timestamp>().unwrap().get();
        Sources { clock, ..Sources::system() }
    }

    fn webhook(max_in_flight: Value) -> WebhookConfig {
        let (id, at) = ("0190a000-0000-7000-8000-00000000000a", "2026-01-02T03:00:00Z");
        let config = json!({
            "org_id": "acme", "config_id": id, "created_at": at, "updated_at": at, "name": "n", "url": "https://example.com/",
            "max_in_flight": max_in_flight, "learned": Learned::new(at.parse().unwrap()),
        });
        serde_json::from_value(config).unwrap()
    }

    fn turn(sign: LoadSign, pause_seconds: Option<u64>) -> Taken {
        Taken { load: Some(Load { sign, duration_ms: 5, pause_seconds }), ..End::Left.into() }
    }

    #[test]
    fn a_batch_teaches_what_the_receiver_takes() {
        let (config, now) = (webhook(json!("auto")), sources().now());
        let learning = Learning::of(Some(&config), None, sources());
        assert_eq!(learning.taught(), None);
        learning.note(turn(LoadSign::Refused, None), now.minus(Duration::from_secs(600)));
        assert_eq!(learning.taught(), None, "it began before the last change");
        learning.note(End::Unknown.into(), now);
        learning.note(turn(LoadSign::Refused, None), now);
        let (_, after) = learning.taught().unwrap();
        assert_eq!((after.per_minute(), after.ceiling), (285, Some(18_000)));
        let config = webhook(json!(5));
        let learning = Learning::of(Some(&config), None, sources());
        learning.note(turn(LoadSign::Refused, None), now);
        assert_eq!(learning.taught(), None);
    }

    #[test]
    fn only_limits_that_follow_the_receiver_pause_when_nothing_remains() {
        for (max_in_flight, pause) in [(json!("auto"), Some(Duration::from_secs(7))), (json!(5), None)] {
            let config = webhook(max_in_flight);
            let learning = Learning::of(Some(&config), None, sources());
            let taken = learning.note(turn(LoadSign::Exhausted, Some(7)), sources().now());
            assert_eq!(taken.pause, pause);
        }
    }
}
