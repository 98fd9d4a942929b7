//! The bus's rules, as in `infra/template.yaml`: a direct event
//! starts the state machine; every other event goes to `dispatch`.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hookstep_aws_local::{RuleError, Rules, TakenEvent};
use hookstep_contract::error_chain;
use hookstep_dispatch::BusEvent;
use hookstep_engine::Executions;
use serde_json::json;

/// The detail type that the rule for direct events matches.
const DIRECT: &str = "Webhook Trigger";

/// The rules and their targets.
pub(crate) struct BusRules {
    pub(crate) executions: Executions,
    /// The ARN of the machine that the rule for direct events starts.
    pub(crate) machine_arn: String,
    /// The target of the rule for all other events.
    pub(crate) dispatch: hookstep_dispatch::Context,
}

impl Rules for BusRules {
    fn apply(&self, event: TakenEvent) -> BoxFuture<'_, Result<(), RuleError>> {
        async move {
            if event.detail_type == DIRECT { self.start(event).await } else { self.dispatch(event).await }
        }
        .boxed()
    }
}

impl BusRules {
    async fn dispatch(&self, event: TakenEvent) -> Result<(), RuleError> {
        let TakenEvent { id, accepted_at, detail_type, detail } = event;
        let event = BusEvent { id, accepted_at, detail_type, detail };
        match hookstep_dispatch::handle(event, &self.dispatch).await {
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::error!(error.chain = error_chain(&error), "an event could not be dispatched");
                Err(RuleError { message: format!("not every delivery was started: {}", error.message) })
            }
        }
    }

    /// Starts the machine with the output of the rule's input transformer.
    async fn start(&self, event: TakenEvent) -> Result<(), RuleError> {
        let mut input = json!({"id": event.id, "accepted_at": event.accepted_at}).to_string();
        // The detail is inserted byte for byte: parsing and rewriting it could change its numbers.
        input.truncate(input.len() - 1);
        let input = format!("{{\"event_bridge\":{input},\"detail\":{}}}}}", event.detail.get());
        let started = self.executions.start(&self.machine_arn, Some(event.id), input).await;
        let failed = |error| RuleError { message: format!("the event starts nothing: {error}") };
        started.map(drop).map_err(failed)
    }
}
