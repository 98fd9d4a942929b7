//! What a platform starts twice, as the services of AWS may: the execution of a new event, and that of a schedule, which is up to a
//! minute late. The second one has the same input and another name.

use std::time::Duration;

use hookstep_asl::Json;
use hookstep_engine::StateMachine;
use serde_json::json;
use time::PrimitiveDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use tokio::time::sleep;

use crate::ambient::BEGIN;
use crate::ledger::Fault;
use crate::world::World;
use crate::{Dice, ambient};

/// How late a schedule is at most, and the second execution of a new event.
const LATEST: Duration = Duration::from_secs(60);

/// The expression of a schedule.
const AT: &[BorrowedFormatItem<'_>] =
    format_description!("at([year]-[month]-[day]T[hour]:[minute]:[second])");

/// What executions that are started twice are called among the faults.
pub(crate) const DOUBLE: &str = "double";

/// An execution that is to be started a second time.
#[derive(Clone, Debug)]
pub(crate) struct Double {
    /// When.
    pub(crate) at: Duration,
    event: u32,
    input: String,
}

/// Decides whether what this call starts, or was started for, is started twice.
pub(crate) fn consider(world: &World, state: &str, event: Option<u32>, arguments: &Json) {
    let (percent, Some(event)) = (world.scenario().doubled, event) else { return };
    if percent == 0 || !matches!(state, "FetchConfig" | "ScheduleRetry") {
        return;
    }
    let mut shared = world.state();
    shared.considered += 1;
    let mut dice = Dice::of(world.scenario().seed, "double", shared.considered);
    if !dice.chance(percent.into()) {
        return;
    }
    let late = Duration::from_millis(dice.below(LATEST.as_millis() as u64));
    let arguments = arguments.to_value();
    let started = match state {
        "FetchConfig" => {
            let Some(payload) = arguments.get("Payload") else { return };
            let input = json!({"event": payload["event"], "payload": payload["payload"]});
            Some((ambient::elapsed(), input.to_string()))
        }
        _ => due(&arguments["ScheduleExpression"])
            .zip(arguments["Target"]["Input"].as_str().map(str::to_owned)),
    };
    let Some((at, input)) = started else { return };
    shared.doubles.push(Double { at: at + late, event, input });
    drop(shared);
    world.tell_double();
}

/// The expression of a schedule that starts so many seconds later.
pub(crate) fn later(expression: &serde_json::Value, seconds: u64) -> Option<String> {
    let at = PrimitiveDateTime::parse(expression.as_str()?, AT).ok()?;
    (at + Duration::from_secs(seconds)).format(AT).ok()
}

/// When a schedule is due, without what the clock was set forward by.
fn due(expression: &serde_json::Value) -> Option<Duration> {
    let at = PrimitiveDateTime::parse(expression.as_str()?, AT).ok()?.assume_utc();
    let wall = (ambient::sources().clock)();
    let left = Duration::try_from(at - wall.max(BEGIN)).unwrap_or_default();
    Some(ambient::elapsed() + left)
}

/// Starts what is to be started twice when it is time. Never returns.
pub(crate) async fn run(world: World, states: aws_sdk_sfn::Client) {
    loop {
        let next = world.state().doubles.iter().map(|double| double.at).min();
        let Some(next) = next else {
            world.next_double().await;
            continue;
        };
        tokio::select! {
            biased;
            () = sleep(next.saturating_sub(ambient::elapsed())) => start(&world, &states).await,
            () = world.next_double() => {}
        }
    }
}

/// Starts the first one that is due.
async fn start(world: &World, states: &aws_sdk_sfn::Client) {
    let double = {
        let mut state = world.state();
        let due = state.doubles.iter().position(|double| double.at <= ambient::elapsed());
        let Some(place) = due else { return };
        let double = state.doubles.remove(place);
        let fault = Fault { at: ambient::elapsed(), event: Some(double.event), of: DOUBLE.to_owned() };
        state.ledger.faults.push(fault);
        double
    };
    world.log(Some(double.event), "FAULT: its execution is started twice");
    let start = states.start_execution().state_machine_arn(StateMachine::arn_of("express"));
    // One that cannot be started is one less.
    let _started = start.input(double.input).send().await;
}
