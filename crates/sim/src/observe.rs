//! Looks at everything through the API when a scenario is over.

use std::time::Duration;

use hookstep_host::{Host, executions_of};
use hookstep_tables::AttributeValue;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::ambient::BEGIN;
use crate::api::Api;
use crate::life::ORG;
use crate::world::World;

/// What the host says in the end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observed {
    /// Every event of the scenario that is there, replays included.
    pub(crate) events: Vec<SeenEvent>,
    /// What waits though nothing should: what, and the event if it is known.
    pub(crate) leftovers: Vec<(Option<u32>, String)>,
    /// The notes that events wait in lanes: the ids of the events.
    pub(crate) notes: Vec<String>,
}

/// An event as the API shows it. Times are by the host's clock, since the begin.
#[derive(Clone, Debug, Default)]
pub(crate) struct SeenEvent {
    /// Its number in the scenario.
    pub(crate) number: u32,
    /// Its id.
    pub(crate) id: String,
    /// Whether it is a replay.
    pub(crate) is_replay: bool,
    /// Its status.
    pub(crate) status: String,
    /// When it was accepted.
    pub(crate) created_at: Duration,
    /// When its status last changed.
    pub(crate) updated_at: Duration,
    /// The code of its reason, if it has one.
    pub(crate) reason: Option<String>,
    /// How many attempts it has by its record.
    pub(crate) attempt_count: u64,
    /// Its attempts.
    pub(crate) attempts: Vec<SeenAttempt>,
}

/// An attempt as the API shows it. Times are by the host's clock, since the begin.
#[derive(Clone, Debug, Default)]
pub(crate) struct SeenAttempt {
    /// Its number.
    pub(crate) number: u64,
    /// When it began.
    pub(crate) at: Duration,
    /// How long it took.
    pub(crate) took: Duration,
    /// How it ended.
    pub(crate) outcome: String,
    /// The status that the receiver answered.
    pub(crate) status: Option<u16>,
}

/// Reads every event of the scenario, and looks for what is left over.
pub(crate) async fn observe(world: &World, api: &Api, host: &Host) -> Observed {
    let mut observed = Observed::default();
    let webhooks = world.state().ledger.webhooks.clone();
    for event in &world.scenario().events {
        let Some(webhook) = webhooks.get(&event.webhook) else { continue };
        let path = format!("/webhook/{webhook}/events?correlation_id=sim-{}", event.number);
        let listed = api.get(&path).await;
        for found in listed.body["data"].as_array().into_iter().flatten() {
            let id = found["event_id"].as_str().unwrap_or_default();
            let read = api.get(&format!("/webhook/{webhook}/events/{id}")).await;
            observed.events.push(seen_event(event.number, &read.body));
        }
    }
    observed.events.sort_by(|one, other| (one.number, &one.id).cmp(&(other.number, &other.id)));
    observed.leftovers = leftovers(world, host, &observed.events).await;
    for webhook in webhooks.values() {
        match notes(host, webhook).await {
            Some(notes) => observed.notes.extend(notes),
            None => observed.leftovers.push((None, "the notes of a lane cannot be read".to_owned())),
        }
    }
    observed
}

/// The events that wait in the lane of a webhook by its notes.
async fn notes(host: &Host, webhook: &str) -> Option<Vec<String>> {
    let query = host.clients().tables.query().table_name("events").key_condition_expression("pk = :pk");
    let lane = AttributeValue::S(format!("lane#{ORG}#{webhook}"));
    let found = query.expression_attribute_values(":pk", lane).send().await.ok()?;
    found.items().iter().map(|item| Some(item.get("sk")?.as_s().ok()?.clone())).collect()
}

async fn leftovers(world: &World, host: &Host, events: &[SeenEvent]) -> Vec<(Option<u32>, String)> {
    let mut found = Vec::new();
    let dir = world.state().disk.dir.clone();
    for event in events {
        let Ok(id) = event.id.parse() else { continue };
        let executions = executions_of(&dir, id).unwrap_or_default();
        for execution in executions.iter().filter(|execution| execution.status == "RUNNING") {
            found.push((Some(event.number), format!("the execution {} is running", execution.arn)));
        }
    }
    for table in ["schedules", "lanes"] {
        let scanned = host.clients().tables.scan().table_name(table).send().await;
        let count = scanned.map_or(-1, |scanned| scanned.count());
        if count != 0 {
            found.push((None, format!("{count} items are left in the table {table}")));
        }
    }
    found
}

fn seen_event(number: u32, event: &Value) -> SeenEvent {
    let attempts = event["attempts"].as_array().into_iter().flatten();
    SeenEvent {
        number,
        id: text(&event["event_id"]),
        is_replay: event["replay_of"].is_string(),
        status: text(&event["status"]),
        created_at: since_begin(&event["created_at"]),
        updated_at: since_begin(&event["updated_at"]),
        reason: event["reason"]["code"].as_str().map(str::to_owned),
        attempt_count: event["attempt_count"].as_u64().unwrap_or(0),
        attempts: attempts.map(seen_attempt).collect(),
    }
}

fn seen_attempt(attempt: &Value) -> SeenAttempt {
    SeenAttempt {
        number: attempt["number"].as_u64().unwrap_or(0),
        at: since_begin(&attempt["started_at"]),
        took: Duration::from_millis(attempt["duration_ms"].as_u64().unwrap_or(0)),
        outcome: text(&attempt["outcome"]),
        status: attempt["status_code"].as_u64().and_then(|status| status.try_into().ok()),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn since_begin(value: &Value) -> Duration {
    let at = value.as_str().and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    at.and_then(|at| (at - BEGIN).try_into().ok()).unwrap_or_default()
}
