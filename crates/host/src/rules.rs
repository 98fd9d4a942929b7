//! The bus's rules, as in `infra/template.yaml`: every event goes to `dispatch`, and those about webhooks to `notify`.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hookstep_aws_local::{RuleError, Rules, TakenEvent};
use hookstep_contract::error_chain;
use hookstep_dispatch::{BusEvent, PutEvent};

use crate::notifying::Notifier;

/// The rules and their targets.
pub(crate) struct BusRules {
    pub(crate) notifier: Notifier,
    pub(crate) dispatch: hookstep_dispatch::Context,
}

impl Rules for BusRules {
    fn apply(&self, event: TakenEvent) -> BoxFuture<'_, Result<(), RuleError>> {
        async move {
            self.notifier.take(&event);
            let TakenEvent { id, accepted_at, detail_type, detail, .. } = event;
            let event = BusEvent { accepted_at, event: PutEvent { id, detail_type, detail } };
            match hookstep_dispatch::handle(event, &self.dispatch).await {
                Ok(_) => Ok(()),
                Err(error) => {
                    tracing::error!(error.chain = error_chain(&error), "an event could not be dispatched");
                    Err(RuleError { message: format!("not every delivery was started: {}", error.message) })
                }
            }
        }
        .boxed()
    }
}
