//! Taking events up again on the express machine of `statemachine.asl.json`.

use std::time::Duration;

use hookstep_contract::{EventMetadata, Held, Load, ResumeInput, Resumed, Status, Timestamp};
use serde::Deserialize;

use crate::{ExecutionClient, Input, Run, WorkflowError};

/// The express machine, for events that have a record.
#[derive(Clone, Debug)]
pub struct ResumeMachine {
    client: ExecutionClient,
    express_arn: String,
}

/// What is said of the lane of an event at the end of its execution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Resumption {
    /// Until when the receiver wants no other event of the webhook, if it has said so.
    #[serde(default)]
    pub pause_until: Option<Timestamp>,
    /// What the attempt says about the load on its receiver, if one was made.
    #[serde(default)]
    pub load: Option<Load>,
    /// The event's status.
    #[serde(default)]
    pub status: Option<Status>,
    /// Why the event keeps its place in its order, if it does.
    #[serde(default)]
    pub held: Option<Held>,
}

impl Resumption {
    /// Whether there may have been no attempt: the event has ended, with or without one, or keeps its place in its order since
    /// before.
    pub fn may_have_sent_nothing(&self) -> bool {
        let has_ended = self.status.is_some_and(|status| !status.is_open());
        has_ended || self.held.is_some_and(|held| held.since.is_some())
    }
}

impl ResumeMachine {
    /// Creates a client for the express machine with this ARN.
    pub fn new(client: ExecutionClient, express_arn: impl Into<String>) -> Self {
        Self { client, express_arn: express_arn.into() }
    }

    /// Takes an event up again, and returns once the execution is accepted. If the attempt was made already, the execution
    /// does nothing.
    ///
    /// # Errors
    /// If the execution is not accepted.
    pub async fn start(&self, input: &ResumeInput) -> Result<(), WorkflowError> {
        self.client.start(&self.express_arn, name(&input.resume), Input::of(input)?).await
    }

    /// Goes on with an event whose attempt comes from the delivery queue, and returns once the execution is accepted. `json` is a
    /// [`QueuedInput`](hookstep_contract::QueuedInput) with the attempt `number` of `event`.
    ///
    /// # Errors
    /// If the execution is not accepted.
    pub async fn go_on(&self, event: &EventMetadata, number: u32, json: String) -> Result<(), WorkflowError> {
        let name = format!("{}-{number}", event.event_id);
        self.client.start(&self.express_arn, name, Input { json, body: None }).await
    }

    /// Takes an event up again and waits up to `timeout` for the end of the execution. `json` is the input in which `resumed`
    /// was found.
    ///
    /// # Errors
    /// If the execution is not accepted or fails, or its response is lost.
    pub async fn run(
        &self,
        resumed: &Resumed,
        json: String,
        timeout: Duration,
    ) -> Result<Run<Resumption>, WorkflowError> {
        let input = Input { json, body: None };
        self.client.run(&self.express_arn, name(resumed), input, timeout).await
    }
}

fn name(resumed: &Resumed) -> String {
    format!("{}-{}", resumed.event.event_id, resumed.number)
}
