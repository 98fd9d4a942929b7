//! Tells owners about changes of their webhooks in the background, as the rule of `infra/template.yaml` and its function do on
//! AWS. A mail server that is slow or down holds up no delivery.

use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use hookstep_aws_local::TakenEvent;
use hookstep_contract::{DetailType, error_chain};
use hookstep_notify::{BusEvent, Context, handle};
use tokio::sync::{Semaphore, mpsc};

/// The source of Hookstep's own events, as in the definition of the state machine.
const SOURCE: &str = "hookstep";

/// The pauses between the tries. On AWS, Lambda tries three times, and a queue keeps what is left.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(600),
];

/// How many changes wait for their mails at most, those between two tries included.
const MAX_WAITING: usize = 1000;

/// How many mails are handed over at once.
const MAX_CONNECTIONS: usize = 8;

/// Takes events of the bus, and leaves those about webhooks to the background.
#[derive(Debug)]
pub(crate) struct Notifier(Option<mpsc::Sender<BusEvent>>);

impl Notifier {
    /// A notifier, and what goes on beside the engine. Without a context, nobody is told anything.
    pub(crate) fn new(ctx: Option<Context>) -> (Self, BoxFuture<'static, ()>) {
        let Some(ctx) = ctx else { return (Self(None), std::future::ready(()).boxed()) };
        let (waiting, events) = mpsc::channel(MAX_WAITING);
        (Self(Some(waiting)), run(events, ctx).boxed())
    }

    /// Has the owners told, if the event is about a webhook.
    pub(crate) fn take(&self, event: &TakenEvent) {
        let Some(waiting) = &self.0 else { return };
        let mut types = DetailType::ALL.into_iter().filter(|one| one.is_about_the_webhook());
        let Some(detail_type) = types.find(|one| event.source == SOURCE && one.as_str() == event.detail_type)
        else {
            return;
        };
        match serde_json::from_str(event.detail.get()) {
            Ok(detail) => {
                if waiting.try_send(BusEvent { detail_type, detail }).is_err() {
                    tracing::error!(
                        "owners are not told about a change, because too many others wait for their mails"
                    );
                }
            }
            Err(error) => {
                tracing::warn!(error.chain = error_chain(&error), "an event about a webhook cannot be read");
            }
        }
    }
}

async fn run(mut events: mpsc::Receiver<BusEvent>, ctx: Context) {
    let connections = Semaphore::new(MAX_CONNECTIONS);
    stream::poll_fn(|context| events.poll_recv(context))
        .for_each_concurrent(MAX_WAITING, |event| tell(event, &ctx, &connections))
        .await;
}

/// Tries until all mails about an event are handed over, or refused.
async fn tell(event: BusEvent, ctx: &Context, connections: &Semaphore) {
    let mut pauses = PAUSES.into_iter();
    loop {
        let told = {
            let Ok(_connection) = connections.acquire().await else { return };
            handle(event.clone(), ctx).await
        };
        match (told, pauses.next()) {
            (Ok(_), _) => return,
            (Err(error), Some(pause)) => {
                tracing::debug!(error.chain = error_chain(&error), "owners are told about a change later");
                tokio::time::sleep(pause).await;
            }
            (Err(error), None) => {
                tracing::error!(
                    org.id = %event.detail.org_id,
                    config.id = %event.detail.config_id,
                    error.chain = error_chain(&error),
                    "owners could not be told about a change"
                );
                return;
            }
        }
    }
}
