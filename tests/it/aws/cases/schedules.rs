//! Schedules of attempts, whose time comes at once.
#![expect(clippy::unwrap_used, reason = "a schedule that is not as it was made fails the test")]

use serde_json::Value;

use super::Engine;
use crate::world::until;

/// Fires every schedule of an event until the event has ended.
pub(super) async fn fire_all(engine: &impl Engine, config_id: &str, event_id: &str) {
    for number in 2.. {
        let api = engine.api();
        let of_attempt =
            |event: &Value| event["next_attempt_at"].is_string() && event["attempt_count"] == number - 1;
        let event = api
            .until(config_id, event_id, |event| event["status"] != "in_progress" || of_attempt(event))
            .await;
        if event["status"] != "in_progress" {
            return;
        }
        fire(engine, &format!("{event_id}-{number}")).await;
    }
}

/// Starts the target of a schedule with its input, as the scheduler does when its time has come.
pub(super) async fn fire(engine: &impl Engine, name: &str) {
    let (schedules, group) = engine.schedules();
    let get = || schedules.get_schedule().name(name).group_name(&group).send();
    until("there is a schedule", async || get().await.is_ok()).await;
    let schedule = get().await.unwrap();
    assert!(schedule.schedule_expression().unwrap().starts_with("at("), "{schedule:?}");
    let target = schedule.target().unwrap();
    let input = target.input().unwrap();
    // It waits for days where people may look at it.
    let resume: Value = serde_json::from_str(input).unwrap();
    let mut fields: Vec<&String> = resume["resume"].as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(fields, ["event", "number", "version"], "{input}");
    schedules.delete_schedule().name(name).group_name(&group).send().await.unwrap();
    let start = engine.states().start_execution().state_machine_arn(target.arn()).input(input);
    start.send().await.unwrap();
}
