//! Makes scenarios from seeds.

use std::ops::Range;

use crate::Dice;
use crate::aws::Platform;
use crate::directed::direct;
use crate::plan::{
    Action, Behaviour, Break, End, Event, How, Jump, Limit, Mode, Operation, Phase, Scenario, TableFault,
    TaskFault, Trouble, Webhook,
};
use crate::states::STATES;

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// When producers and operators stop.
const BUSY: u64 = 2 * DAY;

/// The schedules that webhooks have. The last one is the product's default.
const SCHEDULES: [&[u32]; 6] = [
    &[],
    &[1, 1, 1],
    &[5, 60, 600],
    &[20, 40, 3600],
    &[30, 1800, 86_400],
    &[5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400],
];

impl Scenario {
    /// The scenario of a seed.
    pub fn of(seed: u64) -> Self {
        let mut dice = Dice::of(seed, "scenario", 0);
        let webhooks: Vec<_> = (0..dice.between(1, 4)).map(|number| webhook(seed, number)).collect();
        let events = events(&mut dice, webhooks.len() as u64);
        // Some scenarios are about receivers alone, and some have few faults, so that what happens there is not excused by them.
        let (breaks, faults) = (dice.chance(60), dice.chance(60));
        let mut scenario = Self {
            seed,
            days: 7,
            operations: operations(&mut dice, webhooks.len() as u64, events.len() as u64),
            task_faults: some(&mut dice, faults, 10, task_fault),
            table_faults: some(&mut dice, faults, 2, table_fault),
            breaks: some(&mut dice, breaks, 6, |dice| one_break(dice, &events)),
            jumps: some(&mut dice, breaks, 1, jump),
            troubles: some(&mut dice, breaks, 1, |dice| trouble(dice, &events)),
            sync_micros: *dice.pick(&[2_000, 2_000, 2_000, 20_000, 1_500_000]).unwrap_or(&2_000),
            doubled: *Dice::of(seed, "doubled", 0).pick(&[0, 0, 0, 30]).unwrap_or(&0),
            platform: Platform::Host,
            throttles: Vec::new(),
            plant: None,
            webhooks,
            events,
        };
        // Every other week has a fault where chance seldom brings one.
        if seed.is_multiple_of(2) {
            direct(&mut scenario, seed / 2, MINUTE + dice.below(BUSY));
        }
        scenario
    }

    /// A week in which nothing happens.
    pub fn quiet(seed: u64) -> Self {
        Self {
            seed,
            days: 7,
            webhooks: Vec::new(),
            events: Vec::new(),
            operations: Vec::new(),
            task_faults: Vec::new(),
            table_faults: Vec::new(),
            breaks: Vec::new(),
            jumps: Vec::new(),
            troubles: Vec::new(),
            sync_micros: 2_000,
            doubled: 0,
            platform: Platform::Host,
            throttles: Vec::new(),
            plant: None,
        }
    }

    /// A day with nothing but faults on purpose: those of these turns, in the order of [`pairs`](crate::pairs).
    pub fn of_turns(seed: u64, turns: Range<u64>) -> Self {
        let mut scenario = Self { days: 1, ..Self::quiet(seed) };
        for (place, turn) in (1..).zip(turns) {
            direct(&mut scenario, turn, place * HOUR);
        }
        scenario
    }

    /// How many parts a scenario has.
    pub fn parts(&self) -> usize {
        let phases: usize = self.webhooks.iter().map(|webhook| webhook.phases.len()).sum();
        self.webhooks.len()
            + phases
            + self.events.len()
            + self.operations.len()
            + self.task_faults.len()
            + self.table_faults.len()
            + self.breaks.len()
            + self.jumps.len()
            + self.troubles.len()
            + self.throttles.len()
    }
}

fn some<T>(dice: &mut Dice, wanted: bool, max: u64, make: impl Fn(&mut Dice) -> T) -> Vec<T> {
    let count = if wanted { dice.between(0, max) } else { 0 };
    (0..count).map(|_| make(dice)).collect()
}

