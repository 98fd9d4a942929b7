//! One life of the host: from the start of its process to its end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hookstep_contract::limits::{INLINE_BYTES, SYNC_BUDGET};
use hookstep_contract::{HealthRules, MachineKind, Publish};
use hookstep_egress::Policy;
use hookstep_expression::Sandbox;
use hookstep_host::{Durability, Histories, Host, MetricsOptions, NewToken, Options};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::api::Api;
use crate::aws::Platform;
use crate::check::Violation;
use crate::disk::SimulatedDisk;
use crate::faults::{PlannedFaults, SIMULATED};
use crate::plan::{End, Limit, Webhook};
use crate::receivers::{SimulatedNetwork, url};
use crate::rest::{CALM, Rest};
use crate::world::World;
use crate::{ambient, doubles, observe, operator, producer};

/// The org of all webhooks.
pub(crate) const ORG: &str = "acme";

/// For how many milliseconds there is no host after one did not start.
const TRY_AGAIN: u64 = 2000;

/// How a life ended.
pub(crate) enum Exit {
    /// The week is over, and everything was looked at.
    Over,
    /// The process ended, and goes on in this directory.
    Again(PathBuf),
    /// The host could not go on.
    Broken(String),
}

/// Runs a host on the data in `dir` until its process ends, or the week.
pub(crate) fn live(world: &World, dir: &Path) -> Exit {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    match runtime {
        Ok(runtime) => runtime.block_on(lived(world, dir)),
        Err(error) => Exit::Broken(format!("there is no runtime: {error}")),
    }
}

async fn lived(world: &World, dir: &Path) -> Exit {
    ambient::begin_life();
    world.revive();
    dir.clone_into(&mut world.state().disk.dir);
    let (exit, pause) = match Host::open(options(world, dir)).await {
        Ok(host) => until_its_end(world, host, dir).await,
        Err(error) => not_started(world, dir, &format!("{error:?}")),
    };
    ambient::end_life(Duration::from_millis(pause));
    exit
}

/// What comes of a host that does not start: whoever supervises it tries again, if it was a fault that is over.
fn not_started(world: &World, dir: &Path, error: &str) -> (Exit, u64) {
    world.log(None, format!("the host does not start: {error}"));
    if error.contains(SIMULATED) {
        return (Exit::Again(dir.to_owned()), TRY_AGAIN);
    }
    (Exit::Broken(format!("the host does not start: {error}")), 0)
}

/// Returns how the life ended, and for how many milliseconds there is no host.
async fn until_its_end(world: &World, host: Host, dir: &Path) -> (Exit, u64) {
    world.state().ledger.host_begins(ambient::elapsed());
    world.log(None, "the host is there");
    let ended = tokio::select! {
        biased;
        ended = world.ended() => Some(ended),
        () = script(world, &host) => None,
    };
    let Some((how, left)) = ended else { return (Exit::Over, 0) };
    let exit = match (how.end, left) {
        (End::Stop, _) => {
            host.stop().await;
            Exit::Again(dir.to_owned())
        }
        (_, Some(left)) => Exit::Again(left),
        (_, None) => Exit::Broken("the files of the host could not be copied".to_owned()),
    };
    (exit, how.down)
}

fn options(world: &World, dir: &Path) -> Options {
    let faults = Arc::new(PlannedFaults(world.clone()));
    Options {
        data_dir: dir.to_owned(),
        public_url: "https://hookstep.example.com".to_owned(),
        policy: Policy::default(),
        inline_limit: INLINE_BYTES,
        sync_budget: SYNC_BUDGET,
        keep_bodies: true,
        publish: Publish::Failures,
        health_rules: HealthRules::default(),
        mailer: None,
        frame_origins: hookstep_contract::FrameOrigins::default(),
        static_ips: String::new(),
        sandbox: Sandbox::on_this_thread(ambient::sources().random),
        async_workflow: MachineKind::Express,
        durability: Durability::Disk,
        histories: Histories::Failed,
        bodies_in_state: world.scenario().platform == Platform::Aws,
        metrics: MetricsOptions::default(),
        spans: None,
        sources: ambient::sources(),
        table_gate: Some(faults.clone()),
        task_faults: Some(faults),
        network: Some(Arc::new(SimulatedNetwork(world.clone()))),
        storage_driver: Some(Arc::new(SimulatedDisk(world.clone()))),
    }
}

