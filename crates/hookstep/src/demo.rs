//! `hookstep demo`: a host, a receiver, and a tour of what a delivery is.

mod client;
mod receiver;

use std::time::Duration;

use hookstep_host::NewToken;
use serde_json::{Value, json};

use crate::serve::{FIRST_ORG, Serving, introduce};
use crate::settings::{Outcome, ServeArgs};
use client::Client;

/// The body that needs a claim check.
const BIG_BODY_BYTES: usize = 5 * 1024 * 1024;

/// Serves, shows the tour, and goes on serving.
#[expect(clippy::print_stdout, reason = "the tour is the output")]
pub(crate) async fn demo(args: ServeArgs) -> Outcome {
    // The receiver is on this machine and speaks plain HTTP.
    let args = ServeArgs { allow_http_targets: true, allow_private_targets: true, ..args };
    let receiver = receiver::start().await?;
    let serving = Serving::start(&args).await?;
    introduce(&args, &serving);
    println!("  sample receiver {receiver}");
    let token = serving.host.create_token(NewToken::admin(FIRST_ORG.parse()?)).await?;
    let client = Client::new(serving.address, token.clone())?;
    tour(&client, &receiver).await?;
    println!("\nThat was the tour. Hookstep goes on serving; a token to try it yourself:\n  {token}");
    serving.until_stopped().await
}

async fn tour(client: &Client, receiver: &str) -> Outcome {
    step(1, "A sync delivery: the producer gets the receiver's answer");
    let hello = client.create("demo: hello", &format!("{receiver}/hello"), &[]).await?;
    let answer = client.trigger(&hello, "sync=true", br#"{"reading": 1.0}"#.to_vec()).await?;
    show(&answer, &["status", "status_code", "body", "duration_ms"]);

    step(2, "An async delivery: 202 at once, the event can be read back");
    let answer = client.trigger(&hello, "sync=false", br#"{"reading": 2.0}"#.to_vec()).await?;
    show(&answer, &["event_id", "status"]);
    show_event(&client.ended(&hello, &answer).await?);

    step(
        3,
        "A receiver that fails twice and then succeeds: retried on the config's schedule (here 1 s, 2 s)",
    );
    let flaky = client.create("demo: flaky", &format!("{receiver}/flaky"), &[1, 2]).await?;
    let answer = client.trigger(&flaky, "sync=false", b"{}".to_vec()).await?;
    show_event(&client.ended(&flaky, &answer).await?);

    step(4, "A body of 5 MB: kept as a claim check, streamed to the receiver");
    let count = client.create("demo: count", &format!("{receiver}/count"), &[]).await?;
    let answer = client.trigger(&count, "sync=true", vec![b'x'; BIG_BODY_BYTES]).await?;
    show(&answer, &["status", "body"]);

    step(5, "Refused: a URL we would not call, when the webhook is saved; a closed port, when it is called");
    let problem =
        client.post("/webhook", json!({"name": "demo: refused", "url": "http://127.0.0.1:22/"})).await?;
    show(&problem, &["title", "field", "detail"]);
    let closed = client.create("demo: closed", &receiver::closed_port().await?, &[]).await?;
    let answer = client.trigger(&closed, "sync=true", b"{}".to_vec()).await?;
    show(&answer, &["status", "outcome", "error", "attempts"]);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the tour is the output")]
fn step(number: usize, what: &str) {
    println!("\n{number}. {what}");
}

/// Prints some fields of an answer.
#[expect(clippy::print_stdout, reason = "the tour is the output")]
fn show(answer: &Value, fields: &[&str]) {
    let shown: Vec<String> = fields.iter().map(|field| format!("{field} {}", answer[*field])).collect();
    println!("   {}", shown.join(", "));
}

/// Prints an event and its attempts.
#[expect(clippy::print_stdout, reason = "the tour is the output")]
fn show_event(event: &Value) {
    println!("   event {} is {}", event["event_id"], event["status"]);
    for attempt in event["attempts"].as_array().into_iter().flatten() {
        println!(
            "   attempt {}: {} {} in {} ms",
            attempt["number"], attempt["outcome"], attempt["status_code"], attempt["duration_ms"]
        );
    }
}

/// How often the tour looks whether an event has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
