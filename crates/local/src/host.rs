//! The host, put together.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use aws_sdk_dynamodb::config::Credentials;
use axum::Router;
use hookstep_ambient::Sources;
use hookstep_contract::limits::RETENTION;
use hookstep_contract::{OrgId, Publish};
use hookstep_deliver::Keyring;
use hookstep_egress::Policy;
use hookstep_executions::AsyncWorkflow;
use hookstep_expression::Sandbox;
use hookstep_secrets::Vault;
use hookstep_store::{Bodies, Claims, Configs, Events, Idempotency, Replays, StoreError, Tokens};
use tokio::task::JoinHandle;

use crate::admin::{self, FirstToken, NewToken};
use crate::bus::Bus;
use crate::engine::Engine;
use crate::functions::Functions;
use crate::journal::{self, Journal};
use crate::keys::{self, KEY_ID};
use crate::machines::{Kind, Machines};
use crate::states::States;
use crate::tables::{self, CONFIGS, EVENTS, TOKENS, Tables};
use crate::transport::{Clients, Others, Services};
use crate::{OpenError, aws, bucket, connections, housekeeping, private};

/// How a host is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// The address under which producers reach this host: presigned upload URLs point there.
    pub public_url: String,
    /// Which receivers may be called.
    pub policy: Policy,
    /// The largest body kept in the state, as serialised JSON, in bytes.
    pub inline_limit: usize,
    /// Whether the bodies of events are kept, to be looked at and sent again.
    pub keep_bodies: bool,
    /// Which events of ours go on the bus.
    pub publish: Publish,
    /// The addresses that receivers see, with commas between them, as the console shows them; empty when nobody knows.
    pub static_ips: String,
    /// Where filters and transforms are evaluated.
    pub sandbox: Sandbox,
    /// Which machine starts async events.
    pub async_workflow: AsyncWorkflow,
    /// The clock and the dice.
    pub sources: Sources,
}

/// The whole product in one process.
#[derive(Debug)]
pub struct Host {
    router: Router,
    engine: Arc<Engine>,
    states: aws_sdk_sfn::Client,
    event_bridge: aws_sdk_eventbridge::Client,
    dispatch: hookstep_dispatch::Context,
    secrets: aws_sdk_secretsmanager::Client,
    keys: aws_sdk_kms::Client,
    tokens: Tokens,
    sources: Sources,
    housekeeping: JoinHandle<()>,
    /// Held so that no second process opens the directory.
    _lock: File,
}

