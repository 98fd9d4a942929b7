//! Flags and environment.

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, Args, ValueEnum};
use hookstep_contract::Publish;
use hookstep_contract::limits::INLINE_BYTES;
use hookstep_egress::Policy;
use hookstep_executions::AsyncWorkflow;
use hookstep_expression::Sandbox;
use hookstep_host::Options;
use tracing_subscriber::EnvFilter;

/// What every command answers with.
pub(crate) type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// What a command answers with whose exit code tells more.
pub(crate) type Ending = Result<ExitCode, Box<dyn Error + Send + Sync>>;

/// What the flags do not say.
pub(crate) const ENVIRONMENT: &str = "Environment:
  HOOKSTEP_ADMIN_TOKEN  the admin token, instead of a random one that the
                        first start prints; never a flag, for flags show in
                        the process list; at least 20 characters
  HOOKSTEP_TOKEN        the API token of trigger, events, replay and config,
                        likewise never a flag
  RUST_LOG              how much is logged to standard error; by default
                        warn,hookstep=info";

/// How the host is run.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServeArgs {
    /// The address to listen on. Put a TLS proxy in front before it leaves this machine.
    #[arg(long, env = "HOOKSTEP_LISTEN", default_value = "127.0.0.1:4700")]
    pub(crate) listen: SocketAddr,

    /// Where everything is kept: tables, claim checks, executions.
    #[arg(long, env = "HOOKSTEP_DATA_DIR", default_value = ".hookstep")]
    pub(crate) data_dir: PathBuf,

    /// The URL under which producers reach this host, when it is not the listen address: presigned upload URLs point there.
    #[arg(long, env = "HOOKSTEP_PUBLIC_URL")]
    pub(crate) public_url: Option<String>,

    /// Also deliver to http:// URLs, in the clear. For development.
    #[arg(long, env = "HOOKSTEP_ALLOW_HTTP_TARGETS")]
    pub(crate) allow_http_targets: bool,

    /// Also deliver to loopback and private addresses: tenants can then reach this machine's network. For development.
    #[arg(long, env = "HOOKSTEP_ALLOW_PRIVATE_TARGETS")]
    pub(crate) allow_private_targets: bool,

    /// The machine that starts async events: express hands over what takes long, standard records every state as it goes.
    #[arg(long, env = "HOOKSTEP_ASYNC_WORKFLOW", value_enum, default_value = "express")]
    pub(crate) async_workflow: WorkflowName,

    /// The largest body kept in the state machine's data, in bytes as serialised JSON; larger ones go to the claim-check
    /// store.
    #[arg(long, env = "HOOKSTEP_INLINE_LIMIT", default_value_t = INLINE_BYTES, value_parser = inline_limit)]
    pub(crate) inline_limit: usize,

    /// Whether the bodies of events are kept as long as the events, to be looked at and sent again. Claim checks are kept in
    /// any case.
    #[arg(long, env = "HOOKSTEP_KEEP_BODIES", default_value_t = true, action = ArgAction::Set)]
    pub(crate) keep_bodies: bool,

    /// Which events of ours go on the bus, where webhooks can subscribe to them: deliveries that failed and webhooks that
    /// were disabled, all with every success, or none.
    #[arg(long, env = "HOOKSTEP_PUBLISH_EVENTS", value_enum, default_value = "failures")]
    pub(crate) publish_events: PublishName,

    /// The addresses that receivers see this machine call from, with commas between them: the console shows them to those
    /// who open a firewall.
    #[arg(long, env = "HOOKSTEP_STATIC_IPS", default_value = "", hide_default_value = true)]
    pub(crate) static_ips: String,
}

/// A machine, as the flag names it.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum WorkflowName {
    Express,
    Standard,
}

/// Which events of ours, as the flag names them.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PublishName {
    All,
    Failures,
    None,
}

fn inline_limit(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(limit) if limit <= INLINE_BYTES => Ok(limit),
        _ => Err(format!("must be 0 to {INLINE_BYTES}: a state holds at most 256 KiB")),
    }
}

impl ServeArgs {
    /// The host's options; `address` is where it really listens.
    ///
    /// # Errors
    /// When this program cannot be found, which is also what evaluates expressions.
    pub(crate) fn options(&self, address: SocketAddr) -> std::io::Result<Options> {
        Ok(Options {
            data_dir: self.data_dir.clone(),
            public_url: self.public_url.clone().unwrap_or_else(|| format!("http://{address}")),
            policy: Policy {
                allow_http_targets: self.allow_http_targets,
                allow_private_targets: self.allow_private_targets,
            },
            inline_limit: self.inline_limit,
            keep_bodies: self.keep_bodies,
            static_ips: self.static_ips.clone(),
            publish: match self.publish_events {
                PublishName::All => Publish::All,
                PublishName::Failures => Publish::Failures,
                PublishName::None => Publish::Nothing,
            },
            async_workflow: match self.async_workflow {
                WorkflowName::Express => AsyncWorkflow::Express,
                WorkflowName::Standard => AsyncWorkflow::Standard,
            },
            sandbox: Sandbox::of_this_program()?,
            sources: hookstep_ambient::Sources::system(),
        })
    }
}

/// The admin token that the operator brought in `HOOKSTEP_ADMIN_TOKEN`.
pub(crate) fn admin_token() -> Result<Option<String>, Box<dyn Error + Send + Sync>> {
    match hookstep_ambient::env::required("HOOKSTEP_ADMIN_TOKEN") {
        Ok(token) if token.len() < 20 => Err("HOOKSTEP_ADMIN_TOKEN must have at least 20 characters".into()),
        Ok(token) => Ok(Some(token)),
        Err(_) => Ok(None),
    }
}

/// Logs to standard error; `RUST_LOG` says how much.
pub(crate) fn init_tracing() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,hookstep=info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

/// Prints an error with its causes.
#[expect(clippy::print_stderr, reason = "this is a program's last word")]
pub(crate) fn say_error(error: &(dyn Error + 'static)) {
    eprintln!("hookstep: {}", hookstep_contract::error_chain(error));
}
