//! What a webhook's config means for one event: whether it is sent, what is sent and where to, and the retry
//! schedule. Pure.

use hookstep_contract::limits::EXPRESS_ATTEMPT_SECS;
use hookstep_contract::{
    Circuit, Delivery, EventMetadata, EventRecord, Health, HealthLook, Held, Lane, LaneLimits, Mode,
    Ordering, OrgStatus, Origin, PayloadRules, Plan, Reason, ReasonCode, RefreshedPlan, RequestPlan, Retry,
    Status, Timestamp, WebhookConfig,
};

/// The plan that `config` gives for `event`, if the org is in use.
pub(crate) fn of(config: WebhookConfig, org: OrgStatus, event: &EventMetadata, now: Timestamp) -> Plan {
    let (lane, blocks) = Ordering::place(&config.fields, event)
        .map_or_else(|| (lane(&config, event, now), false), |(lane, blocks)| (Some(lane), blocks));
    let queued = lane.is_none() && is_queued(&config, event);
    let health = health(&config, now);
    let reason = unsendable(&config, org);
    let has_payload_rules =
        !event.as_sent && reason.is_none() && PayloadRules::for_event(&config.fields, event).is_some();
    let fields = config.fields;
    let status = if reason.is_none() { Status::InProgress } else { Status::Skipped };
    // A waiting producer's event is never moved to the standard machine: a quick receiver's response must
    // reach the producer.
    let timeout_seconds = match event.mode {
        Mode::Async => fields.timeout_seconds,
        Mode::Sync => fields.timeout_seconds.min(EXPRESS_ATTEMPT_SECS),
    };
    Plan {
        status,
        reason,
        long: timeout_seconds > EXPRESS_ATTEMPT_SECS,
        has_payload_rules,
        unkept: None,
        lane,
        blocks,
        queued,
        health,
        retry: fields.retry,
        request: RequestPlan {
            url: fields.url,
            method: fields.method,
            headers: fields.headers,
            event_headers: fields.event_headers,
            cloud_events: fields.cloud_events.map(Box::new),
            extra_signature: fields.extra_signature.map(Box::new),
            timeout_seconds,
            revision: config.revision,
        },
    }
}

/// Why nothing is sent to the webhook at all, if so.
fn unsendable(config: &WebhookConfig, org: OrgStatus) -> Option<Reason> {
    if org == OrgStatus::Suspended {
        return Some(Reason::of(ReasonCode::OrgSuspended));
    }
    if config.fields.enabled {
        return None;
    }
    let disabled = || ReasonCode::WebhookDisabled.meaning().to_owned();
    Some(Reason::new(ReasonCode::WebhookDisabled, config.disabled_reason.clone().unwrap_or_else(disabled)))
}

/// Where an attempt without a place in an order waits for its turn: in the lane of a webhook that has limits, or whose receiver takes no events. The events of a
/// bulk replay wait there in any case, so that they do not flood the receiver, which may just have come back. A test of a
/// webhook without limits does not wait for its receiver: it is a probe.
fn lane(config: &WebhookConfig, event: &EventMetadata, now: Timestamp) -> Option<Lane> {
    let is_held_back = config.circuit(now).is_some() && event.origin != Origin::Test;
    let default = (is_held_back || event.replay_id.is_some()).then(LaneLimits::default);
    Some(config.limits_of_groups(now).or(default)?.lane(event))
}

/// Whether an attempt waits in the delivery queue. One for which somebody waits does not, and a lane is a queue already.
fn is_queued(config: &WebhookConfig, event: &EventMetadata) -> bool {
    let delivery = Delivery::of(config.fields.delivery, config.slow_since.is_some());
    delivery == Delivery::Queued && event.mode == Mode::Async && event.origin != Origin::Test
}

/// When the receiver's health is looked at after a success, or what there is to tell the owner.
fn health(config: &WebhookConfig, now: Timestamp) -> Option<HealthLook> {
    match &config.health {
        Some(Health { circuit: Some(Circuit::Open { .. }), .. }) => Some(HealthLook::Always),
        Some(_) => Some(HealthLook::NowAndThen),
        None => config.due_certificate_warning(now).map(|_| HealthLook::NowAndThen),
    }
}