impl Host {
    /// Opens the data directory, creating it the first time, and takes up what an earlier process left.
    ///
    /// # Errors
    /// When the directory cannot be used, or the workflow's definition cannot be loaded.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let dir = &options.data_dir;
        admin::create_data_dir(dir)?;
        let lock = lock(dir)?;
        let machines = Machines::load()?;
        let tables = Tables::open(&dir.join(tables::FILE))?;
        let credentials = upload_credentials(dir, &options.sources)?;
        let bucket = bucket::open(&dir.join("s3"), &credentials)?;
        let states = States::default();
        let keys = keys::Keys::open(dir)?;
        let connections = connections::Connections::new(tables.clone(), keys.clone(), options.sources);
        let machine = match options.async_workflow {
            AsyncWorkflow::Express => Kind::Express,
            AsyncWorkflow::Standard => Kind::Standard,
        };
        let bus = Bus { states: states.clone(), sources: options.sources, machine, dispatch: Arc::default() };
        let aws = aws::endpoint(bus.clone(), aws::aws_credentials(dir, &options.sources)?, options.sources);
        let others =
            Others { bucket: bucket.clone(), states: states.clone(), bus: bus.clone(), connections, keys };
        let services = Services { tables: tables.clone(), others: Some(others) };
        let clients = Clients::new(services, credentials, &options.public_url);
        let journal = Journal::open(&dir.join(journal::FILE))?;
        let dispatch = dispatch_context(&options, &clients);
        let _ = bus.dispatch.set(dispatch.clone());
        let functions = functions(&options, &clients)?;
        let engine = Engine::new(machines, functions, tables, bus, journal, options.sources);
        states.set(Arc::clone(&engine));
        let resumed = engine.resume_all().await;
        if resumed > 0 {
            tracing::info!(executions = resumed, "took up executions of an earlier run");
        }
        Ok(Self {
            router: router(&options, &clients, bucket, aws),
            housekeeping: tokio::spawn(housekeeping::run(Arc::clone(&engine), dir.join("s3"))),
            engine,
            states: clients.states,
            event_bridge: clients.events,
            dispatch,
            secrets: clients.secrets,
            keys: clients.keys,
            tokens: Tokens::new(clients.tables, TOKENS, options.sources),
            sources: options.sources,
            _lock: lock,
        })
    }

    /// The routes of the product.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// A Step Functions client of this host, to read executions back.
    pub fn states(&self) -> &aws_sdk_sfn::Client {
        &self.states
    }

    /// An EventBridge client of this host, to put events on its bus, to make connections and to look at them.
    pub fn event_bridge(&self) -> &aws_sdk_eventbridge::Client {
        &self.event_bridge
    }

    /// What dispatches the events of the bus that name no webhook.
    pub fn dispatch(&self) -> &hookstep_dispatch::Context {
        &self.dispatch
    }

    /// A Secrets Manager client of this host, to read the secrets of connections.
    pub fn secrets(&self) -> &aws_sdk_secretsmanager::Client {
        &self.secrets
    }

    /// A KMS client of this host; its key is [`KEY_ID`].
    pub fn keys(&self) -> &aws_sdk_kms::Client {
        &self.keys
    }

    /// Makes a token and answers it; it cannot be read again.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn create_token(&self, new: NewToken) -> Result<String, StoreError> {
        admin::create(new, &self.tokens, &self.sources).await
    }

    /// Makes sure that there is an admin token of `org_id`: the one that `brought` says, or else a new one when there is
    /// none at all.
    ///
    /// # Errors
    /// When tokens cannot be read or written.
    pub async fn first_token(&self, org_id: OrgId, brought: Option<&str>) -> Result<FirstToken, StoreError> {
        if let Some(secret) = brought {
            admin::keep(NewToken::admin(org_id), secret, &self.tokens, &self.sources).await?;
        } else if !self.tokens.any().await? {
            return self.create_token(NewToken::admin(org_id)).await.map(FirstToken::Created);
        }
        Ok(FirstToken::Known)
    }

    /// Finishes the attempts in flight. What waits for a later attempt goes on at the next start.
    pub async fn stop(&self) {
        self.housekeeping.abort();
        self.engine.stop().await;
    }
}

