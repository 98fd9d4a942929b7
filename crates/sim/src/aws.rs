//! A week on AWS: the host, with what the services of AWS may do by their documentation.
//!
//! | service | what it may do | where |
//! | --- | --- | --- |
//! | DynamoDB | a read that does not ask for consistency sees what was up to a second ago | `past` |
//! | DynamoDB | a partition refuses calls for some seconds | `throttles` |
//! | Scheduler | a schedule starts up to a minute late, and sometimes twice | here and `doubles` |
//! | SQS | a message of a lane, or of the queue of lost events, is received again | `messages` |
//! | Step Functions | an express execution ends after five minutes, and nothing in it notices | here |
//! | Step Functions | an asynchronous express execution is started twice | `doubles` |
//!
//! There is no process that is killed, no disk and no clock that is set: these are AWS's, and what a function that ends means is what
//! the faults of tasks do.

use std::time::Duration;

use hookstep_asl::Json;
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use tokio::time::sleep;

use crate::faults::number_in;
use crate::ledger::Fault;
use crate::plan::Scenario;
use crate::world::World;
use crate::{Dice, ambient, doubles};

/// What plays the services below the product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Platform {
    /// The host alone.
    #[default]
    Host,
    /// The host, with what the services of AWS may do by their documentation (`crate::aws`).
    Aws,
}

/// A partition of a table is throttled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throttle {
    /// From when.
    pub at: u64,
    /// For how many milliseconds.
    pub lasts: u64,
    /// The table.
    pub table: String,
    /// The partition: the keys of a table are spread over [`Throttle::PARTITIONS`] by their hash.
    pub partition: u64,
}

impl Throttle {
    /// How many partitions a table has.
    pub const PARTITIONS: u64 = 4;
}

/// How late a schedule starts at most.
const LATEST: u64 = 60;

/// How long an express execution runs at most.
const EXPRESS: Duration = Duration::from_secs(300);

/// What executions that have run for so long are called among the faults.
pub(crate) const CUT_OFF: &str = "express";

/// For how long a partition is throttled at most, in milliseconds.
const THROTTLED: u64 = 30_000;

impl Scenario {
    /// The scenario of a seed on AWS: what producers, receivers, operators and faults of tasks do is as on the host.
    pub fn on_aws(seed: u64) -> Self {
        let host = Self::of(seed);
        let mut dice = Dice::of(seed, "aws", 0);
        let doubled = *dice.pick(&[0, 5, 30]).unwrap_or(&0);
        let throttles = (0..dice.between(0, 6)).map(|_| throttle(&mut dice, &host)).collect();
        Self {
            platform: Platform::Aws,
            doubled,
            throttles,
            breaks: Vec::new(),
            jumps: Vec::new(),
            troubles: Vec::new(),
            sync_micros: *dice.pick(&[5_000, 20_000, 200_000]).unwrap_or(&5_000),
            ..host
        }
    }
}

/// Most come while events are sent.
fn throttle(dice: &mut Dice, host: &Scenario) -> Throttle {
    let at = dice.pick(&host.events).map_or(0, |event| event.at).saturating_sub(dice.below(2_000));
    Throttle {
        at,
        lasts: dice.between(100, THROTTLED),
        table: (*dice.pick(&["events", "events", "configs"]).unwrap_or(&"events")).to_owned(),
        partition: dice.below(Throttle::PARTITIONS),
    }
}

/// What the platform makes of the call of a task.
pub(crate) fn changed(world: &World, state: &str, event: Option<u32>, arguments: &Json) -> Json {
    if world.scenario().platform != Platform::Aws || state != "ScheduleRetry" {
        return arguments.clone();
    }
    let mut call = arguments.to_value();
    let mut shared = world.state();
    shared.schedules += 1;
    let late = Dice::of(world.scenario().seed, "late", shared.schedules).below(LATEST + 1);
    let Some(later) = doubles::later(&call["ScheduleExpression"], late) else { return arguments.clone() };
    shared.ledger.late_schedules += u64::from(late > 0);
    drop(shared);
    call["ScheduleExpression"] = json!(later);
    world.log(event, format!("Scheduler will start it {late} s late"));
    call.into()
}

/// Returns when an express execution has run for too long.
pub(crate) async fn cut_off(world: &World, input: &Json, since: OffsetDateTime) {
    let ran = (ambient::sources().clock)() - since;
    sleep(EXPRESS.saturating_sub(ran.try_into().unwrap_or_default())).await;
    let event = number_in(&input.to_value());
    world.state().ledger.faults.push(Fault { at: ambient::elapsed(), event, of: CUT_OFF.to_owned() });
    world.log(event, "FAULT: its execution is CUT OFF after five minutes");
}
