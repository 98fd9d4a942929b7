//! Planted bugs, made in what stands between the product and the simulation: a call is changed, swallowed or answered wrongly.
//!
//! The product does not know of them. Each is one that somebody might write, and shows that a check would notice.

use hookstep_asl::Json;
use hookstep_host::TableCall;
use serde_json::{Value, json};

use crate::plan::Plant;
use crate::receivers::url;
use crate::world::World;

/// What a planted bug makes of the call of a task.
pub(crate) enum Planted {
    /// The call as it is.
    Nothing,
    /// Another call.
    Changed(Json),
    /// No call, and this answer.
    Skipped(Json),
    /// Two calls.
    Twice,
}

/// What the planted bug does to a task before it is run.
pub(crate) fn before(world: &World, state: &str, event: Option<u32>, arguments: &Json) -> Planted {
    let Some(plant) = world.scenario().plant else { return Planted::Nothing };
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut value = arguments.to_value();
        change(&mut value);
        Planted::Changed(value.into())
    };
    match (plant, state) {
        (Plant::NoCondition, "RecordEvent") => changed(&|call| {
            if let Some(fields) = call.as_object_mut() {
                fields.retain(|name, _| matches!(name.as_str(), "TableName" | "Item"));
            }
        }),
        (Plant::MiscountedAttempt, "UpdateStatus") => changed(&|call| {
            let number = &mut call["Payload"]["attempt"]["number"];
            *number = json!(number.as_u64().unwrap_or(1).saturating_sub(1).max(1));
        }),
        (Plant::SuccessForgotten, "UpdateStatus") => changed(&|call| {
            let attempt = &mut call["Payload"]["attempt"];
            if attempt["outcome"] == "succeeded" {
                (attempt["outcome"], attempt["status_code"]) = (json!("failed_http"), json!(503));
            }
        }),
        (Plant::TooEarly, "ScheduleRetry") => {
            changed(&|call| call["ScheduleExpression"] = json!("at(2026-01-05T00:00:00)"))
        }
        (Plant::OtherBody, "Deliver") => changed(&|call| {
            call["Payload"]["payload"] = json!({"inline": {"text": "{\"event\": 1}"}});
        }),
        (Plant::OtherReceiver, "Deliver") => changed(&|call| {
            call["Payload"]["request"]["url"] = json!(url(0));
        }),
        (Plant::OldPlan, "RefreshPlan") => {
            let known = event.and_then(|event| world.state().plans.get(&event).cloned());
            known.map_or(Planted::Nothing, Planted::Skipped)
        }
        (Plant::SentTwice, "Deliver") => Planted::Twice,
        (Plant::LostSchedule, "ScheduleRetry") => Planted::Skipped(json!({"ScheduleArn": ""}).into()),
        (Plant::LaneNoteStays, "LeaveLane") => Planted::Skipped(json!({}).into()),
        _ => Planted::Nothing,
    }
}

/// What the planted bug does to the answer of a task.
pub(crate) fn after(world: &World, state: &str, event: Option<u32>, result: Json) -> Json {
    let changed = |change: &dyn Fn(&mut Value)| -> Json {
        let mut value = result.to_value();
        change(&mut value);
        value.into()
    };
    match (world.scenario().plant, state, event) {
        (Some(Plant::NoLane), "FetchConfig" | "RefreshPlan", _) => changed(&|answer| {
            if let Some(plan) = answer["Payload"]["plan"].as_object_mut() {
                plan.remove("lane");
            }
        }),
        (Some(Plant::RulesIgnored), "FetchConfig", _) => changed(&|answer| {
            if let Some(plan) = answer["Payload"]["plan"].as_object_mut() {
                plan.remove("has_payload_rules");
            }
        }),
        (Some(Plant::OldPlan), "RefreshPlan", Some(event)) => {
            world.state().plans.insert(event, result.clone());
            result
        }
        // An event that has succeeded keeps its place in its order for two days.
        (Some(Plant::PlaceStays), "UpdateStatus", _) => changed(&|answer| {
            if answer["Payload"]["status"] == "succeeded" {
                answer["Payload"]["retry_at"] = json!("2026-02-01T00:00:00Z");
            }
        }),
        _ => result,
    }
}

/// Whether the planted bug swallows a call of a table.
pub(crate) fn swallows(world: &World, call: &TableCall<'_>) -> bool {
    let Some(plant) = world.scenario().plant else { return false };
    let text = |name: &str| call.item.and_then(|item| item.get(name)?.as_s().ok()).map_or("", String::as_str);
    let has_value = |name: &str| call.values.is_some_and(|values| values.contains_key(name));
    match (plant, call.table, call.operation) {
        (Plant::ScheduleStays, "schedules", "DeleteItem") | (Plant::MessageStays, "lanes", "DeleteItem") => {
            true
        }
        (Plant::KeyForgotten, "events", "PutItem") => text("pk").contains("#idempotency#"),
        (Plant::WatchForgotten, "events", "PutItem") => text("pk").starts_with("watch#"),
        (Plant::BodyGone, "events", "GetItem") => text("sk") == "body",
        (Plant::CancelIgnored, "events", "UpdateItem") => has_value(":yes") && has_value(":scheduled"),
        // The circuit that a success would close.
        (Plant::CircuitStays, "configs", "UpdateItem") => has_value(":change") && closes(call),
        _ => false,
    }
}

/// Whether a change of a receiver's health leaves no open circuit.
fn closes(call: &TableCall<'_>) -> bool {
    let health = call.values.and_then(|values| values.get(":health")?.as_m().ok());
    let circuit = health.and_then(|health| health.get("circuit")?.as_m().ok());
    circuit.and_then(|circuit| circuit.get("state")?.as_s().ok()).is_none_or(|state| state != "open")
}