/// Whether an event has waited for its receiver for as long as its retry schedule would have taken.
fn is_outlived(config: &WebhookConfig, event: &EventMetadata, now: Timestamp) -> bool {
    is_open(config, now) && event.origin != Origin::Test && config.outlived_at(event.due_at()) <= now
}

/// The plan for `event` until its time comes. What the webhook is by then decides whether it is sent, and how.
pub(crate) fn later(config: WebhookConfig, event: &EventMetadata, now: Timestamp) -> Plan {
    let plan = of(config, OrgStatus::Active, event, now);
    Plan { status: Status::Scheduled, reason: None, has_payload_rules: false, ..plan }
}

/// What is to be done about the attempt `number` of `event`, or about its next one, whatever its number, if it keeps its place in an
/// order. There is no `webhook` if it was deleted, and no `record` if the event has expired.
pub(crate) fn again(
    webhook: Option<(WebhookConfig, OrgStatus)>,
    event: &EventMetadata,
    record: Option<&EventRecord>,
    number: Option<u32>,
    keeps_place: bool,
    now: Timestamp,
) -> RefreshedPlan {
    let unsent = |reason| RefreshedPlan::Unsent { status: Status::Failed, reason, blocks: false };
    if let Some(((config, org), record)) = webhook.as_ref().zip(record).filter(|_| keeps_place)
        && let Some(held) = held(config, *org, record, now)
    {
        return held;
    }
    // A person cancelled the event, or another execution ended it.
    if let Some(record) = record.filter(|record| !record.status.is_open()) {
        let ended = || Reason::new(ReasonCode::Unclassified, "the event has already ended");
        return unsent(record.reason.clone().unwrap_or_else(ended));
    }
    // A schedule may start an execution twice, and so may whatever looks for overdue events.
    if record
        .zip(number.filter(|_| !keeps_place))
        .is_some_and(|(record, number)| record.attempt_count >= number)
    {
        return RefreshedPlan::Superseded { superseded: true };
    }
    let Some((config, org)) = webhook else {
        let detail = "the webhook was deleted before the event could be sent";
        return unsent(Reason::new(ReasonCode::WebhookDeleted, detail));
    };
    let is_outlived = is_outlived(&config, event, now);
    let retry = record.filter(|_| keeps_place).and_then(|record| longer(&config, record, now));
    match of(config, org, event, now) {
        Plan { reason: Some(reason), .. } => unsent(reason),
        Plan { blocks, .. } if is_outlived => RefreshedPlan::Unsent {
            status: Status::Failed,
            reason: Reason::of(ReasonCode::CircuitOpen),
            blocks: blocks && keeps_place,
        },
        // The first attempt already has the body that the filter let through and the transform made.
        plan => {
            let retry = retry.unwrap_or(plan.retry);
            RefreshedPlan::Attempt(Plan { has_payload_rules: false, retry, ..plan })
        }
    }
}

/// Why an event that keeps its place in an order is not sent now, if so: its next attempt is not due, or it has failed and blocks
/// the others. While the circuit is open, every attempt is a probe, which does not wait until it is due.
fn held(
    config: &WebhookConfig,
    org: OrgStatus,
    record: &EventRecord,
    now: Timestamp,
) -> Option<RefreshedPlan> {
    let blocks = |ordering: &Ordering| ordering.is_blocked_by(record.reason.as_ref());
    let until = match record.status {
        _ if unsendable(config, org).is_some() => return None,
        Status::InProgress if is_open(config, now) => return None,
        Status::InProgress => Some(record.next_attempt_at.filter(|at| *at > now)?),
        Status::Failed if config.fields.ordering.as_ref().is_some_and(blocks) => None,
        _ => return None,
    };
    let held = Held { since: Some(record.updated_at), until };
    Some(RefreshedPlan::Held { held, status: record.status })
}

fn is_open(config: &WebhookConfig, now: Timestamp) -> bool {
    matches!(config.circuit(now), Some(Circuit::Open { .. }))
}

