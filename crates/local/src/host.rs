//! The host, put together.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use aws_sdk_dynamodb::config::Credentials;
use axum::Router;
use contract::limits::RETENTION;
use contract::{OrgId, Sources};
use egress::Policy;
use store::{Claims, Configs, Events, Idempotency, StoreError, Tokens};
use tokio::task::JoinHandle;
use trigger::{AsyncWorkflow, Workflow};

use crate::admin::{self, FirstToken, NewToken};
use crate::engine::Engine;
use crate::functions::Functions;
use crate::journal::{self, Journal};
use crate::machines::{Kind, Machines};
use crate::states::States;
use crate::tables::{self, CONFIGS, EVENTS, TOKENS, Tables};
use crate::transport::{Clients, Services};
use crate::{OpenError, bucket, housekeeping};

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
        let credentials = upload_credentials(dir)?;
        let bucket = bucket::open(&dir.join("s3"), &credentials)?;
        let states = States::default();
        let services =
            Services { tables: tables.clone(), bucket: Some(bucket.clone()), states: states.clone() };
        let clients = Clients::new(services, credentials, &options.public_url);
        let journal = Journal::open(&dir.join(journal::FILE))?;
        let functions = functions(&options, &clients)?;
        let engine = Engine::new(machines, functions, tables, journal, options.sources);
        states.set(Arc::clone(&engine));
        let resumed = engine.resume_all().await;
        if resumed > 0 {
            tracing::info!(executions = resumed, "took up executions of an earlier run");
        }
        Ok(Self {
            router: router(&options, &clients, bucket),
            housekeeping: tokio::spawn(housekeeping::run(Arc::clone(&engine), dir.join("s3"))),
            engine,
            states: clients.states,
            tokens: Tokens::new(clients.tables, TOKENS),
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
            NewToken::admin(org_id).store(secret, &self.tokens, &self.sources).await?;
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
fn upload_credentials(dir: &std::path::Path) -> Result<Credentials, OpenError> {
    let path = dir.join("upload-key");
    let key = match std::fs::read_to_string(&path) {
        Ok(key) if !key.is_empty() => key,
        _ => {
            let key = admin::new_secret();
            write_private(&path, &key).map_err(OpenError::during("write the upload key"))?;
            key
        }
    };
    Ok(Credentials::from_keys("hookstep", key, None))
}

#[cfg(unix)]
fn write_private(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(not(unix))]
fn write_private(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    std::fs::write(path, text)
}

fn functions(options: &Options, clients: &Clients) -> Result<Functions, OpenError> {
    let configs = Configs::new(clients.tables.clone(), CONFIGS);
    let claims = claims(clients);
    let client = egress::Client::new(options.policy).map_err(OpenError::during("build the HTTP client"))?;
    Ok(Functions {
        fetch_config: fetch_config::Context { configs: configs.clone(), retention: RETENTION },
        hydrate: hydrate::Context { claims: claims.clone() },
        deliver: deliver::Context { client, claims, sources: options.sources },
        update_status: update_status::Context {
            events: Events::new(clients.tables.clone(), EVENTS),
            configs,
            sources: options.sources,
        },
    })
}

fn router(options: &Options, clients: &Clients, bucket: s3s::service::S3Service) -> Router {
    let tokens = Tokens::new(clients.tables.clone(), TOKENS);
    let configs = Configs::new(clients.tables.clone(), CONFIGS);
    let console = console::router(console::Context {
        tokens: tokens.clone(),
        configs: configs.clone(),
        events: Events::new(clients.tables.clone(), EVENTS),
        policy: options.policy,
        sources: options.sources,
    });
    let trigger = trigger::router(trigger::Context {
        tokens,
        configs,
        idempotency: Idempotency::new(clients.tables.clone(), EVENTS),
        claims: claims(clients),
        workflow: Workflow::new(
            clients.states.clone(),
            Kind::Express.arn(),
            Kind::Standard.arn(),
            options.async_workflow,
        ),
        sources: options.sources,
        inline_limit: options.inline_limit,
    });
    api::with_fallbacks(console.merge(trigger).merge(bucket::uploads(bucket)))
}

fn claims(clients: &Clients) -> Claims {
    let client = clients.bucket.clone();
    Claims::new(move || client, bucket::CLAIMS)
}
