//! Assembles the host.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use futures_util::future::BoxFuture;
use hookstep_ambient::Sources;
use hookstep_aws_local::{Bus, EVENTS, States, clients};
use hookstep_contract::OrgId;
use hookstep_engine::{Engine, Journal, Ports, executions};
use hookstep_executions::ExecutionClient;
use hookstep_management::Readiness;
use hookstep_metrics::Metrics;
use hookstep_storage::{CommitObserver, Priority};
use hookstep_store::{Bodies, Publications, StoreError, Tokens};
use tokio_util::task::AbortOnDropHandle;

use crate::admin::{self, FirstToken, NewToken};
use crate::directory::Directory;
use crate::erasing::HostTraces;
use crate::executions::{EngineExecutions, LocalExecutions, PublicationTables};
use crate::failure_routes::ProductFailureRoutes;
use crate::housekeeping::Housekeeping;
use crate::lanes::{self, Lanes};
use crate::lock::{Lock, lock};
use crate::machines;
use crate::metrics::Reader;
use crate::notifying::Notifier;
use crate::observed::ObservedFunctions;
use crate::rules::BusRules;
use crate::services::TaskServices;
use crate::shares::{ProductShares, Receivers};
use crate::stand_ins::StandIns;
use crate::storage::Readable;
use crate::{
    Clients, OpenError, Options, contexts, directory, erasing, reconciling, routes, storage, traced,
};

/// The whole product in one process.
#[derive(Debug)]
pub struct Host {
    router: Router,
    reader: Reader,
    engine: Engine,
    clients: Clients,
    tokens: Tokens,
    sources: Sources,
    /// What goes on beside the engine until the host stops.
    tasks: [AbortOnDropHandle<()>; 6],
    directory: Directory,
    /// Held so that no second process opens the directory.
    _lock: Lock,
}

impl Host {
    /// Opens the data directory, creating it if necessary, and resumes the work of an earlier process.
    ///
    /// # Errors
    /// If the directory cannot be used, its files do not belong together, its executions cannot be
    /// read, or a state machine's definition cannot be loaded.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let (dir, sources, lock) = (&options.data_dir, options.sources, lock(&options.data_dir)?);
        directory::convert(dir, &sources).await?;
        let directory = Directory::examine(dir, &sources)?;
        let metrics = Metrics::new(options.metrics.by);
        let commits = metrics.clone();
        let observer = CommitObserver(Arc::new(move |writes, took| commits.committed(writes, took)));
        let storage = storage::open(dir, options.durability, Some(observer), options.storage_driver.clone())?;
        let stand_ins = StandIns::open(dir, storage.clone(), &options)?;
        let journal = Journal::new(storage.clone());
        directory.complete(&stand_ins.key)?;
        let (executions, starts) = executions(journal, machines::load()?, sources);
        let states =
            States::new(EngineExecutions { executions: executions.clone(), metrics: metrics.clone() });
        let (clients, bus, notifying) = connect(&options, &stand_ins, &states);
        let StandIns { tables, bucket, schedules, lanes: (lane_queue, sent), lost, .. } = stand_ins;
        let readiness = Readiness::new(Readable { storage: storage.clone(), executions: executions.clone() });
        let endpoint = (bus.clone(), states.clone(), lost.clone());
        let reader = Reader::new(metrics.clone(), (&storage, &executions), (&schedules, &lane_queue), dir);
        let router = routes::router(&options, &clients, &bucket, endpoint, (readiness, &reader, &storage))?;
        let (lanes, repeatable) = (lane_queue.clone(), tables.for_repeatable_steps());
        let services = TaskServices { tables: repeatable, bus, schedules: schedules.clone(), lanes, lost };
        let receivers = Receivers::default();
        let functions = contexts::steps(&options, &clients, receivers.clone())?;
        let ports = Ports {
            functions: traced::functions(ObservedFunctions { functions, metrics }, &options),
            services: Arc::new(services),
            shares: Arc::new(ProductShares(receivers)),
            failure_routes: Arc::new(ProductFailureRoutes),
            faults: options.task_faults.clone(),
            histories: options.histories,
        };
        let objects = bucket.folder().to_owned();
        let housekeeping = Housekeeping { executions: executions.clone(), tables, objects, sources };
        let left = lanes::left(&lane_queue, &executions).await?;
        let traces = Arc::new(HostTraces::new(&executions, &lane_queue, storage));
        let engine = Engine::start(executions, starts, ports).await?;
        let tasks = [
            tokio::spawn(housekeeping.run()),
            tokio::spawn(schedules.run(states.clone())),
            tokio::spawn(
                Lanes::new(lane_queue, states, contexts::lane_tables(&clients.tables), sources)
                    .run(left, sent),
            ),
            tokio::spawn(reconciling::run(contexts::reconcile(&options, &clients))),
            tokio::spawn(erasing::run(contexts::erase(&options, &clients, traces))),
            tokio::spawn(notifying),
        ];
        Ok(Self {
            router,
            reader,
            engine,
            tokens: contexts::tokens(&options, &clients.tables),
            clients,
            sources,
            tasks: tasks.map(AbortOnDropHandle::new),
            directory,
            _lock: lock,
        })
    }

    /// The product's routes.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// `GET /metrics` for everybody, to be served where only those can connect who may read it.
    pub fn metrics_router(&self) -> Router {
        self.reader.clone().open()
    }

    /// Writes the metrics in the text format of Prometheus, and reads files for it. What it returns outlives the host.
    pub fn metrics_text(&self) -> impl Fn() -> Result<String, fmt::Error> + Send + Sync + 'static {
        self.reader.text()
    }

    /// AWS SDK clients of this host's services, for tests and
    /// tools; the product itself does not use this method.
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// Creates a token and returns its secret, which cannot be read again.
    ///
    /// # Errors
    /// If the token cannot be written.
    pub async fn create_token(&self, new: NewToken) -> Result<String, StoreError> {
        admin::create(new, &self.tokens, &self.sources).await
    }

    /// Ensures that the token that the operator provides is one of the platform.
    ///
    /// # Errors
    /// If tokens cannot be read or written.
    pub async fn keep_platform_token(&self, secret: &str) -> Result<(), StoreError> {
        admin::keep(NewToken::platform(), secret, &self.tokens, &self.sources).await
    }

    /// Ensures that `org_id` has an admin token: the one that the
    /// operator provides or, if there are no tokens at all, a new one.
    ///
    /// # Errors
    /// If tokens cannot be read or written.
    pub async fn first_token(&self, org_id: OrgId, provided: Option<&str>) -> Result<FirstToken, StoreError> {
        if let Some(secret) = provided {
            admin::keep(NewToken::admin(org_id), secret, &self.tokens, &self.sources).await?;
        } else if !self.tokens.any().await? {
            return self.create_token(NewToken::admin(org_id)).await.map(FirstToken::Created);
        }
        Ok(FirstToken::Known)
    }

    /// Finishes the attempts in flight. Events that wait for a later attempt are resumed at the next start.
    pub async fn stop(self) {
        drop(self.tasks);
        self.engine.stop().await;
        self.directory.settle();
    }
}