fn webhook(seed: u64, number: u64) -> Webhook {
    let mut dice = Dice::of(seed, "webhook", number);
    let limit = match dice.below(100) {
        0..45 => Limit::None,
        45..60 => Limit::InFlight(u32::try_from(dice.between(1, 3)).unwrap_or(1)),
        60..70 => Limit::PerMinute(u32::try_from(dice.between(1, 10)).unwrap_or(1)),
        70..90 => Limit::Ordered { blocks: false },
        _ => Limit::Ordered { blocks: true },
    };
    let schedule = dice.pick(&SCHEDULES).map(|schedule| schedule.to_vec()).unwrap_or_default();
    let timeout = *dice.pick(&[5, 30, 60, 110, 300]).unwrap_or(&30);
    // An attempt in a lane has to fit into an express execution.
    let timeout = if limit == Limit::None { timeout } else { timeout.min(110) };
    let mut phases = Vec::new();
    let mut at = 0;
    for _ in 0..dice.between(0, 4) {
        at += dice.between(0, 12 * HOUR);
        phases.push(Phase { at, behaviour: behaviour(&mut dice) });
        // Most troubles are over after minutes, some after days.
        at += *dice.pick(&[2 * MINUTE, 20 * MINUTE, 3 * HOUR, DAY, 3 * DAY]).unwrap_or(&HOUR);
        phases.push(Phase { at, behaviour: Behaviour::Quick });
    }
    let rules = dice.chance(20);
    let orders = orders(seed, number);
    let number = u32::try_from(number).unwrap_or(0);
    Webhook { number, schedule, timeout, limit, orders, rules, phases }
}

/// Every fifth week has orders by a key. Others stay as they were when their seeds were tried and became regressions.
fn orders(seed: u64, webhook: u64) -> u32 {
    if !seed.is_multiple_of(5) {
        return 1;
    }
    *Dice::of(seed, "orders", webhook).pick(&[1, 2, 3]).unwrap_or(&1)
}

fn behaviour(dice: &mut Dice) -> Behaviour {
    let retry_after = u32::try_from(dice.between(1, 600)).unwrap_or(1);
    let percent = u8::try_from(dice.between(10, 90)).unwrap_or(50);
    match dice.below(12) {
        0 => Behaviour::Slow(dice.between(500, 140_000)),
        1 => Behaviour::Hang,
        2 => Behaviour::Refuse,
        3 => Behaviour::Unreachable,
        4 => Behaviour::Reset,
        5 | 6 => Behaviour::Status(*dice.pick(&[500, 503, 502, 400, 404, 301]).unwrap_or(&500)),
        7 | 8 => Behaviour::Busy(*dice.pick(&[429, 429, 503]).unwrap_or(&429), retry_after),
        9 => Behaviour::BreaksOff,
        10 if dice.chance(30) => Behaviour::Status(410),
        _ => Behaviour::Flap(percent),
    }
}

fn events(dice: &mut Dice, webhooks: u64) -> Vec<Event> {
    let mut events = Vec::new();
    let bursts = dice.between(1, 8);
    for _ in 0..bursts {
        let (begin, webhook) = (dice.below(BUSY), dice.below(webhooks));
        let spread = *dice.pick(&[1, SECOND, MINUTE, HOUR]).unwrap_or(&SECOND);
        for _ in 0..dice.between(1, 8) {
            let mode = match dice.below(14) {
                0 => Mode::Sync,
                1 => Mode::Delayed(u32::try_from(dice.between(1, 86_400)).unwrap_or(1)),
                2 => Mode::Published,
                3 => Mode::Batch,
                4 => Mode::Bus,
                _ => Mode::Async,
            };
            let (at, keyed) = (begin + dice.below(spread), dice.chance(40) && mode != Mode::Bus);
            let repeated = keyed && dice.chance(30);
            events.push((at, u32::try_from(webhook).unwrap_or(0), mode, keyed, repeated));
        }
    }
    events.sort_by_key(|(at, webhook, ..)| (*at, *webhook));
    // The first minute is for the webhooks.
    let numbered = (1..).zip(events);
    numbered
        .map(|(number, (at, webhook, mode, keyed, repeated))| {
            let at = at + MINUTE;
            Event { number, at, webhook, mode, keyed, repeated }
        })
        .collect()
}

