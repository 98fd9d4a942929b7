//! An org whose calls hang, and the others.

use futures_util::future::try_join_all;

use super::*;
use crate::StopOutcome;
use crate::admission::KEPT;

/// The share of one webhook: a third of the places.
const SHARE: usize = PLACES / 3 + 1;

/// How many of the org that hangs wait for a place.
const BEHIND: usize = 300;

/// A place whose services answer.
fn place() -> Place {
    let mut place = Place::new();
    place.outside.panics = false;
    place
}

fn input(org: &str, number: usize) -> String {
    json!({"org": org, "thing": format!("{org} {number}"), "pause": 0}).to_string()
}

/// Starts more executions of the org that hangs than it has places, and returns their ARNs once its places are taken.
async fn start_hogs(place: &Place, executions: &Executions, machine: &str) -> Vec<String> {
    start_hogs_behind(BEHIND, place, executions, machine).await
}

async fn start_hogs_behind(
    behind: usize,
    place: &Place,
    executions: &Executions,
    machine: &str,
) -> Vec<String> {
    let machine = StateMachine::arn_of(machine);
    let start = |number| executions.start(&machine, Start::new(input("hog", number)));
    let started = try_join_all((0..SHARE + behind).map(start)).await.unwrap();
    until(async || place.outside.seen().len() == SHARE && queued(executions) == behind).await;
    started.into_iter().map(|started| started.arn).collect()
}

fn queued(executions: &Executions) -> usize {
    executions.activity().unwrap().queued
}

/// How many executions have begun.
fn begun(place: &Place) -> usize {
    place.outside.seen().iter().filter(|call| call.starts_with("work")).count()
}

#[tokio::test]
async fn an_org_whose_calls_hang_leaves_places_to_the_others() {
    let place = place();
    let (_engine, executions) = place.open().await.unwrap();
    // More than are kept in memory.
    let behind = KEPT + 100;
    start_hogs_behind(behind, &place, &executions, "express").await;
    let start = Start::new(input("other", 1));
    let running = executions.run(&StateMachine::arn_of("express"), start).await.unwrap();
    assert_eq!(running.ended().await.unwrap().status, ExecutionStatus::Succeeded);
    assert_eq!((begun(&place), queued(&executions)), (SHARE + 1, behind));

    place.outside.gate.add_permits(Semaphore::MAX_PERMITS / 2);
    until(async || is_all_ended(&executions).await).await;
    assert_eq!((begun(&place), queued(&executions)), (SHARE + behind + 1, 0));
}

#[tokio::test]
async fn what_waits_for_a_place_survives_a_crash() {
    let place = place();
    let (engine, executions) = place.open().await.unwrap();
    start_hogs(&place, &executions, "express").await;
    drop((engine, executions));
    until(async || !place.is_open()).await;
    place.outside.seen.lock().unwrap().clear();
    place.outside.gate.add_permits(Semaphore::MAX_PERMITS / 2);

    let (_engine, executions) = place.open().await.unwrap();
    until(async || is_all_ended(&executions).await).await;
    assert_eq!(begun(&place), SHARE + BEHIND);
}

#[tokio::test]
async fn a_stop_leaves_what_waits_for_a_place_unless_a_caller_waits_for_it() {
    let place = place();
    let (engine, executions) = place.open().await.unwrap();
    start_hogs(&place, &executions, "express").await;
    let start = Start::new(input("hog", SHARE + BEHIND));
    let running = executions.run(&StateMachine::arn_of("express"), start).await.unwrap();
    until(async || queued(&executions) == BEHIND + 1).await;
    let stopping = tokio::spawn(engine.stop());
    until(async || queued(&executions) == 1).await;
    place.outside.gate.add_permits(Semaphore::MAX_PERMITS / 2);
    stopping.await.unwrap();
    assert_eq!(running.ended().await.unwrap().status, ExecutionStatus::Succeeded);
    assert_eq!(begun(&place), SHARE + 1);
    assert_eq!(executions.journal.awake().await.unwrap().len(), BEHIND);
}

#[tokio::test]
async fn a_standard_execution_that_is_stopped_while_it_waits_for_a_place_does_not_run() {
    let place = place();
    let (_engine, executions) = place.open().await.unwrap();
    let arns = start_hogs(&place, &executions, "standard").await;
    let seen = place.outside.seen();
    let has_begun = |number: usize| seen.iter().any(|call| call.contains(&format!("\"hog {number}\"")));
    let waiting = (0..arns.len()).find(|number| !has_begun(*number)).unwrap();
    assert_eq!(executions.stop(&arns[waiting]).await.unwrap(), StopOutcome::Stopped);

    place.outside.gate.add_permits(Semaphore::MAX_PERMITS / 2);
    until(async || is_all_ended(&executions).await && queued(&executions) == 0).await;
    assert_eq!(begun(&place), SHARE + BEHIND - 1);
}
