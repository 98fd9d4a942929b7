//! A producer: sends one order to a webhook and prints what the receiver answered.
#![expect(clippy::print_stdout, reason = "the example shows what happens")]
#![expect(clippy::disallowed_methods, reason = "an example reads its settings where it uses them")]

use std::env;
use std::error::Error;

use hookstep_client::{Client, ConfigId, SyncAnswer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::var("HOOKSTEP_URL").unwrap_or_else(|_| "http://127.0.0.1:4700".to_owned());
    let token = env::var("HOOKSTEP_TOKEN").map_err(|_| "HOOKSTEP_TOKEN must be set to an API token")?;
    let webhook = env::var("CONFIG_ID").map_err(|_| "CONFIG_ID must be set to the id of a webhook")?;
    let orders: ConfigId = webhook.parse()?;
    let hookstep = Client::new(&url, &token)?;

    // Asynchronous: answered as soon as the event is stored. Hookstep delivers it, and retries on the webhook's schedule. The
    // key makes it safe to send the same order again: it stays one event.
    let order = r#"{"order": 1042, "total": 99.50}"#;
    let accepted = hookstep
        .trigger(orders, order)
        .content_type("application/json")
        .idempotency_key("order-1042")
        .await?;
    println!("event {} is on its way", accepted.event_id);

    // Synchronous: answered with what the receiver said. A receiver's failure is not an error but the status of the event.
    match hookstep.trigger(orders, order).content_type("application/json").sync().await? {
        SyncAnswer::Ended(delivered) => {
            let answer = delivered.status_code.map_or("no answer".to_owned(), |code| format!("HTTP {code}"));
            println!("event {}: {}, {answer}", delivered.event_id, delivered.status.as_str());
        }
        SyncAnswer::StillInProgress(accepted) => println!("event {} is still in progress", accepted.event_id),
    }
    Ok(())
}
