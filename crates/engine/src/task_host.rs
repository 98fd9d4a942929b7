//! The interpreter's host for one execution: it calls functions and
//! services, starts further executions and collects the history.

use futures_util::FutureExt;
use hookstep_asl::{Checkpoint, Event, Host, Json, TaskError};
use hookstep_contract::MachineKind;
use hookstep_storage::Priority;
use serde_json::Value;
use time::OffsetDateTime;
use tracing::Instrument;

use crate::admission::Place;
use crate::context::Context;
use crate::history::History;
use crate::ports::Operation;
use crate::start::Start;
use crate::trace;

/// The service integrations that a definition may use.
pub const RESOURCES: [&str; 8] = [
    LAMBDA_INVOKE,
    PUT_ITEM,
    GET_ITEM,
    DELETE_ITEM,
    START_EXECUTION,
    PUT_EVENTS,
    CREATE_SCHEDULE,
    SEND_MESSAGE,
];

/// The integration that invokes a Lambda function.
pub const LAMBDA_INVOKE: &str = "arn:aws:states:::lambda:invoke";
const PUT_ITEM: &str = "arn:aws:states:::dynamodb:putItem";
const GET_ITEM: &str = "arn:aws:states:::dynamodb:getItem";
const DELETE_ITEM: &str = "arn:aws:states:::dynamodb:deleteItem";
const START_EXECUTION: &str = "arn:aws:states:::states:startExecution";
const PUT_EVENTS: &str = "arn:aws:states:::events:putEvents";
const CREATE_SCHEDULE: &str = "arn:aws:states:::aws-sdk:scheduler:createSchedule";
const SEND_MESSAGE: &str = "arn:aws:states:::sqs:sendMessage";

/// The interpreter's host for one execution.
pub(crate) struct TaskHost<'a> {
    pub(crate) context: &'a Context,
    pub(crate) place: &'a Place,
    pub(crate) kind: MachineKind,
    pub(crate) arn: String,
    pub(crate) history: History,
}

impl TaskHost<'_> {
    /// Writes a checkpoint and, if the execution waits, the time at which it resumes.
    pub(crate) fn write_checkpoint(&self, at: &Checkpoint, wake_at: Option<i64>) -> Result<(), TaskError> {
        let text = serde_json::to_string(at).map_err(|error| {
            task_error("States.Runtime", format!("the checkpoint cannot be written: {error}"))
        })?;
        self.context.executions.journal.checkpoint(&self.arn, text, wake_at, self.history.text());
        Ok(())
    }
}

impl Host for TaskHost<'_> {
    async fn call(&self, resource: &str, arguments: Json) -> Result<Json, TaskError> {
        let function = text(&arguments, "FunctionName");
        if function.is_some_and(|arn| self.context.ports.shares.waits(arn)) {
            self.place.rest();
        }
        let span = trace::task(resource, function);
        let result = self.integrate(resource, arguments).instrument(span).await;
        // After an error, the interpreter may pause before it tries again.
        if result.is_err() {
            self.place.rest();
        }
        result
    }

    fn now(&self) -> OffsetDateTime {
        (self.context.executions.sources.clock)()
    }

    fn random(&self) -> f64 {
        (self.context.executions.sources.random)()
    }

    fn record(&self, event: Event) {
        self.history.push(event);
    }

    fn entered(&self, at: &Checkpoint) {
        // As on AWS, a standard execution resumes from its last checkpoint and an express one starts over.
        if self.kind == MachineKind::Standard
            && let Err(error) = self.write_checkpoint(at, None)
        {
            tracing::error!(execution = self.arn, error.cause = error.cause, "a checkpoint was lost");
        }
    }
}

