//! Builds the context of each function and router from this host's clients.

use std::sync::Arc;
use std::time::Duration;

use hookstep_ambient::OnDemand;
use hookstep_aws_local::{BUS_NAME, CLAIMS, CONFIGS, EVENTS, KEY_ID, TOKENS};
use hookstep_bus::Bus;
use hookstep_catalogue::Catalogue;
use hookstep_claims::Claims;
use hookstep_contract::limits::{OVERDUE_AFTER, RETENTION, UNKEPT_PUBLICATION};
use hookstep_deliver::Keyring;
use hookstep_engine::StateMachine;
use hookstep_executions::{DeliveryMachines, ExecutionClient, ReplayMachine, ResumeMachine, TestAuthMachine};
use hookstep_fetch_config::Watch;
use hookstep_management::Readiness;
use hookstep_schedules::RetrySchedules;
use hookstep_secrets::Vault;
use hookstep_store::{
    AuditLog, Bodies, Configs, EventErasures, EventTypes, Events, ExpiringBodies, Idempotency, Lanes,
    Notifications, Orgs, Publications, Replays, Sessions, Tokens, WatchList,
};
use hookstep_update_status::Looks;

use crate::functions::StepFunctions;
use crate::machines::{EXPRESS, REPLAY, RETRY_SCHEDULES, STANDARD, TEST_AUTH};
use crate::shares::Receivers;
use crate::{Clients, OpenError, Options};

/// The state machines' step functions.
pub(crate) fn steps(
    options: &Options,
    clients: &Clients,
    receivers: Receivers,
) -> Result<StepFunctions, OpenError> {
    let configs = configs(&clients.tables);
    let claims = claims(&clients.bucket);
    // Until the attempt is made, an execution that is started again repeats every step.
    let repeatable = Clients { tables: clients.tables_for_repeatable_steps.clone(), ..clients.clone() };
    Ok(StepFunctions {
        fetch_config: hookstep_fetch_config::Context {
            orgs: orgs(options, &clients.tables),
            configs: configs.clone(),
            events: events(&repeatable),
            watch: Watch::new(watch_list(&repeatable), options.sources),
            bodies: bodies(&repeatable),
            expiring: ExpiringBodies::new(repeatable.tables.clone(), EVENTS),
            catalogue: Catalogue::new(event_types(options, &clients.tables)),
            keep_bodies: options.keep_bodies,
            has_delivery_queue: false,
            retention: RETENTION,
        },
        transform: hookstep_transform::Context {
            configs: configs.clone(),
            bodies: bodies(&repeatable),
            claims: claims.clone(),
            sandbox: options.sandbox.clone(),
            keep_bodies: options.keep_bodies,
            inline_limit: options.inline_limit,
        },
        hydrate: hookstep_hydrate::Context { claims: claims.clone() },
        deliver: hookstep_deliver::Context {
            keyring: keyring(options, clients)?,
            bodies: on_demand(bodies(clients)),
            claims,
            sources: options.sources,
        },
        receivers,
        update_status: update_status(options, clients, configs),
        replay: hookstep_replay::Context {
            events: events(clients),
            bodies: bodies(clients),
            replays: replays(clients),
            machines: machines(options, &clients.executions),
            sources: options.sources,
        },
    })
}

fn update_status(options: &Options, clients: &Clients, configs: Configs) -> hookstep_update_status::Context {
    hookstep_update_status::Context {
        events: events(clients),
        watch_list: watch_list(clients),
        bodies: bodies(clients),
        expiring: ExpiringBodies::new(clients.tables.clone(), EVENTS),
        keep_bodies: options.keep_bodies,
        orgs: orgs(options, &clients.tables),
        configs,
        publish: options.publish,
        health_rules: options.health_rules,
        looks: Looks::default(),
        slow_looks: None,
        console_url: Some(options.public_url.clone()),
        sync_budget: options.sync_budget,
        sources: options.sources,
    }
}

/// The source of credentials and signing keys for `deliver`.
fn keyring(options: &Options, clients: &Clients) -> Result<Keyring, OpenError> {
    let client = match &options.network {
        None => hookstep_egress::Client::new(options.policy)
            .map_err(OpenError::during("build the HTTP client"))?,
        Some(network) => hookstep_egress::Client::simulated(options.policy, network.clone()),
    };
    let configs = configs(&clients.tables);
    let secrets = clients.secrets.clone();
    Ok(Keyring::new(|| configs, keys(clients), Vault::new(|| secrets, connections(clients)), client))
}

