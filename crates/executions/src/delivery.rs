//! The two machines of `statemachine.asl.json`.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use hookstep_contract::{
    EventMetadata, EventRecord, MachineKind, Publication, PublishedDelivery, Source, WorkflowInput,
    WorkflowOutput,
};
use serde::Serialize;

use crate::{ExecutionClient, Input, Run, WorkflowError};

/// How many executions are started concurrently.
const MAX_CONCURRENT_STARTS: usize = 32;

/// The express and the standard machine that deliver events.
#[derive(Clone, Debug)]
pub struct DeliveryMachines {
    client: ExecutionClient,
    express_arn: String,
    standard_arn: String,
    /// The kind of machine on which async events start: express, which hands over deliveries that take long,
    /// or standard, for operators who want every event in its execution history.
    starts_async: MachineKind,
}

impl DeliveryMachines {
    /// Creates a client for the machines with these ARNs.
    pub fn new(
        client: ExecutionClient,
        express_arn: impl Into<String>,
        standard_arn: impl Into<String>,
        starts_async: MachineKind,
    ) -> Self {
        Self { client, express_arn: express_arn.into(), standard_arn: standard_arn.into(), starts_async }
    }

    /// Starts the delivery of an async event, and returns once the
    /// execution is accepted. Starting an event twice delivers it once.
    ///
    /// # Errors
    /// If the execution is not accepted.
    pub async fn start(&self, input: &WorkflowInput) -> Result<(), WorkflowError> {
        self.client.start(self.async_arn(), input.event.event_id.to_string(), self.input(input)?).await
    }

    /// Whether [`Self::publish`] stores a publication and its body together with what it starts.
    pub fn stores_publications(&self) -> bool {
        self.client.stores_publications()
    }

    /// Stores a publication with its body, unless that is a claim check, and starts all its deliveries: all of it or nothing.
    ///
    /// # Errors
    /// If nothing was stored and started, or where [`Self::stores_publications`] says that it cannot be.
    pub async fn publish(&self, publication: &Publication, body: Option<Bytes>) -> Result<(), WorkflowError> {
        self.client.publish(self.async_arn(), publication, body).await
    }

    /// Starts the deliveries of a publication that is stored. All are tried; starting one twice delivers it once.
    ///
    /// # Errors
    /// If at least one execution is not accepted.
    pub async fn start_all(&self, publication: &Publication) -> Result<(), WorkflowError> {
        let deliveries = publication.deliveries.iter();
        let starts: Vec<_> = deliveries.map(|delivery| self.start_one(publication, *delivery)).collect();
        let started: Vec<_> = stream::iter(starts).buffer_unordered(MAX_CONCURRENT_STARTS).collect().await;
        started.into_iter().collect()
    }

    async fn start_one(
        &self,
        publication: &Publication,
        delivery: PublishedDelivery,
    ) -> Result<(), WorkflowError> {
        self.start(&publication.input(delivery)).await
    }

    /// The machine on which async events start.
    fn async_arn(&self) -> &str {
        match self.starts_async {
            MachineKind::Express => &self.express_arn,
            MachineKind::Standard => &self.standard_arn,
        }
    }

    /// Starts the delivery of an event and waits up to `timeout` for its end.
    ///
    /// # Errors
    /// If the execution is not accepted or fails, or its response is lost.
    pub async fn run(
        &self,
        input: &WorkflowInput,
        timeout: Duration,
    ) -> Result<Run<WorkflowOutput>, WorkflowError> {
        let name = input.event.event_id.to_string();
        self.client.run(&self.express_arn, name, self.input(input)?, timeout).await
    }

    /// The input of an execution, with the body beside it if it can be stored with the start: a state that carries it would
    /// copy it from step to step.
    fn input<'i>(&self, input: &'i WorkflowInput) -> Result<Input<'i>, WorkflowError> {
        /// A [`WorkflowInput`].
        #[derive(Serialize)]
        struct Referring<'i> {
            event: &'i EventMetadata,
            payload: Source,
        }

        let body = match &input.payload {
            // Invalid base64 is left for `deliver` to reject.
            Source::Inline(content) if self.client.stores_bodies() => content.to_bytes(),
            _ => None,
        };
        let Some(body) = body else { return Input::of(input) };
        let event = &input.event;
        let referring = Referring { event, payload: Source::AcceptedBodyOf(event.event_id) };
        Ok(Input { body: Some((event, body.into())), ..Input::of(&referring)? })
    }

    /// Stops the execution in which an event waits for its next attempt, if there is one.
    ///
    /// # Errors
    /// If the execution may still be running.
    pub async fn stop(&self, event: &EventRecord) -> Result<(), WorkflowError> {
        for execution_arn in self.waiting(event) {
            self.client.stop(execution_arn, "cancelled").await?;
        }
        Ok(())
    }

    /// The possible ARNs of the execution: if the event started on the standard machine, that of the event
    /// itself; otherwise those of a hand-over (see the state `HandOver`) before one of the attempts up to the next one.
    fn waiting(&self, event: &EventRecord) -> Vec<String> {
        let executions = executions_of(&self.standard_arn);
        if event.execution.starts_with(&format!("{executions}:")) {
            return vec![event.execution.clone()];
        }
        let numbers = 1..=event.attempt_count + 1;
        numbers.map(|number| format!("{executions}:{}-{number}", event.event_id)).collect()
    }
}

/// The start of the ARNs of a machine's executions. The machine's ARN may be that of an alias, `…:Name:alias`, which
/// is no part of them.
fn executions_of(machine_arn: &str) -> String {
    let parts: Vec<&str> = machine_arn.splitn(8, ':').take(7).collect();
    parts.join(":").replace(":stateMachine:", ":execution:")
}

#[cfg(test)]
mod tests {
    use hookstep_contract::{EventMetadata, Mode, Origin, Status};

    use super::*;

    #[test]
    fn an_execution_that_waits_is_found_by_its_name() {
        let event = |execution: &str| {
            let at = serde_json::from_str("\"2026-01-01T00:00:00Z\"").unwrap();
            let event = EventMetadata::new(
                "acme".parse().unwrap(),
                "0190a000-0000-7000-8000-00000000000a".parse().unwrap(),
                "0190a000-0000-7000-8000-00000000000b".parse().unwrap(),
                Origin::Api,
                Mode::Async,
                at,
            );
            EventRecord::new(&event, execution, Status::InProgress, None, Duration::ZERO)
        };
        let machines = DeliveryMachines::new(
            ExecutionClient::new(|| panic!("no client is needed")),
            "arn:aws:states:eu-central-1:1:stateMachine:Express:live",
            "arn:aws:states:eu-central-1:1:stateMachine:Standard:live",
            MachineKind::Express,
        );
        let standard = "arn:aws:states:eu-central-1:1:execution:Standard:some-name";
        assert_eq!(machines.waiting(&event(standard)), [standard]);
        let of = |number: u32| {
            format!(
                "arn:aws:states:eu-central-1:1:execution:Standard:0190a000-0000-7000-8000-00000000000b-{number}"
            )
        };
        let waiting =
            EventRecord { attempt_count: 2, ..event("arn:aws:states:eu-central-1:1:express:Express:x:y") };
        assert_eq!(machines.waiting(&waiting), [1, 2, 3].map(of));
    }
}