fn operations(dice: &mut Dice, webhooks: u64, events: u64) -> Vec<Operation> {
    let mut operations = Vec::new();
    for _ in 0..dice.between(0, 7) {
        let webhook = u32::try_from(dice.below(webhooks)).unwrap_or(0);
        let event = u32::try_from(dice.between(1, events)).unwrap_or(1);
        let at = dice.below(BUSY + DAY);
        let action = match dice.below(16) {
            0..3 => Action::Edit(webhook),
            3..5 => {
                let end = at + *dice.pick(&[MINUTE, HOUR, 12 * HOUR]).unwrap_or(&HOUR);
                operations.push(Operation { at: end, action: Action::Enable(webhook) });
                Action::Disable(webhook)
            }
            5 if dice.chance(40) => Action::Delete(webhook),
            6 => Action::Rotate(webhook),
            7..10 => Action::Cancel(event),
            10..13 => Action::Replay(event),
            _ => Action::ReplayAll(webhook),
        };
        operations.push(Operation { at, action });
    }
    operations.sort_by_key(|operation| operation.at);
    operations
}

fn task_fault(dice: &mut Dice) -> TaskFault {
    let how = match dice.below(8) {
        0 | 1 => How::Throttled,
        2 => How::Failed,
        3 | 4 => How::Lost,
        5 => How::Twice,
        6 if dice.chance(50) => How::Slow(u32::try_from(dice.between(1, 25)).unwrap_or(1)),
        6 => How::Stalled,
        _ => How::StalledAfter,
    };
    TaskFault {
        state: dice.pick(&STATES).copied().unwrap_or_default().to_owned(),
        event: None,
        call: u32::try_from(dice.below(20)).unwrap_or(0),
        times: *dice.pick(&[1, 1, 1, 2, 3, 12]).unwrap_or(&1),
        how,
    }
}

fn table_fault(dice: &mut Dice) -> TableFault {
    TableFault {
        table: (*dice.pick(&["events", "events", "configs", "schedules", "lanes"]).unwrap_or(&"events"))
            .to_owned(),
        call: u32::try_from(dice.below(400)).unwrap_or(0),
        times: *dice.pick(&[1, 1, 2, 10]).unwrap_or(&1),
        lost: dice.chance(50),
    }
}

/// Most ends come while events are delivered, and some at any time.
fn one_break(dice: &mut Dice, events: &[Event]) -> Break {
    let end = match dice.below(5) {
        0 => End::Stop,
        1 | 2 => End::Kill,
        3 => End::PowerCut(100),
        _ => End::PowerCut(u8::try_from(dice.below(101)).unwrap_or(100)),
    };
    let anywhere = dice.below(BUSY + DAY);
    let near = dice.pick(events).filter(|_| dice.clone().chance(80)).map(|event| event.at);
    Break {
        at: near.unwrap_or(anywhere),
        steps: u32::try_from(dice.below(40)).unwrap_or(0),
        end,
        down: *dice.pick(&[2 * SECOND, 30 * SECOND, 10 * MINUTE, 5 * HOUR]).unwrap_or(&SECOND),
    }
}

/// Most troubles come while events are sent.
fn trouble(dice: &mut Dice, events: &[Event]) -> Trouble {
    let at = dice.pick(events).map_or(0, |event| event.at);
    let is_full = dice.chance(60);
    let longest = if is_full { HOUR } else { MINUTE };
    Trouble { at, lasts: dice.between(SECOND, longest), is_full }
}

fn jump(dice: &mut Dice) -> Jump {
    Jump { at: dice.below(BUSY), by: *dice.pick(&[5 * SECOND, 10 * MINUTE, 2 * HOUR]).unwrap_or(&SECOND) }
}