/// What starts events again that nothing works on any more.
pub(crate) fn reconcile(options: &Options, clients: &Clients) -> hookstep_reconcile::Context {
    hookstep_reconcile::Context {
        configs: configs(&clients.tables),
        events: events(clients),
        bodies: bodies(clients),
        lanes: lanes(clients),
        publications: publications(clients),
        watch_list: watch_list(clients),
        machines: machines(options, &clients.executions),
        machine: ResumeMachine::new(clients.executions.clone(), StateMachine::arn_of(EXPRESS)),
        overdue_after: OVERDUE_AFTER,
        run_limit: hookstep_reconcile::RUN_LIMIT,
        sources: options.sources,
    }
}

/// For how long after the longest attempt an execution may still write: it waits for a minute at most, and knows then that the
/// webhook is gone.
const SETTLE: Duration = Duration::from_secs(120);

/// What erases orgs and events.
pub(crate) fn erase(
    options: &Options,
    clients: &Clients,
    traces: Arc<dyn hookstep_erase::Traces>,
) -> hookstep_erase::Context {
    hookstep_erase::Context {
        bodies: bodies(clients),
        expiring: ExpiringBodies::new(clients.tables.clone(), EVENTS),
        publications: publications(clients),
        lanes: lanes(clients),
        erasures: EventErasures::new(clients.tables.clone(), EVENTS),
        audit_log: AuditLog::new(clients.tables.clone(), EVENTS),
        configs: configs(&clients.tables),
        traces: Some(traces),
        orgs: orgs(options, &clients.tables),
        tokens: tokens(options, &clients.tables),
        events: events(clients),
        claims: claims(&clients.bucket),
        connections: connections(clients),
        schedules: retry_schedules(clients),
        machines: machines(options, &clients.executions),
        settle: SETTLE,
        run_limit: hookstep_erase::RUN_LIMIT,
        sources: options.sources,
    }
}

/// The target of the bus's rule for subscriptions. Its clients are passed
/// separately because the bus, and so the bus's client, is created later.
pub(crate) fn dispatch(
    options: &Options,
    tables: &hookstep_tables::Client,
    bucket: &aws_sdk_s3::Client,
    executions: &ExecutionClient,
) -> hookstep_dispatch::Context {
    hookstep_dispatch::Context {
        configs: configs(tables),
        catalogue: Catalogue::new(event_types(options, tables)),
        claims: claims(bucket),
        machines: machines(options, executions),
        inline_limit: options.inline_limit,
    }
}

/// The target of the bus's rule for events about webhooks, if mails are sent.
pub(crate) fn notify(
    options: &Options,
    tables: &hookstep_tables::Client,
) -> Option<hookstep_notify::Context> {
    Some(hookstep_notify::Context {
        configs: configs(tables),
        notifications: Notifications::new(tables.clone(), EVENTS),
        mailer: options.mailer.clone()?,
        console_url: Some(options.public_url.clone()),
        sources: options.sources,
    })
}

/// The context of the management API and the console.
pub(crate) fn console(
    options: &Options,
    clients: &Clients,
    readiness: Readiness,
) -> hookstep_management::Context {
    let clients = &for_new_work(clients);
    hookstep_management::Context {
        tokens: tokens(options, &clients.tables),
        orgs: orgs(options, &clients.tables),
        sessions: Sessions::new(clients.tables.clone(), TOKENS),
        audit_log: AuditLog::new(clients.tables.clone(), EVENTS),
        configs: configs(&clients.tables),
        event_types: event_types(options, &clients.tables),
        events: events(clients),
        lanes: lanes(clients),
        publications: publications(clients),
        erasures: EventErasures::new(clients.tables.clone(), EVENTS),
        bodies: bodies(clients),
        expiring: ExpiringBodies::new(clients.tables.clone(), EVENTS),
        claims: claims(&clients.bucket),
        replays: replays(clients),
        keys: keys(clients),
        connections: connections(clients),
        machines: machines(options, &clients.executions),
        schedules: retry_schedules(clients),
        replay_machine: ReplayMachine::new(clients.executions.clone(), StateMachine::arn_of(REPLAY)),
        test_auth_machine: TestAuthMachine::new(clients.executions.clone(), StateMachine::arn_of(TEST_AUTH)),
        static_ips: options.static_ips.clone(),
        publish: options.publish,
        bus: bus(clients),
        has_mailer: options.mailer.is_some(),
        console_url: Some(options.public_url.clone()),
        frame_origins: options.frame_origins.clone(),
        sandbox: options.sandbox.clone(),
        policy: options.policy,
        readiness,
        sources: options.sources,
    }
}