/// Does everything of the scenario that was not done in an earlier life.
async fn script(world: &World, host: &Host) {
    let Some(api) = set_up(world, host).await else { return };
    let mut tasks = JoinSet::new();
    for event in &world.scenario().events {
        tasks.spawn(producer::produce(world.clone(), api.clone(), event.clone()));
    }
    for (number, operation) in world.scenario().operations.iter().enumerate() {
        tasks.spawn(operator::operate(world.clone(), api.clone(), number, operation.clone()));
    }
    tasks.spawn(doubles::run(world.clone(), host.clients().states.clone()));
    tasks.spawn(jumps(world.clone()));
    tasks.spawn(breaks(world.clone()));
    let end = Duration::from_secs(world.scenario().days * 86_400);
    // A person comes when the schedules are over.
    let visit = end * 4 / 7;
    let mut rest = Rest::default();
    while ambient::elapsed() < end {
        sleep(CALM.min(end.saturating_sub(ambient::elapsed()))).await;
        operator::redrive(world, host).await;
        if ambient::elapsed() > visit {
            operator::unblock(world, &api).await;
        }
        let until = if ambient::elapsed() < visit { visit } else { end };
        rest.leap(world, host, &api, until).await;
    }
    let observed = observe::observe(world, &api, host).await;
    world.state().observed = Some(observed);
}

/// Makes the token and the webhooks, unless they are there.
async fn set_up(world: &World, host: &Host) -> Option<Api> {
    if world.state().ledger.token.is_empty() {
        let token = host.create_token(NewToken::admin(ORG.parse().ok()?)).await.ok()?;
        world.state().ledger.token = token;
    }
    let (token, bus) = (world.state().ledger.token.clone(), host.clients().events.clone());
    let api = Api { router: host.router(), bus, token };
    for webhook in &world.scenario().webhooks {
        if world.state().ledger.webhooks.contains_key(&webhook.number) {
            continue;
        }
        let made = api.post("/webhook", &fields(webhook)).await;
        let id = made.text("config_id").unwrap_or_default().to_owned();
        world.log(None, format!("webhook {} is made: {}", webhook.number, made.status));
        if made.status == 400 {
            let detail = format!("webhook {}: {}", webhook.number, made.body);
            world.state().found.push(Violation::of_all("a webhook that is none", detail));
        }
        operator::knows_secret(world, webhook.number, &made);
        world.state().ledger.webhooks.insert(webhook.number, id);
    }
    world.state().is_set_up = true;
    Some(api)
}

fn fields(webhook: &Webhook) -> Value {
    let mut fields = json!({
        "name": format!("webhook {}", webhook.number),
        "url": url(webhook.number),
        "event_types": [producer::event_type(webhook.number)],
        "timeout_seconds": webhook.timeout,
        "retry": {"schedule_seconds": webhook.schedule},
    });
    if webhook.rules {
        fields["filter"] = json!({"jsonata": "event % 3 != 0"});
        fields["transform"] = json!({"jsonata": "{'event': event, 'made': true}"});
    }
    match webhook.limit {
        Limit::None => {}
        Limit::InFlight(count) => fields["max_in_flight"] = json!(count),
        Limit::PerMinute(count) => fields["rate_limit"] = json!({"events": count, "per": "minute"}),
        Limit::Ordered { blocks } => {
            fields["ordering"] = json!({"on_failure": if blocks { "block" } else { "continue" }});
            if webhook.orders > 1 {
                fields["ordering"]["key"] = json!(format!("event % {}", webhook.orders));
            }
        }
    }
    fields
}

async fn jumps(world: World) {
    let mut jumps = world.scenario().jumps.clone();
    jumps.sort_by_key(|jump| jump.at);
    for jump in jumps {
        let at = Duration::from_millis(jump.at);
        // One that came while the host was down was made by then.
        sleep(at.saturating_sub(ambient::elapsed())).await;
        let by = Duration::from_millis(jump.by);
        let mut state = world.state();
        if state.ledger.jumps.iter().any(|(_, known)| *known == by) {
            continue;
        }
        state.ledger.jumps.push((ambient::elapsed(), by));
        drop(state);
        ambient::jump(by);
        world.log(None, format!("the clock is set forward by {} s", by.as_secs()));
    }
}

/// Arms the breaks, one after the other.
async fn breaks(world: World) {
    let mut breaks: Vec<_> = world.scenario().breaks.iter().enumerate().collect();
    breaks.sort_by_key(|(_, coming)| coming.at);
    for (number, coming) in breaks {
        if world.state().armed_breaks.contains(&number) {
            continue;
        }
        sleep(Duration::from_millis(coming.at).saturating_sub(ambient::elapsed())).await;
        world.state().armed_breaks.insert(number);
        world.arm(coming.clone());
    }
}