/// The AWS clients of the services, the bus, whose rules need some of them, and what the rules leave to the background.
fn connect(
    options: &Options,
    stand_ins: &StandIns,
    states: &States,
) -> (Clients, Bus, BoxFuture<'static, ()>) {
    let tables = hookstep_tables::Client::new(stand_ins.tables.clone());
    let credentials = stand_ins.bucket.credentials().clone();
    let bucket = clients::s3(stand_ins.bucket.clone(), credentials, &options.public_url);
    let bodies = Bodies::new(tables.clone(), EVENTS);
    let bodies = if options.bodies_in_state { bodies } else { bodies.uncompressed() };
    let are_stored = options.keep_bodies && !options.bodies_in_state;
    let stored = are_stored.then(|| (bodies.clone(), stand_ins.tables.clone()));
    let publications = (!options.bodies_in_state).then(|| PublicationTables {
        publications: Publications::new(tables.clone(), EVENTS),
        bodies: contexts::published_bodies(options, &bodies),
        tables: stand_ins.tables.clone(),
    });
    let executions = |priority| {
        let (bodies, publications) = (stored.clone(), publications.clone());
        ExecutionClient::of(LocalExecutions { states: states.clone(), priority, bodies, publications })
    };
    let (notifier, notifying) = Notifier::new(contexts::notify(options, &tables));
    let dispatch = contexts::dispatch(options, &tables, &bucket, &executions(Priority::New));
    let rules = BusRules { notifier, dispatch };
    let bus = Bus::new(rules, options.sources);
    let connections = stand_ins.connections.clone();
    let clients = Clients {
        tables,
        tables_for_repeatable_steps: hookstep_tables::Client::new(stand_ins.tables.for_repeatable_steps()),
        bodies,
        bucket,
        executions: executions(Priority::Accepted),
        executions_for_new_work: executions(Priority::New),
        states: clients::step_functions(states.clone()),
        events: clients::event_bridge(bus.clone(), connections.clone()),
        schedules: clients::scheduler(stand_ins.schedules.clone()),
        secrets: clients::secrets_manager(connections),
        keys: clients::kms(stand_ins.key.clone()),
    };
    (clients, bus, notifying)
}

#[cfg(test)]
mod tests;
