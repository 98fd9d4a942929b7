//! Faults at a place that chance seldom comes to: a webhook, an event and what leads it to a state, and there the fault.

use crate::plan::{
    Action, Behaviour, Event, How, Limit, Mode, Operation, Phase, Scenario, TaskFault, Webhook,
};
use crate::states::pairs;

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// What leads an event to a state.
struct Route {
    limit: Limit,
    schedule: &'static [u32],
    timeout: u32,
    /// Whether there is a filter and a transform.
    rules: bool,
    /// How long its receiver refuses it.
    refused: u64,
    /// What else fails on the way.
    faults: &'static [(&'static str, How)],
    action: Option<fn(u32) -> Action>,
}

/// What leads nowhere else than every event goes.
const PLAIN: Route = Route {
    limit: Limit::None,
    schedule: &[5],
    timeout: 30,
    rules: false,
    refused: 0,
    faults: &[],
    action: None,
};

impl Route {
    fn to(state: &str) -> Self {
        match state {
            "Transform" => Self { rules: true, ..PLAIN },
            "RefreshPlan" => Self { refused: 3 * SECOND, ..PLAIN },
            "PublishEvents" => Self { schedule: &[], refused: HOUR, ..PLAIN },
            "JoinLane" | "QueueInLane" | "LeaveLane" => Self { limit: Limit::InFlight(1), ..PLAIN },
            "KeepPlace" => Self { limit: Limit::Ordered { blocks: false }, refused: 3 * SECOND, ..PLAIN },
            "EndEvent" => Self { schedule: &[30], refused: HOUR, action: Some(Action::Disable), ..PLAIN },
            "ScheduleRetry" => Self { schedule: &[600], refused: MINUTE, ..PLAIN },
            "HandOver" => Self { timeout: 300, ..PLAIN },
            "RecordMissed" => Self { faults: &[("Deliver", How::Failed)], ..PLAIN },
            "RecordException" => Self { faults: &[("Deliver", How::Unreadable)], ..PLAIN },
            "KeepEvent" => {
                Self { faults: &[("Deliver", How::Failed), ("RecordMissed", How::Failed)], ..PLAIN }
            }
            _ => PLAIN,
        }
    }
}

/// Adds a webhook, an event and a fault to a scenario, so that it meets the pair of a state and a kind of fault that is its turn.
pub(crate) fn direct(scenario: &mut Scenario, turn: u64, at: u64) {
    let pairs = pairs();
    let place = usize::try_from(turn % pairs.len() as u64).unwrap_or(0);
    let Some((state, kind)) = pairs.get(place) else { return };
    let route = Route::to(state);
    let webhook = scenario.webhooks.iter().map(|webhook| webhook.number + 1).max().unwrap_or(0);
    let event = scenario.events.iter().map(|event| event.number + 1).max().unwrap_or(1);
    let phases = vec![
        Phase { at: at.saturating_sub(MINUTE), behaviour: Behaviour::Status(503) },
        Phase { at: at + route.refused, behaviour: Behaviour::Quick },
    ];
    scenario.webhooks.push(Webhook {
        number: webhook,
        schedule: route.schedule.to_vec(),
        timeout: route.timeout,
        limit: route.limit,
        orders: 1,
        rules: route.rules,
        phases: if route.refused > 0 { phases } else { Vec::new() },
    });
    // An event that is sent again with its key is read by an execution that finds it there.
    let (keyed, repeated) = (true, *state == "ReadEvent");
    scenario.events.push(Event { number: event, at, webhook, mode: Mode::Async, keyed, repeated });
    if let Some(action) = route.action {
        scenario.operations.push(Operation { at: at + 10 * SECOND, action: action(webhook) });
    }
    let fault =
        |state: &str, how| TaskFault { state: state.to_owned(), event: Some(event), call: 0, times: 1, how };
    scenario.task_faults.extend(route.faults.iter().map(|(state, how)| fault(state, *how)));
    scenario.task_faults.push(fault(state, How::of(kind)));
}
