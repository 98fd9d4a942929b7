//! Assembles the host.

use std::sync::Arc;

use axum::Router;
use hookstep_ambient::Sources;
use hookstep_aws_local::{Bucket, Bus, ConnectionStore, LocalKey, States, TABLES_FILE, Tables, clients};
use hookstep_contract::OrgId;
use hookstep_engine::{Engine, JOURNAL_FILE, Journal, Ports, executions};
use hookstep_management::Readiness;
use hookstep_store::{StoreError, Tokens};
use tokio_util::task::AbortOnDropHandle;

use crate::admin::{self, FirstToken, NewToken};
use crate::directory::Directory;
use crate::executions::EngineExecutions;
use crate::failure_routes::ProductFailureRoutes;
use crate::housekeeping::Housekeeping;
use crate::lock::{Lock, lock};
use crate::machines;
use crate::rules::BusRules;
use crate::services::TaskServices;
use crate::storage::Storage;
use crate::{Clients, OpenError, Options, contexts, routes};

/// The whole product in one process.
#[derive(Debug)]
pub struct Host {
    router: Router,
    engine: Engine,
    clients: Clients,
    tokens: Tokens,
    sources: Sources,
    housekeeping: AbortOnDropHandle<()>,
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
        let (dir, sources) = (&options.data_dir, options.sources);
        let lock = lock(dir)?;
        let directory = Directory::examine(dir, &sources)?;
        let tables = Tables::open(&dir.join(TABLES_FILE))?.behind(options.table_gate.clone());
        let bucket = Bucket::open(dir, &sources)?;
        let key = LocalKey::open(dir)?;
        let connections = ConnectionStore::new(tables.clone(), key.clone(), sources);
        let journal = Journal::open(&dir.join(JOURNAL_FILE))?;
        directory.complete(&tables, &key).await?;
        let (executions, starts) = executions(journal, machines::load()?, sources);
        let states = States::new(EngineExecutions(executions.clone()));

        let tables_client = clients::dynamodb(tables.clone());
        let bucket_client = clients::s3(bucket.clone(), bucket.credentials().clone(), &options.public_url);
        let states_client = clients::step_functions(states);
        let rules = BusRules {
            dispatch: contexts::dispatch(&options, &tables_client, &bucket_client, &states_client),
        };
        let bus = Bus::new(rules, sources);
        let clients = Clients {
            tables: tables_client,
            bucket: bucket_client,
            states: states_client,
            events: clients::event_bridge(bus.clone(), connections.clone()),
            secrets: clients::secrets_manager(connections),
            keys: clients::kms(key),
        };

        let steps = contexts::steps(&options, &clients)?;
        let readiness = Readiness::new(Storage {
            tables: tables.clone(),
            executions: executions.clone(),
            dir: dir.clone(),
        });
        let router = routes::router(&options, &clients, &bucket, bus.clone(), readiness)?;
        let services = TaskServices { tables: tables.clone(), bus };
        let housekeeping = Housekeeping {
            executions: executions.clone(),
            tables,
            objects: bucket.folder().to_owned(),
            sources,
        };
        let ports = Ports {
            functions: Arc::new(steps),
            services: Arc::new(services),
            failure_routes: Arc::new(ProductFailureRoutes),
            faults: options.task_faults.clone(),
        };
        let engine = Engine::start(executions, starts, ports).await?;
        Ok(Self {
            router,
            engine,
            tokens: contexts::tokens(&options, &clients.tables),
            clients,
            sources,
            housekeeping: AbortOnDropHandle::new(tokio::spawn(housekeeping.run())),
            directory,
            _lock: lock,
        })
    }

    /// The product's routes.
    pub fn router(&self) -> Router {
        self.router.clone()
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
        drop(self.housekeeping);
        self.engine.stop().await;
        self.directory.settle();
    }
}

#[cfg(test)]
mod tests;
