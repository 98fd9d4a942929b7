//! The local EventBridge Scheduler, as far as the product uses it: one-time schedules that start an execution.
//!
//! Schedules are items in the tables' database. Only their names and moments are in memory, so that nothing is polled.
//! A schedule is deleted after its execution has been started; a process that ends between the two starts it twice, as
//! the service may.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_contract::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};
use tokio::sync::Notify;

use crate::states::{StartRequest, States};
use crate::tables::{SCHEDULES, Tables};
use crate::wire::{Answer, Reply, ServiceError, read};

/// The expression of a one-time schedule, in UTC.
const AT: &[BorrowedFormatItem<'_>] =
    format_description!("at([year]-[month]-[day]T[hour]:[minute]:[second])");

/// The pause before the start of an execution is tried again, and before tables that cannot be read are read again.
const PAUSE: Duration = Duration::from_secs(5);

/// The most that one sleep lasts, so that a clock that was set is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// The schedules of this host.
#[derive(Clone)]
pub struct Schedules {
    tables: Tables,
    sources: Sources,
    waiting: Arc<Waiting>,
}

/// What waits, in the order of time: milliseconds since 1970, and the key.
#[derive(Default)]
struct Waiting {
    due: Mutex<BTreeSet<(i64, String)>>,
    changed: Notify,
}

/// A schedule as the service's API has it, as far as it is used here.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Schedule {
    #[serde(default = "default_group")]
    group_name: String,
    name: String,
    schedule_expression: String,
    target: Target,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Target {
    arn: String,
    #[serde(default)]
    role_arn: String,
    #[serde(default)]
    input: Option<String>,
}

fn default_group() -> String {
    "default".to_owned()
}

impl fmt::Debug for Schedules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schedules")
    }
}

impl Schedules {
    /// The schedules in `tables`.
    pub fn new(tables: Tables, sources: Sources) -> Self {
        Self { tables, sources, waiting: Arc::default() }
    }

    /// Runs `CreateSchedule` in the service's JSON protocol; the name is among the fields.
    pub async fn create(&self, request: &[u8]) -> Reply {
        self.make(request).await.into()
    }

    async fn make(&self, request: &[u8]) -> Answer {
        let schedule: Schedule = read(request)?;
        let at = PrimitiveDateTime::parse(&schedule.schedule_expression, AT).map_err(|_| {
            let message = format!("Invalid Schedule Expression {}.", schedule.schedule_expression);
            ServiceError::new("ValidationException", message)
        })?;
        let (due, key) = (millis(at.assume_utc()), key(&schedule.group_name, &schedule.name));
        let text = serde_json::to_string(&schedule).map_err(|error| internal(error.to_string()))?;
        let put = json!({
            "TableName": SCHEDULES,
            "Item": {"name": {"S": key}, "due": {"N": due.to_string()}, "schedule": {"S": text}},
            "ConditionExpression": "attribute_not_exists(#name)",
            "ExpressionAttributeNames": {"#name": "name"},
        });
        let reply = self.tables.submit("PutItem", put.to_string().into()).await;
        if reply.status != 200 && String::from_utf8_lossy(&reply.body).contains("ConditionalCheckFailed") {
            return Err(ServiceError::new(
                "ConflictException",
                format!("Schedule {} already exists.", schedule.name),
            ));
        }
        answered(&reply)?;
        self.due().insert((due, key));
        self.waiting.changed.notify_one();
        Ok(json!({"ScheduleArn": arn(&schedule.group_name, &schedule.name)}))
    }

    /// `GetSchedule`.
    pub(crate) async fn get(&self, group: &str, name: &str) -> Answer {
        let schedule = self.find(&key(group, name)).await?.ok_or_else(|| missing(name))?;
        let mut shown = serde_json::to_value(&schedule).map_err(|error| internal(error.to_string()))?;
        shown["Arn"] = arn(group, name).into();
        shown["State"] = "ENABLED".into();
        Ok(shown)
    }

    /// `DeleteSchedule`.
    pub(crate) async fn delete(&self, group: &str, name: &str) -> Answer {
        let key = key(group, name);
        let delete = json!({"TableName": SCHEDULES, "Key": {"name": {"S": key}}, "ReturnValues": "ALL_OLD"});
        let reply = self.tables.submit("DeleteItem", delete.to_string().into()).await;
        let old = answered(&reply)?;
        self.due().retain(|(_, waiting)| *waiting != key);
        if old["Attributes"].is_null() { Err(missing(name)) } else { Ok(json!({})) }
    }