impl TaskHost<'_> {
    async fn integrate(&self, resource: &str, arguments: Json) -> Result<Json, TaskError> {
        match &self.context.ports.faults {
            None => self.run(resource, arguments).await,
            Some(faults) => {
                let run = |arguments| self.run(resource, arguments).boxed();
                faults.run(resource, arguments, &run).await
            }
        }
    }

    async fn run(&self, resource: &str, arguments: Json) -> Result<Json, TaskError> {
        match resource {
            LAMBDA_INVOKE => {
                let payload = arguments.get("Payload").cloned().unwrap_or_default();
                let function = text(&arguments, "FunctionName").unwrap_or_default();
                trace::invoke();
                let output = self.context.ports.functions.invoke(function, payload).await?;
                Ok(Json::object([
                    ("ExecutedVersion", Json::from("$LATEST")),
                    ("StatusCode", Json::Number(200.into())),
                    ("Payload", output),
                ]))
            }
            PUT_ITEM => self.dynamodb(Operation::PutItem, arguments).await,
            GET_ITEM => self.dynamodb(Operation::GetItem, arguments).await,
            DELETE_ITEM => self.dynamodb(Operation::DeleteItem, arguments).await,
            START_EXECUTION => self.start_execution(arguments).await,
            PUT_EVENTS => self.put_events(arguments).await,
            CREATE_SCHEDULE => self.service("Scheduler", Operation::CreateSchedule, arguments).await,
            SEND_MESSAGE => self.service("SQS", Operation::SendMessage, arguments).await,
            _ => Err(task_error("States.Runtime", format!("there is no integration {resource}"))),
        }
    }

    async fn dynamodb(&self, operation: Operation, arguments: Json) -> Result<Json, TaskError> {
        self.context.ports.services.call(operation, arguments).await.map_err(|failure| {
            let name = if failure.name.is_empty() { "AmazonDynamoDBException" } else { &failure.name };
            // Step Functions uses the error names of the Java SDK, which always end in `Exception`.
            let name = name.strip_suffix("Exception").unwrap_or(name);
            task_error(&format!("DynamoDB.{name}Exception"), failure.message)
        })
    }

    /// A call of a service whose errors have the names of its API, after the service's.
    async fn service(&self, service: &str, operation: Operation, arguments: Json) -> Result<Json, TaskError> {
        let answer = self.context.ports.services.call(operation, arguments).await;
        answer.map_err(|failure| task_error(&format!("{service}.{}", failure.name), failure.message))
    }

    async fn start_execution(&self, arguments: Json) -> Result<Json, TaskError> {
        let machine = text(&arguments, "StateMachineArn").unwrap_or_default();
        let name = text(&arguments, "Name").map(str::to_owned);
        let input = arguments.get("Input").cloned().unwrap_or_default().to_string();
        let start = Start { name, priority: Priority::Accepted, ..Start::new(input) };
        let started = self.context.executions.start(machine, start).await;
        let started = started.map_err(|error| {
            task_error(&format!("StepFunctions.{}", error.name_in_retry()), error.to_string())
        })?;
        Ok(Json::object([
            ("ExecutionArn", Json::from(started.arn)),
            ("StartDate", Json::Number((started.started_at / 1000).into())),
        ]))
    }

    /// As in AWS's optimised integration, details are objects, and a rejected entry fails the task.
    async fn put_events(&self, arguments: Json) -> Result<Json, TaskError> {
        let answer = self.context.ports.services.call(Operation::PutEvents, with_texts(&arguments)).await;
        let body = answer.map_err(|failure| {
            let cause = format!("{}: {}", failure.name, failure.message);
            task_error("EventBridge.EventBridgeException", cause)
        })?;
        if body.get("FailedEntryCount") != Some(&Json::Number(0.into())) {
            return Err(task_error("EventBridge.FailedEntry", body.to_string()));
        }
        Ok(body)
    }
}

/// The arguments with the detail of each entry as text.
fn with_texts(arguments: &Json) -> Json {
    let mut arguments = arguments.to_value();
    for entry in arguments["Entries"].as_array_mut().into_iter().flatten() {
        entry["Detail"] = Value::String(entry["Detail"].to_string());
    }
    arguments.into()
}

/// An argument that is a string.
fn text<'a>(arguments: &'a Json, name: &str) -> Option<&'a str> {
    arguments.get(name)?.as_str()
}

fn task_error(name: &str, cause: String) -> TaskError {
    TaskError { error: name.to_owned(), cause }
}
