//! The local EventBridge Scheduler, as far as the product uses it: one-time schedules that start an execution.
//!
//! Schedules are items in the tables' database. Only their names and moments are in memory, so that nothing is polled.
//! A schedule is deleted after its execution has been started; a process that ends between the two starts it twice, as
//! the service may.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_contract::Timestamp;
use hookstep_storage::Priority;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};
use tokio::sync::Notify;

use crate::states::{StartRequest, States};
use crate::tables::{SCHEDULES, Tables};
use crate::trace;
use crate::wire::{Answer, Reply, ServiceError, read};

/// The expression of a one-time schedule, in UTC.
const AT: &[BorrowedFormatItem<'_>] =
    format_description!("at([year]-[month]-[day]T[hour]:[minute]:[second])");

/// The pause before a start that failed is repeated, and before tables that cannot be read are read again. It doubles
/// with each failure.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The most that one sleep lasts, so that a clock that was set is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// The schedules of this host.
#[derive(Clone)]
pub struct Schedules {
    tables: Tables,
    /// The only group.
    group: &'static str,
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

impl fmt::Debug for Schedules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schedules")
    }
}

impl Schedules {
    /// The schedules in `tables`, all of them in this group.
    pub fn new(tables: Tables, group: &'static str, sources: Sources) -> Self {
        Self { tables, group, sources, waiting: Arc::default() }
    }

    /// Runs `CreateSchedule` in the service's JSON protocol; the name is among the fields.
    pub async fn create(&self, request: &[u8]) -> Reply {
        trace::service("scheduler", "CreateSchedule", self.make(request).await.into())
    }

    async fn make(&self, request: &[u8]) -> Answer {
        let schedule: Schedule = read(request)?;
        if schedule.group_name != self.group {
            let message = format!("Schedule group {} does not exist.", schedule.group_name);
            return Err(ServiceError::new("ResourceNotFoundException", message));
        }
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
        let put = self.tables.submit("PutItem", put).await;
        // Even a write that has failed may have been carried out, and whoever repeats it finds that the schedule exists. The moment of one
        // that does not exist starts nothing.
        self.due().insert((due, key));
        self.waiting.changed.notify_one();
        if put.as_ref().is_err_and(|error| error.name == "ConditionalCheckFailedException") {
            let message = format!("Schedule {} already exists.", schedule.name);
            return Err(ServiceError::new("ConflictException", message));
        }
        answered(put)?;
        Ok(json!({"ScheduleArn": arn(&schedule.group_name, &schedule.name)}))
    }

    /// How many schedules wait, and when the first is or was due, in milliseconds since 1970. One that was deleted counts
    /// until its moment has come.
    pub fn waiting(&self) -> (usize, Option<i64>) {
        let due = self.due();
        (due.len(), due.first().map(|(moment, _)| *moment))
    }

    /// `GetSchedule`.
    pub(crate) async fn get(&self, group: &str, name: &str) -> Answer {
        let (_, schedule) = self.find(&key(group, name)).await?.ok_or_else(|| missing(name))?;
        let mut shown = serde_json::to_value(&schedule).map_err(|error| internal(error.to_string()))?;
        shown["Arn"] = arn(group, name).into();
        shown["State"] = "ENABLED".into();
        Ok(shown)
    }

    /// `DeleteSchedule`. The schedule's moment stays in memory, and starts nothing.
    pub(crate) async fn delete(&self, group: &str, name: &str) -> Answer {
        let key = key(group, name);
        let delete = json!({"TableName": SCHEDULES, "Key": {"name": {"S": key}}, "ReturnValues": "ALL_OLD"});
        let old = answered(self.tables.submit("DeleteItem", delete).await)?;
        if old["Attributes"].is_null() { Err(missing(name)) } else { Ok(json!({})) }
    }

    /// Starts the executions of schedules when they are due, and repeats a start that fails. Never returns.
    pub async fn run(self, states: States) {
        let mut failures = 0;
        while let Err(error) = self.load().await {
            tracing::error!(error = error.message, "the schedules cannot be read yet");
            tokio::time::sleep(pause_after(failures)).await;
            failures += 1;
        }
        let mut failures = HashMap::<String, u32>::new();
        loop {
            let now = self.now();
            let next = self.due().first().cloned();
            match next {
                Some((due, key)) if due <= now => {
                    // Before it is looked at: it may be made anew for the same moment meanwhile.
                    self.due().remove(&(due, key.clone()));
                    match self.fire(&key, now, &states).await {
                        Ok(()) => drop(failures.remove(&key)),
                        Err(error) => {
                            let message = error.message;
                            tracing::error!(
                                schedule = key,
                                error = message,
                                "a schedule could not start yet"
                            );
                            let failed = failures.entry(key.clone()).or_default();
                            let again = now + pause_after(*failed).as_millis() as i64;
                            *failed += 1;
                            self.due().insert((again, key));
                        }
                    }
                }
                next => {
                    let pause = next.map_or(LONGEST_SLEEP, |(due, _)| between(now, due).min(LONGEST_SLEEP));
                    tokio::select! {
                        biased;
                        () = self.waiting.changed.notified() => {}
                        () = tokio::time::sleep(pause) => {}
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
            let mut page = answered(self.tables.submit("Scan", scan).await)?;
            for item in page["Items"].as_array().into_iter().flatten() {
                self.due().insert((moment(item), item["name"]["S"].as_str().unwrap_or_default().to_owned()));
            }
            start = page["LastEvaluatedKey"].take();
            if start.is_null() {
                return Ok(());
            }
        }
    }

    /// Starts the execution of a schedule that is due and deletes the schedule.
    async fn fire(&self, key: &str, now: i64, states: &States) -> Result<(), ServiceError> {
        // It may have been deleted, and made anew for later.
        let Some((due, schedule)) = self.find(key).await? else { return Ok(()) };
        if due > now {
            return Ok(());
        }
        let start = StartRequest {
            state_machine_arn: schedule.target.arn,
            name: Some(schedule.name.clone()),
            input: schedule.target.input,
            priority: Priority::Accepted,
            beside: None,
            accepted: None,
        };
        states.begin(start).await?;
        match self.delete(&schedule.group_name, &schedule.name).await {
            Err(error) if error.name != "ResourceNotFoundException" => Err(error),
            _ => Ok(()),
        }
    }

    /// A schedule with its moment, in milliseconds since 1970.
    async fn find(&self, key: &str) -> Result<Option<(i64, Schedule)>, ServiceError> {
        let get = json!({"TableName": SCHEDULES, "Key": {"name": {"S": key}}});
        let found = answered(self.tables.submit("GetItem", get).await)?;
        let Some(text) = found["Item"]["schedule"]["S"].as_str() else { return Ok(None) };
        let schedule = serde_json::from_str(text).map_err(|error| internal(error.to_string()))?;
        Ok(Some((moment(&found["Item"]), schedule)))
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

/// The moment of an item; one that cannot be read has passed.
fn moment(item: &Value) -> i64 {
    item["due"]["N"].as_str().and_then(|due| due.parse().ok()).unwrap_or(0)
}

/// The pause after this many failures before the last one.
fn pause_after(failures: u32) -> Duration {
    PAUSE.saturating_mul(2_u32.saturating_pow(failures)).min(LONGEST_PAUSE)
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

/// The tables' answer; their errors are internal ones of the scheduler.
fn answered(answer: Answer) -> Answer {
    answer.map_err(|error| internal(format!("the tables answered {}: {}", error.name, error.message)))
}

#[cfg(test)]
mod tests;