    /// Starts the executions of schedules when they are due. Never returns.
    pub async fn run(self, states: States) {
        while let Err(error) = self.load().await {
            tracing::error!(error = error.message, "the schedules cannot be read yet");
            tokio::time::sleep(PAUSE).await;
        }
        loop {
            let now = self.now();
            let next = self.due().first().cloned();
            match next {
                Some((due, key)) if due <= now => {
                    if let Err(error) = self.fire(&key, &states).await {
                        tracing::error!(
                            schedule = key,
                            error = error.message,
                            "a schedule could not start yet"
                        );
                        self.due().insert((now + PAUSE.as_millis() as i64, key.clone()));
                    }
                    self.due().remove(&(due, key));
                }
                next => {
                    let pause = next.map_or(LONGEST_SLEEP, |(due, _)| between(now, due).min(LONGEST_SLEEP));
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = self.waiting.changed.notified() => {}
                    }
                }
            }
        }
    }

    /// Reads what waits from an earlier run.
    async fn load(&self) -> Result<(), ServiceError> {
        let mut start = Value::Null;
        loop {
            let mut scan = json!({"TableName": SCHEDULES, "ProjectionExpression": "#name, due",
                "ExpressionAttributeNames": {"#name": "name"}});
            if !start.is_null() {
                scan["ExclusiveStartKey"] = start;
            }
            let mut page = answered(&self.tables.submit("Scan", scan.to_string().into()).await)?;
            for item in page["Items"].as_array().into_iter().flatten() {
                let due = item["due"]["N"].as_str().and_then(|due| due.parse().ok()).unwrap_or(0);
                self.due().insert((due, item["name"]["S"].as_str().unwrap_or_default().to_owned()));
            }
            start = page["LastEvaluatedKey"].take();
            if start.is_null() {
                return Ok(());
            }
        }
    }

    /// Starts the execution of a schedule and deletes the schedule.
    async fn fire(&self, key: &str, states: &States) -> Result<(), ServiceError> {
        // It may have been deleted at this moment.
        let Some(schedule) = self.find(key).await? else { return Ok(()) };
        let start = StartRequest {
            state_machine_arn: schedule.target.arn,
            name: Some(schedule.name.clone()),
            input: schedule.target.input,
        };
        states.begin(start).await?;
        match self.delete(&schedule.group_name, &schedule.name).await {
            Err(error) if error.name != "ResourceNotFoundException" => Err(error),
            _ => Ok(()),
        }
    }

    async fn find(&self, key: &str) -> Result<Option<Schedule>, ServiceError> {
        let get = json!({"TableName": SCHEDULES, "Key": {"name": {"S": key}}});
        let found = answered(&self.tables.submit("GetItem", get.to_string().into()).await)?;
        let Some(text) = found["Item"]["schedule"]["S"].as_str() else { return Ok(None) };
        serde_json::from_str(text).map(Some).map_err(|error| internal(error.to_string()))
    }

    fn due(&self) -> MutexGuard<'_, BTreeSet<(i64, String)>> {
        self.waiting.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> i64 {
        self.sources.now().unix_millis()
    }
}

fn key(group: &str, name: &str) -> String {
    format!("{group}/{name}")
}

fn arn(group: &str, name: &str) -> String {
    format!("arn:aws:scheduler:local:000000000000:schedule/{group}/{name}")
}

fn millis(at: OffsetDateTime) -> i64 {
    Timestamp::new(at).unix_millis()
}

fn between(now: i64, due: i64) -> Duration {
    Duration::from_millis(u64::try_from(due - now).unwrap_or(0))
}

fn missing(name: &str) -> ServiceError {
    ServiceError::new("ResourceNotFoundException", format!("Schedule {name} does not exist."))
}

fn internal(message: String) -> ServiceError {
    ServiceError::new("InternalServerException", message)
}

/// The body of the tables' reply, or what went wrong.
fn answered(reply: &Reply) -> Answer {
    let body: Value = serde_json::from_slice(&reply.body).map_err(|error| internal(error.to_string()))?;
    if reply.status == 200 {
        return Ok(body);
    }
    Err(internal(body["message"].as_str().unwrap_or("the tables did not answer").to_owned()))
}
