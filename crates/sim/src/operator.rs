//! Operators: they change webhooks, cancel and replay events, and put back what only a person can.

use std::time::Duration;

use hookstep_engine::StateMachine;
use hookstep_host::Host;
use http::Method;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use tokio::time::sleep;

use crate::api::{Answered, Api};
use crate::faults::number_in;
use crate::ledger::Operated;
use crate::plan::{Action, Limit, Operation};
use crate::world::World;
use crate::{ambient, messages};

/// Does what is planned when it is time.
pub(crate) async fn operate(world: World, api: Api, number: usize, operation: Operation) {
    sleep(Duration::from_millis(operation.at).saturating_sub(ambient::elapsed())).await;
    if !world.state().operations.insert(number) {
        return;
    }
    let at = ambient::elapsed();
    let (action, of) = named(operation.action);
    let place = {
        let operated = &mut world.state().ledger.operated;
        operated.push(Operated { at, action, of, answer: None });
        operated.len() - 1
    };
    let answered = act(&world, &api, operation.action).await;
    if world.is_dead() {
        return;
    }
    let status = answered.as_ref().map(|answered| answered.status);
    world.state().ledger.operated[place].answer = status.map(|status| (ambient::elapsed(), status));
    if let (Action::Rotate(webhook), Some(answered)) = (operation.action, &answered) {
        knows_secret(&world, webhook, answered);
    }
    let event = matches!(operation.action, Action::Cancel(_) | Action::Replay(_)).then_some(of);
    world.log(event, format!("operator: {action} {of}: {}", status.unwrap_or(0)));
}

/// Notes the secret that was shown in an answer.
pub(crate) fn knows_secret(world: &World, webhook: u32, answered: &Answered) {
    if let Some(secret) = answered.text("signing_secret") {
        let known = (ambient::elapsed(), secret.to_owned());
        world.state().ledger.secrets.entry(webhook).or_default().push(known);
    }
}

fn named(action: Action) -> (&'static str, u32) {
    match action {
        Action::Edit(of) => ("edit", of),
        Action::Disable(of) => ("disable", of),
        Action::Enable(of) => ("enable", of),
        Action::Delete(of) => ("delete", of),
        Action::Rotate(of) => ("rotate", of),
        Action::Cancel(of) => ("cancel", of),
        Action::Replay(of) => ("replay", of),
        Action::ReplayAll(of) => ("replay all", of),
    }
}

async fn act(world: &World, api: &Api, action: Action) -> Option<Answered> {
    let webhook = |number: u32| world.state().ledger.webhooks.get(&number).cloned();
    let event = |number: u32| {
        let state = world.state();
        let of = world.scenario().events.iter().find(|event| event.number == number)?.webhook;
        let (id, _) =
            state.ledger.produced.get(&number)?.accepted.clone().filter(|(id, _)| !id.is_empty())?;
        Some(format!("/webhook/{}/events/{id}", state.ledger.webhooks.get(&of)?))
    };
    let patch = async |number: u32, change: Value| {
        let path = format!("/webhook/{}", webhook(number)?);
        Some(api.call(Method::PATCH, &path, &[], &change).await)
    };
    match action {
        Action::Edit(number) => {
            let at = ambient::elapsed().as_secs().to_string();
            patch(number, json!({"headers": {"x-edited": at}})).await
        }
        Action::Disable(number) => patch(number, json!({"enabled": false})).await,
        Action::Enable(number) => patch(number, json!({"enabled": true})).await,
        Action::Delete(number) => {
            let path = format!("/webhook/{}", webhook(number)?);
            Some(api.call(Method::DELETE, &path, &[], &Value::Null).await)
        }
        Action::Rotate(number) => {
            let path = format!("/webhook/{}/rotate-secret", webhook(number)?);
            Some(api.post(&path, &json!({})).await)
        }
        Action::Cancel(number) => Some(api.post(&format!("{}/cancel", event(number)?), &Value::Null).await),
        Action::Replay(number) => Some(api.post(&format!("{}/replay", event(number)?), &json!({})).await),
        Action::ReplayAll(number) => {
            let since = ambient::BEGIN.format(&Rfc3339).unwrap_or_default();
            let path = format!("/webhook/{}/events/replay", webhook(number)?);
            Some(api.post(&path, &json!({"since": since, "status": "failed"})).await)
        }
    }
}

/// Cancels the events that block others in their order, as a person would who looks at them.
pub(crate) async fn unblock(world: &World, api: &Api) {
    let blocking = world.scenario().webhooks.iter().filter(|of| of.limit == Limit::Ordered { blocks: true });
    for number in blocking.map(|webhook| webhook.number) {
        let Some(id) = world.state().ledger.webhooks.get(&number).cloned() else { continue };
        let read = api.get(&format!("/webhook/{id}")).await;
        let blocking = read.body["lane"]["blocking"].as_array().cloned().unwrap_or_default();
        for event in blocking.iter().filter_map(Value::as_str) {
            let cancelled = api.post(&format!("/webhook/{id}/events/{event}/cancel"), &Value::Null).await;
            world.log(None, format!("operator: unblocks webhook {number}: {}", cancelled.status));
        }
    }
}

/// Starts again what the queue of lost events holds, as `hookstep redrive` does.
pub(crate) async fn redrive(world: &World, host: &Host) {
    let file = world.state().disk.dir.join("lost-events.jsonl");
    let text = std::fs::read_to_string(file).unwrap_or_default();
    for line in text.lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else { continue };
        let id = message["id"].as_str().unwrap_or_default().to_owned();
        if !world.state().redriven.insert(id) {
            continue;
        }
        let body: Value =
            message["body"].as_str().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
        let arn = StateMachine::arn_of("express");
        let times = if messages::is_received_again(world, number_in(&body["input"])) { 2 } else { 1 };
        for _ in 0..times {
            let start = host.clients().states.start_execution().state_machine_arn(&arn);
            let started = start.input(body["input"].to_string()).send().await;
            world.log(None, format!("operator: puts a lost event back: {}", started.is_ok()));
        }
    }
}