/// Takes the data directory for this process. The lock goes with the process, however it ends.
fn lock(dir: &std::path::Path) -> Result<File, OpenError> {
    let file = File::create(dir.join("lock")).map_err(OpenError::during("create the lock file"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(OpenError::InUse),
        Err(std::fs::TryLockError::Error(error)) => Err(OpenError::during("lock the data directory")(error)),
    }
}

/// What presigned URLs are signed with: made once, so that a URL outlives a restart.
fn upload_credentials(dir: &std::path::Path, sources: &Sources) -> Result<Credentials, OpenError> {
    let key = private::read_or_make(&dir.join("upload-key"), || hookstep_http_edge::new_token(sources))
        .map_err(OpenError::during("read or write the upload key"))?;
    Ok(Credentials::from_keys("hookstep", key, None))
}

fn functions(options: &Options, clients: &Clients) -> Result<Functions, OpenError> {
    let configs = Configs::new(clients.tables.clone(), CONFIGS);
    let claims = claims(clients);
    let client =
        hookstep_egress::Client::new(options.policy).map_err(OpenError::during("build the HTTP client"))?;
    let (events, secrets, keys) = (clients.events.clone(), clients.secrets.clone(), clients.keys.clone());
    let for_keys = configs.clone();
    let keyring = Keyring::new(
        || for_keys,
        hookstep_secrets::Keys::new(|| keys, KEY_ID),
        Vault::new(|| secrets, hookstep_secrets::Connections::new(|| events)),
        client,
    );
    Ok(Functions {
        fetch_config: hookstep_fetch_config::Context {
            configs: configs.clone(),
            bodies: Bodies::new(clients.tables.clone(), EVENTS),
            keep_bodies: options.keep_bodies,
            retention: RETENTION,
        },
        transform: hookstep_transform::Context {
            configs: configs.clone(),
            bodies: Bodies::new(clients.tables.clone(), EVENTS),
            claims: claims.clone(),
            sandbox: options.sandbox.clone(),
            keep_bodies: options.keep_bodies,
            inline_limit: options.inline_limit,
        },
        hydrate: hookstep_hydrate::Context { claims: claims.clone() },
        deliver: hookstep_deliver::Context { keyring, claims, sources: options.sources },
        update_status: hookstep_update_status::Context {
            events: Events::new(clients.tables.clone(), EVENTS),
            configs,
            publish: options.publish,
            sources: options.sources,
        },
        replay: hookstep_replay::Context {
            events: Events::new(clients.tables.clone(), EVENTS),
            bodies: Bodies::new(clients.tables.clone(), EVENTS),
            replays: Replays::new(clients.tables.clone(), EVENTS),
            machines: machines(options, clients),
            sources: options.sources,
        },
    })
}

fn dispatch_context(options: &Options, clients: &Clients) -> hookstep_dispatch::Context {
    hookstep_dispatch::Context {
        configs: Configs::new(clients.tables.clone(), CONFIGS),
        claims: claims(clients),
        machines: machines(options, clients),
        inline_limit: options.inline_limit,
    }
}

fn router(options: &Options, clients: &Clients, bucket: s3s::service::S3Service, aws: Router) -> Router {
    let (events, keys) = (clients.events.clone(), clients.keys.clone());
    let tokens = Tokens::new(clients.tables.clone(), TOKENS, options.sources);
    let configs = Configs::new(clients.tables.clone(), CONFIGS);
    let console = hookstep_console::router(hookstep_management::Context {
        tokens: tokens.clone(),
        configs: configs.clone(),
        events: Events::new(clients.tables.clone(), EVENTS),
        bodies: Bodies::new(clients.tables.clone(), EVENTS),
        claims: claims(clients),
        replays: Replays::new(clients.tables.clone(), EVENTS),
        keys: hookstep_secrets::Keys::new(|| keys, KEY_ID),
        connections: hookstep_secrets::Connections::new(|| events),
        machines: machines(options, clients),
        static_ips: options.static_ips.clone(),
        publish: options.publish,
        sandbox: options.sandbox.clone(),
        policy: options.policy,
        sources: options.sources,
    });
    let trigger = hookstep_trigger::router(hookstep_trigger::Context {
        tokens,
        configs,
        idempotency: Idempotency::new(clients.tables.clone(), EVENTS),
        claims: claims(clients),
        machines: machines(options, clients),
        sources: options.sources,
        inline_limit: options.inline_limit,
    });
    hookstep_http_edge::with_fallbacks(console.merge(trigger).merge(bucket::presigned(bucket)).merge(aws))
}

fn machines(options: &Options, clients: &Clients) -> hookstep_executions::Machines {
    let client = clients.states.clone();
    hookstep_executions::Machines::new(
        || client,
        Kind::Express.arn(),
        Kind::Standard.arn(),
        options.async_workflow,
    )
}

fn claims(clients: &Clients) -> Claims {
    let client = clients.bucket.clone();
    Claims::new(move || client, bucket::CLAIMS)
}