/// A longer schedule for an event that was sent as a probe more often than its own schedule says: probes come one after the other
/// from the event in front, which is not to fail for that before its time.
fn longer(config: &WebhookConfig, record: &EventRecord, now: Timestamp) -> Option<Retry> {
    let schedule = &config.fields.retry.schedule_seconds;
    let (last, attempts) = (*schedule.last()?, usize::try_from(record.attempt_count).ok()?);
    let is_left = is_open(config, now) && attempts >= schedule.len();
    is_left.then(|| Retry { schedule_seconds: [schedule.as_slice(), &vec![last; attempts]].concat() })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "0190a000-0000-7000-8000-00000000000a";
    const AT: &str = "2026-01-02T03:04:05Z";

    fn plan(config: &Value, event: &Value) -> Plan {
        let (config, event) = inputs(config, event);
        of(config, OrgStatus::Active, &event, AT.parse().unwrap())
    }

    fn inputs(config: &Value, event: &Value) -> (WebhookConfig, EventMetadata) {
        let mut all = json!({
            "org_id": "acme", "config_id": ID, "created_at": AT, "updated_at": AT, "revision": 7, "name": "orders",
            "url": "https://example.com/", "headers": {"x-a": "1"}, "retry": {"schedule_seconds": [5]},
        });
        all.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
        let mut head = json!({
            "event_id": ID, "org_id": "acme", "config_id": ID, "origin": "api", "mode": "async", "created_at": AT,
        });
        head.as_object_mut().unwrap().extend(event.as_object().unwrap().clone());
        (serde_json::from_value(all).unwrap(), serde_json::from_value(head).unwrap())
    }

    #[test]
    fn the_request_is_that_of_the_webhook() {
        let plan = plan(&json!({"method": "PUT", "timeout_seconds": 20}), &json!({}));
        let request = json!({
            "url": "https://example.com/", "method": "PUT", "headers": {"x-a": "1"}, "timeout_seconds": 20, "revision": 7,
        });
        assert_eq!(serde_json::to_value(plan.request).unwrap(), request);
        assert_eq!(plan.retry.schedule_seconds, [5]);
        assert_eq!((plan.status, plan.reason, plan.long), (Status::InProgress, None, false));
    }

    #[test]
    fn an_event_of_a_disabled_webhook_is_skipped_with_the_reason() {
        for (config, expected) in [
            (json!({"enabled": false}), "the webhook is disabled"),
            (json!({"enabled": false, "disabled_reason": "the receiver is gone"}), "the receiver is gone"),
        ] {
            let plan = plan(&config, &json!({}));
            assert_eq!(plan.status, Status::Skipped, "{config}");
            assert_eq!(plan.reason, Some(Reason::new(ReasonCode::WebhookDisabled, expected)), "{config}");
        }
    }

    #[test]
    fn a_further_attempt_is_made_only_for_an_event_in_progress_of_an_enabled_webhook() {
        let filter = json!({"filter": {"jsonata": "true"}});
        let off = json!({"enabled": false});
        for (config, status, expected) in [
            (&filter, Some(Status::InProgress), None),
            (&filter, Some(Status::Scheduled), None),
            (&off, Some(Status::Scheduled), Some(ReasonCode::WebhookDisabled)),
            (&filter, None, None),
            (&off, Some(Status::InProgress), Some(ReasonCode::WebhookDisabled)),
            (&filter, Some(Status::Failed), Some(ReasonCode::Cancelled)),
            (&off, Some(Status::Failed), Some(ReasonCode::Cancelled)),
        ] {
            let (config, event) = inputs(config, &json!({}));
            let reason = Some(Reason::of(ReasonCode::Cancelled));
            let record = status.map(|status| EventRecord::new(&event, "e", status, reason, Duration::ZERO));
            let webhook = Some((config, OrgStatus::Active));
            let code = match again(webhook, &event, record.as_ref(), Some(1), false, AT.parse().unwrap()) {
                RefreshedPlan::Unsent { reason, .. } => Some(reason.code),
                RefreshedPlan::Attempt(plan) => plan.has_payload_rules.then_some(ReasonCode::FilterMissed),
                other => panic!("{other:?}"),
            };
            assert_eq!(code, expected, "{status:?}");
            let deleted = again(None, &event, record.as_ref(), Some(1), false, AT.parse().unwrap());
            let code = if status == Some(Status::Failed) { "cancelled" } else { "webhook_deleted" };
            let json = serde_json::to_value(deleted).unwrap();
            assert_eq!((&json["status"], &json["reason"]["code"]), (&json!("failed"), &json!(code)));
        }
    }

    #[test]
    fn nothing_is_sent_for_a_suspended_org_whatever_its_webhook_says() {
        let at = || AT.parse().unwrap();
        for config in [json!({}), json!({"enabled": false}), json!({"ordering": {"on_failure": "block"}})] {
            let (config, event) = inputs(&config, &json!({}));
            let new = of(config.clone(), OrgStatus::Suspended, &event, at());
            assert_eq!((new.status, new.has_payload_rules), (Status::Skipped, false));
            assert_eq!(new.reason, Some(Reason::of(ReasonCode::OrgSuspended)));
            let record = EventRecord::new(&event, "e", Status::InProgress, None, Duration::ZERO);
            let webhook = Some((config, OrgStatus::Suspended));
            for keeps_place in [false, true] {
                let further = again(webhook.clone(), &event, Some(&record), Some(1), keeps_place, at());
                let RefreshedPlan::Unsent { status, reason, blocks } = further else { panic!("{further:?}") };
                assert_eq!((status, reason.code, blocks), (Status::Failed, ReasonCode::OrgSuspended, false));
            }
        }
    }

    #[test]
    fn an_event_that_is_sent_later_waits_whatever_the_webhook_is_now() {
        for config in [json!({}), json!({"enabled": false}), json!({"filter": {"jsonata": "false"}})] {
            let (config, event) = inputs(&config, &json!({"deliver_at": "2026-01-03T03:04:05Z"}));
            let plan = later(config, &event, AT.parse().unwrap());
            assert_eq!((plan.status, plan.reason, plan.has_payload_rules), (Status::Scheduled, None, false));
        }
    }

    /// What is done about an event that keeps its place.
    fn in_its_place(config: &Value, record: &Value) -> Value {
        let (config, event) = inputs(config, &json!({}));
        let new = EventRecord::new(&event, "e", Status::InProgress, None, Duration::ZERO);
        let mut json = serde_json::to_value(new).unwrap();
        json.as_object_mut().unwrap().extend(record.as_object().unwrap().clone());
        let record = serde_json::from_value(json).unwrap();
        let plan = again(
            Some((config, OrgStatus::Active)),
            &event,
            Some(&record),
            Some(1),
            true,
            AT.parse().unwrap(),
        );
        serde_json::to_value(plan).unwrap()
    }

    #[test]
    fn an_event_keeps_its_place_until_its_attempt_is_due_or_it_blocks_no_longer() {
        let block = json!({"ordering": {"on_failure": "block"}});
        let open = json!({"state": "failing", "change": 1, "since": AT, "failures": 9, "circuit": {
            "state": "open", "opened_at": AT, "probe_at": AT, "probes": 0,
        }});
        let failed = |code: &str| json!({"status": "failed", "attempt_count": 2, "reason": {"code": code, "detail": "d"}});
        let waits = json!({"attempt_count": 1, "next_attempt_at": "2026-01-02T03:04:06Z"});
        for (config, record, expected) in [
            (&block, json!({}), "in_progress"),
            (&block, waits.clone(), "held"),
            (&block, json!({"attempt_count": 1, "next_attempt_at": AT}), "in_progress"),
            (&json!({"ordering": null}), waits.clone(), "held"),
            (
                &json!({"ordering": {"on_failure": "block"}, "enabled": false}),
                waits.clone(),
                "webhook_disabled",
            ),
            // The event in front is the probe.
            (&json!({"ordering": {}, "health": open}), waits, "in_progress"),
            (&block, failed("http_status"), "held"),
            (&block, failed("cancelled"), "cancelled"),
            (&block, failed("webhook_deleted"), "webhook_deleted"),
            (&json!({"ordering": {}}), failed("http_status"), "http_status"),
            (
                &json!({"ordering": {"on_failure": "block"}, "enabled": false}),
                failed("http_status"),
                "http_status",
            ),
            (&block, json!({"status": "recovered", "reason": {"code": "dns", "detail": "d"}}), "dns"),
        ] {
            let plan = in_its_place(config, &record);
            let found = match (&plan["held"], &plan["reason"]["code"]) {
                (Value::Null, Value::Null) => &plan["status"],
                (Value::Null, code) => code,
                _ => &json!("held"),
            };
            assert_eq!(found, expected, "{config} {record}: {plan}");
        }
    }

    #[test]
    fn an_event_that_is_sent_as_a_probe_again_and_again_does_not_fail_before_its_time() {
        let open = json!({"state": "failing", "change": 1, "since": AT, "failures": 9, "circuit": {
            "state": "open", "opened_at": AT, "probe_at": AT, "probes": 0,
        }});
        let config = |health: &Value| json!({"ordering": {}, "retry": {"schedule_seconds": [5, 60]}, "health": health});
        for (health, attempts, expected) in [
            (&Value::Null, 1, json!([5, 60])),
            (&Value::Null, 2, json!([5, 60])),
            (&open, 1, json!([5, 60])),
            (&open, 2, json!([5, 60, 60, 60])),
        ] {
            let plan = in_its_place(&config(health), &json!({"attempt_count": attempts}));
            assert_eq!(plan["retry"]["schedule_seconds"], expected, "{health} {attempts}");
        }
    }

    #[test]
    fn an_attempt_that_is_recorded_is_not_made_again() {
        for (attempt_count, number, expected) in [
            (0, Some(1), false),
            (1, Some(1), true),
            (1, Some(2), false),
            (3, Some(2), true),
            (3, None, false),
        ] {
            let (config, event) = inputs(&json!({}), &json!({}));
            let new = EventRecord::new(&event, "e", Status::InProgress, None, Duration::ZERO);
            let record = EventRecord { attempt_count, ..new };
            let plan = again(
                Some((config, OrgStatus::Active)),
                &event,
                Some(&record),
                number,
                false,
                AT.parse().unwrap(),
            );
            let is_superseded = matches!(plan, RefreshedPlan::Superseded { .. });
            assert_eq!(is_superseded, expected, "{attempt_count} {number:?}");
        }
    }

    #[test]
    fn an_attempt_that_may_outlast_an_express_execution_is_long_unless_a_producer_waits() {
        for (seconds, mode, expected) in [
            (EXPRESS_ATTEMPT_SECS, "async", (EXPRESS_ATTEMPT_SECS, false)),
            (EXPRESS_ATTEMPT_SECS + 1, "async", (EXPRESS_ATTEMPT_SECS + 1, true)),
            (EXPRESS_ATTEMPT_SECS + 1, "sync", (EXPRESS_ATTEMPT_SECS, false)),
            (840, "sync", (EXPRESS_ATTEMPT_SECS, false)),
        ] {
            let plan = plan(&json!({"timeout_seconds": seconds}), &json!({"mode": mode}));
            assert_eq!((plan.request.timeout_seconds, plan.long), expected, "{seconds} {mode}");
        }
    }

    #[test]
    fn an_attempt_is_queued_if_the_webhook_says_so_or_the_receiver_is_slow_unless_somebody_waits() {
        let slow = |delivery: Value| json!({"slow_since": AT, "delivery": delivery});
        let (queued, async_event) = (json!({"delivery": "queued"}), json!({}));
        for (config, event, expected) in [
            (json!({}), async_event.clone(), false),
            (json!({"delivery": "direct"}), async_event.clone(), false),
            (queued.clone(), async_event.clone(), true),
            (slow(Value::Null), async_event.clone(), true),
            (slow(json!("direct")), async_event.clone(), false),
            (slow(json!("queued")), async_event.clone(), true),
            (json!({"delivery": "queued", "timeout_seconds": 840}), async_event.clone(), true),
            // Somebody waits.
            (queued.clone(), json!({"mode": "sync"}), false),
            (queued.clone(), json!({"origin": "test"}), false),
            // The lane is a queue.
            (json!({"delivery": "queued", "max_in_flight": 5}), async_event, false),
            (queued, json!({"replay_id": ID}), false),
        ] {
            assert_eq!(plan(&config, &event).queued, expected, "{config} {event}");
        }
    }

    #[test]
    fn filter_and_transform_are_evaluated_once_and_only_for_what_is_sent() {
        let filter = json!({"filter": {"jsonata": "true"}});
        let transform = json!({"transform": {"jsonata": "$"}});
        for (config, event, expected) in [
            (json!({}), json!({}), false),
            (filter.clone(), json!({}), true),
            (transform, json!({}), true),
            (json!({"filter": {"jsonata": "true"}, "enabled": false}), json!({}), false),
            // The body of this replay was already transformed when it was first sent.
            (filter, json!({"as_sent": true}), false),
        ] {
            assert_eq!(plan(&config, &event).has_payload_rules, expected, "{config} {event}");
        }
    }
}
