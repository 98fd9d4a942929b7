//! Events that are in progress though nothing works on them any more, and events that could not even be recorded.
#![expect(clippy::unwrap_used, reason = "a table that cannot be written fails the test")]

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use hookstep_contract::{RecordKey, Timestamp};
use hookstep_store::{WatchList, Watched};
use serde_json::{Value, json};

use super::faulty::fault;
use super::table::usual;
use super::{Case, Engine, How};
use crate::world::process::{binary, finished};
use crate::world::{ORG, Reply, until};

/// A refusal that outlasts the eight retries of a native task, once.
const ONCE: Option<u32> = Some(9);

pub(super) fn cases() -> Vec<Case> {
    let overdue = |name, state, error, times, attempts| Case {
        how: How::Overdue,
        webhook: json!({"retry": {"schedule_seconds": [120]}}),
        faults: vec![fault(state, error, times)],
        ..usual(
            name,
            json!({"event": {"status": "succeeded", "attempt_count": attempts}, "requests": vec![json!({}); attempts]}),
        )
    };
    vec![
        // The platform ends an execution without any Catch when its five minutes are over.
        overdue("an express execution out of time", "Deliver", "States.Runtime", Some(1), 1),
        Case {
            webhook: json!({"retry": {"schedule_seconds": []}, "timeout_seconds": 200}),
            ..overdue(
                "a hand-over that is refused",
                "HandOver",
                "StepFunctions.ExecutionLimitExceededException",
                ONCE,
                1,
            )
        },
        Case {
            replies: [503, 200].map(Reply::status).to_vec(),
            ..overdue(
                "a schedule that is refused",
                "ScheduleRetry",
                "Scheduler.ServiceQuotaExceededException",
                ONCE,
                2,
            )
        },
        Case {
            how: How::Redriven,
            faults: vec![
                fault("FetchConfig", "Lambda.Unknown", Some(1)),
                fault("RecordMissed", "Lambda.TooManyRequestsException", Some(7)),
            ],
            ..usual(
                "an event that could not even be recorded, put back",
                json!({"event": {"status": "succeeded", "attempt_count": 1}, "requests": [{}]}),
            )
        },
    ]
}

/// Lets `reconcile` find that the event is overdue, until it has ended. Before that come so many attempts.
pub(super) async fn take_up(engine: &impl Engine, config_id: &str, event_id: &str, attempts: usize) {
    let api = engine.api();
    api.until(config_id, event_id, |event| event["attempt_count"].as_u64() >= Some(attempts as u64)).await;
    until("the overdue event has ended", async || {
        engine.reconcile(config_id, event_id).await;
        api.event(config_id, event_id).await["status"] != "in_progress"
    })
    .await;
}

/// Makes an event, and the rest of its webhook, look as if its attempt had been due an hour ago, and forgets how far the
/// watch list was gone through.
pub(crate) async fn make_overdue(
    client: &hookstep_tables::Client,
    table: &str,
    config_id: &str,
    event_id: &str,
) {
    let now = hookstep_ambient::Sources::system().now();
    let due: Timestamp = now.minus(Duration::from_secs(3600));
    let (org_id, config_id, event_id) =
        (ORG.parse().unwrap(), config_id.parse().unwrap(), event_id.parse().unwrap());
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let key = RecordKey::of(&org_id, config_id, event_id);
    let update = client.update_item().table_name(table).key("pk", text(&key.pk)).key("sk", text(&key.sk));
    let update =
        update.update_expression("SET next_attempt_at = :due").condition_expression("#status = :in_progress");
    let update = update.expression_attribute_names("#status", "status");
    let update = update.expression_attribute_values(":due", text(&due.to_string()));
    let updated = update.expression_attribute_values(":in_progress", text("in_progress")).send().await;
    if let Err(error) = updated {
        let error = error.into_service_error();
        assert!(error.is_conditional_check_failed_exception(), "{error:?}");
        // It has ended since it was looked at.
    }
    let list = WatchList::new(client.clone(), table);
    for event_id in [None, Some(event_id)] {
        list.watch(&Watched { org_id: org_id.clone(), config_id, event_id }, due).await.unwrap();
    }
    let cursor = client.delete_item().table_name(table).key("pk", text("watch")).key("sk", text("cursor"));
    cursor.send().await.unwrap();
}

/// Puts back what is in the queue of lost events, with the program.
pub(super) async fn redrive(engine: &impl Engine, config_id: &str) -> String {
    until("the lost event has been put back", async || {
        let mut command = tokio::process::Command::new(binary("hookstep"));
        command.env_clear().args(["redrive", "--yes"]).args(engine.redrive_args());
        command.envs(engine.credentials()).env("AWS_REGION", "us-east-1");
        finished(&mut command).await;
        let events: Value = engine.api().events(config_id, "").await;
        !events["data"].as_array().unwrap().is_empty()
    })
    .await;
    let event = engine.api().first_event(config_id).await;
    event["event_id"].as_str().unwrap().to_owned()
}