/// The context of the trigger API.
pub(crate) fn trigger(options: &Options, clients: &Clients) -> hookstep_trigger::Context {
    let clients = &for_new_work(clients);
    hookstep_trigger::Context {
        tokens: tokens(options, &clients.tables),
        orgs: orgs(options, &clients.tables),
        configs: configs(&clients.tables),
        catalogue: Catalogue::new(event_types(options, &clients.tables)),
        events: events(clients),
        idempotency: Idempotency::new(clients.tables.clone(), EVENTS),
        publications: publications(clients),
        bodies: published_bodies(options, &bodies(clients)),
        watch_list: watch_list(clients),
        claims: claims(&clients.bucket),
        machines: machines(options, &clients.executions),
        sources: options.sources,
        inline_limit: options.inline_limit,
        sync_budget: options.sync_budget,
    }
}

/// Clients for requests from outside: the executions that they begin are refused when there is little room.
fn for_new_work(clients: &Clients) -> Clients {
    Clients { executions: clients.executions_for_new_work.clone(), ..clients.clone() }
}

/// The store of API tokens.
pub(crate) fn tokens(options: &Options, tables: &hookstep_tables::Client) -> Tokens {
    Tokens::new(tables.clone(), TOKENS, options.sources)
}

/// The bus, for events of Hookstep itself.
fn bus(clients: &Clients) -> Bus {
    let client = clients.events.clone();
    Bus::new(|| client, BUS_NAME)
}

/// The store of orgs.
pub(crate) fn orgs(options: &Options, tables: &hookstep_tables::Client) -> Orgs {
    Orgs::new(tables.clone(), CONFIGS, options.sources)
}

/// The store of the catalogues of event types.
fn event_types(options: &Options, tables: &hookstep_tables::Client) -> EventTypes {
    EventTypes::new(tables.clone(), CONFIGS, options.sources)
}

/// The store of webhooks.
pub(crate) fn configs(tables: &hookstep_tables::Client) -> Configs {
    Configs::new(tables.clone(), CONFIGS)
}

/// The stores that lanes look at.
pub(crate) fn lane_tables(tables: &hookstep_tables::Client) -> (Configs, Events) {
    (configs(tables), Events::new(tables.clone(), EVENTS))
}

fn events(clients: &Clients) -> Events {
    Events::new(clients.tables.clone(), EVENTS)
}

/// The same bodies, for those of publications: they are stored even if others are not, as long as their deliveries take.
pub(crate) fn published_bodies(options: &Options, bodies: &Bodies) -> Bodies {
    let retention = if options.keep_bodies { RETENTION } else { UNKEPT_PUBLICATION };
    bodies.clone().kept_for(retention)
}

fn bodies(clients: &Clients) -> Bodies {
    clients.bodies.through(clients.tables.clone())
}

fn publications(clients: &Clients) -> Publications {
    Publications::new(clients.tables.clone(), EVENTS)
}

fn lanes(clients: &Clients) -> Lanes {
    Lanes::new(clients.tables.clone(), EVENTS)
}

fn watch_list(clients: &Clients) -> WatchList {
    WatchList::new(clients.tables.clone(), EVENTS)
}

fn retry_schedules(clients: &Clients) -> RetrySchedules {
    let client = clients.schedules.clone();
    RetrySchedules::new(|| client, RETRY_SCHEDULES)
}

fn on_demand<T: Send + 'static>(made: T) -> OnDemand<T> {
    OnDemand::new(|| made)
}

fn replays(clients: &Clients) -> Replays {
    Replays::new(clients.tables.clone(), EVENTS)
}

fn claims(bucket: &aws_sdk_s3::Client) -> Claims {
    let client = bucket.clone();
    Claims::new(|| client, CLAIMS)
}

fn keys(clients: &Clients) -> hookstep_secrets::Keys {
    let client = clients.keys.clone();
    hookstep_secrets::Keys::new(|| client, KEY_ID)
}

fn connections(clients: &Clients) -> hookstep_secrets::Connections {
    let client = clients.events.clone();
    hookstep_secrets::Connections::new(|| client)
}

fn machines(options: &Options, executions: &ExecutionClient) -> DeliveryMachines {
    let [express, standard] = [EXPRESS, STANDARD].map(StateMachine::arn_of);
    DeliveryMachines::new(executions.clone(), express, standard, options.async_workflow)
}
