//! Messages that are received again: SQS delivers at least once.
//!
//! A message of a lane is received again after its execution has ended: it was not deleted. It waits in its lane as before, because a
//! group of a FIFO queue has one message after the other. A message of the queue of lost events is put back twice.

use hookstep_host::{ServiceError, TableCall};

use crate::aws::Platform;
use crate::faults::SIMULATED;
use crate::ledger::Fault;
use crate::world::World;
use crate::{Dice, ambient};

/// How many messages in a hundred are received again.
const AGAIN: u64 = 15;

/// What messages that are received again are called among the faults.
pub(crate) const RECEIVED_AGAIN: &str = "message";

/// The error of a call that would delete a message of a lane, if that is received again.
pub(crate) fn kept(world: &World, call: &TableCall<'_>) -> Option<ServiceError> {
    if (call.table, call.operation) != ("lanes", "DeleteItem") {
        return None;
    }
    let id = call.item.and_then(|key| key.get("id")?.as_s().ok())?;
    let known = |(known, _): &(&String, &u32)| id.contains(known.as_str());
    let event = world.state().event_ids.iter().find(known).map(|(_, event)| *event);
    is_received_again(world, event).then(|| ServiceError::new("InternalServerError", SIMULATED))
}

/// Decides whether a message is received again.
pub(crate) fn is_received_again(world: &World, event: Option<u32>) -> bool {
    if world.scenario().platform != Platform::Aws {
        return false;
    }
    let mut state = world.state();
    state.messages += 1;
    if !Dice::of(world.scenario().seed, "message", state.messages).chance(AGAIN) {
        return false;
    }
    let fault = Fault { at: ambient::elapsed(), event, of: RECEIVED_AGAIN.to_owned() };
    state.ledger.faults.push(fault);
    drop(state);
    world.log(event, "FAULT: its message is received again");
    true
}
