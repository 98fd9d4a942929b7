//! Flags and environment.

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, ValueEnum, value_parser};
use hookstep_contract::limits::{DISABLE_AFTER_DAYS, INLINE_BYTES, SYNC_BUDGET};
use hookstep_contract::{FrameOrigins, HealthRules, MachineKind, Publish};
use hookstep_egress::Policy;
use hookstep_expression::Sandbox;
use hookstep_host::{Durability, Histories, Options};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, fmt};

use crate::serve::{LimitArgs, MailArgs, MetricsArgs};

/// Any error of a command.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// The result of a command that either succeeds or fails.
pub(crate) type CommandResult = Result<(), BoxError>;

/// The result of a command whose exit code tells more.
pub(crate) type ExitResult = Result<ExitCode, BoxError>;

/// The environment variables that are not flags.
pub(crate) const ENVIRONMENT: &str = "Environment:
  HOOKSTEP_ADMIN_TOKEN  the admin token, at least 20 characters; without it,
                        the first start makes a random one and prints it.
                        There is no flag for it, because flags show in the
                        process list
  HOOKSTEP_METRICS_TOKEN  the token for GET /metrics at the address of the host,
                        at least 20 characters; without it, 404. There is no
                        flag for it either
  HOOKSTEP_PLATFORM_TOKEN  a token of the platform, at least 20 characters, that
                        may create orgs; with it and without
                        HOOKSTEP_ADMIN_TOKEN the first start makes no admin
                        token
  HOOKSTEP_TOKEN        the API token for trigger, events, replay and config;
                        there is no flag for it either
  OTEL_EXPORTER_OTLP_ENDPOINT  the OpenTelemetry collector to which traces and
                        metrics are sent, by HTTP; nothing is sent without it
  RUST_LOG              the log levels, for standard error; by default
                        warn,hookstep=info";

/// How to run the host.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServeArgs {
    /// The address to listen on. Put a TLS proxy in front of it before other machines can reach it.
    #[arg(long, env = "HOOKSTEP_LISTEN", default_value = "127.0.0.1:4700")]
    pub(crate) listen: SocketAddr,

    /// The data directory: tables, claim checks, executions.
    #[arg(long, env = "HOOKSTEP_DATA_DIR", default_value = ".hookstep")]
    pub(crate) data_dir: PathBuf,

    /// The URL under which producers reach this host, if it is not the listen address. Presigned upload URLs begin with it.
    #[arg(long, env = "HOOKSTEP_PUBLIC_URL")]
    pub(crate) public_url: Option<String>,

    /// Also deliver to http:// URLs, unencrypted. For development.
    #[arg(long, env = "HOOKSTEP_ALLOW_HTTP_TARGETS")]
    pub(crate) allow_http_targets: bool,

    /// Also deliver to loopback and private addresses, so that tenants can reach this machine's network. For development.
    #[arg(long, env = "HOOKSTEP_ALLOW_PRIVATE_TARGETS")]
    pub(crate) allow_private_targets: bool,

    /// The state machine that runs async events: express hands long deliveries over to standard; standard records every state.
    #[arg(long, env = "HOOKSTEP_ASYNC_WORKFLOW", value_parser = machine_kind(), default_value = "express")]
    pub(crate) async_workflow: MachineKind,

    /// Of which executions to keep the history, for `hookstep history`: failed (and of the standard machine's), or full (of all,
    /// which costs CPU and disk at every delivery: some 14 KB and, if bodies are not kept, four times the event's body).
    #[arg(long, env = "HOOKSTEP_HISTORY", value_enum, default_value = "failed")]
    pub(crate) history: HistoryName,

    /// The largest body that is stored in the database or, if bodies are not kept, passed from state to state, in bytes as
    /// serialised JSON. Larger ones go to the claim-check store.
    #[arg(long, env = "HOOKSTEP_INLINE_LIMIT", default_value_t = INLINE_BYTES, value_parser = inline_limit)]
    pub(crate) inline_limit: usize,

    /// Whether to keep the bodies of events as long as the events, so that they can be read and sent again. Claim checks are
    /// always kept.
    #[arg(long, env = "HOOKSTEP_KEEP_BODIES", default_value_t = true, action = ArgAction::Set)]
    pub(crate) keep_bodies: bool,

    /// Which events of Hookstep's own to publish on the bus, where webhooks can subscribe to them: failures (a delivery failed, a
    /// webhook was disabled, and entries of the audit log), all (also every success), or none.
    #[arg(long, env = "HOOKSTEP_PUBLISH_EVENTS", value_enum, default_value = "failures")]
    pub(crate) publish_events: PublishName,

    /// After how many days without a success a webhook is disabled while attempts fail; 0 for never.
    #[arg(long, env = "HOOKSTEP_DISABLE_AFTER_DAYS", default_value_t = DISABLE_AFTER_DAYS, value_parser = value_parser!(u16).range(..=365))]
    pub(crate) disable_after_days: u16,

    /// When an event is accepted: once it is on the disk, or once the operating system has it. With process, a power cut or a
    /// crash of the machine loses the events of the last seconds although their producers were told that they were accepted.
    #[arg(long, env = "HOOKSTEP_DURABILITY", value_enum, default_value = "disk")]
    pub(crate) durability: DurabilityName,

    /// The addresses from which this machine calls receivers, separated by commas. The console shows them to those who have to
    /// open a firewall.
    #[arg(long, env = "HOOKSTEP_STATIC_IPS", default_value = "", hide_default_value = true)]
    pub(crate) static_ips: String,

    /// Whose pages may show the portal in a frame: origins with their scheme, separated by commas. Without any, it can be opened in
    /// a tab alone.
    #[arg(long, env = "HOOKSTEP_FRAME_ORIGINS", default_value = "", hide_default_value = true)]
    pub(crate) frame_origins: FrameOrigins,

    #[command(flatten)]
    pub(crate) mail: MailArgs,

    #[command(flatten)]
    pub(crate) metrics: MetricsArgs,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// Which events to publish, as the flag names them.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PublishName {
    All,
    Failures,
    None,
}

/// When an event is accepted, as the flag names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DurabilityName {
    Disk,
    Process,
}

/// Of which executions to keep the history, as the flag names them.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum HistoryName {
    Failed,
    Full,
}

fn machine_kind() -> impl TypedValueParser<Value = MachineKind> {
    PossibleValuesParser::new(MachineKind::ALL.map(MachineKind::as_str))
        .try_map(|text| text.parse::<MachineKind>())
}

fn inline_limit(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(limit) if limit <= INLINE_BYTES => Ok(limit),
        _ => Err(format!("must be 0 to {INLINE_BYTES}: a state holds at most 256 KiB")),
    }
}

impl ServeArgs {
    /// The host's options; `address` is the address that it listens on.
    ///
    /// # Errors
    /// If this program cannot find its own file, which it starts to evaluate expressions, a token is too short, or the settings
    /// for mails cannot be used.
    pub(crate) fn options(&self, address: SocketAddr) -> Result<Options, BoxError> {
        Ok(Options {
            data_dir: self.data_dir.clone(),
            public_url: self.public_url.clone().unwrap_or_else(|| format!("http://{address}")),
            policy: Policy {
                allow_http_targets: self.allow_http_targets,
                allow_private_targets: self.allow_private_targets,
            },
            inline_limit: self.inline_limit,
            sync_budget: SYNC_BUDGET,
            keep_bodies: self.keep_bodies,
            frame_origins: self.frame_origins.clone(),
            static_ips: self.static_ips.clone(),
            publish: match self.publish_events {
                PublishName::All => Publish::All,
                PublishName::Failures => Publish::Failures,
                PublishName::None => Publish::Nothing,
            },
            health_rules: HealthRules::with_days(self.disable_after_days),
            mailer: self.mail.mailer()?,
            async_workflow: self.async_workflow,
            durability: match self.durability {
                DurabilityName::Disk => Durability::Disk,
                DurabilityName::Process => Durability::Process,
            },
            histories: match self.history {
                HistoryName::Failed => Histories::Failed,
                HistoryName::Full => Histories::Full,
            },
            table_gate: None,
            task_faults: None,
            network: None,
            storage_driver: None,
            bodies_in_state: false,
            spans: None,
            metrics: self.metrics.options(secret("HOOKSTEP_METRICS_TOKEN")?.as_deref()),
            sandbox: Sandbox::of_this_program()?,
            sources: hookstep_ambient::Sources::system(),
        })
    }
}

/// The admin token that the operator set in `HOOKSTEP_ADMIN_TOKEN`.
pub(crate) fn admin_token() -> Result<Option<String>, BoxError> {
    secret("HOOKSTEP_ADMIN_TOKEN")
}

/// The token of the platform that the operator set in `HOOKSTEP_PLATFORM_TOKEN`.
pub(crate) fn platform_token() -> Result<Option<String>, BoxError> {
    let token = secret("HOOKSTEP_PLATFORM_TOKEN")?;
    if token.is_some() && token == admin_token()? {
        return Err("HOOKSTEP_PLATFORM_TOKEN must be another token than HOOKSTEP_ADMIN_TOKEN".into());
    }
    Ok(token)
}

/// A token that the operator set in this environment variable.
fn secret(name: &'static str) -> Result<Option<String>, BoxError> {
    match hookstep_ambient::env::optional(name) {
        Some(token) if token.len() < 20 => Err(format!("{name} must have at least 20 characters").into()),
        token => Ok(token),
    }
}

/// Leaves every file that this process creates to its user alone, whatever the shell's umask is: tables, journals and their
/// write-ahead logs, claim checks, temporary files.
pub(crate) fn keep_new_files_private() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

/// Logs to standard error, at the levels that `RUST_LOG` sets, as far as they show no secret.
pub(crate) fn init_tracing() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,hookstep=info"));
    tracing_subscriber::registry()
        .with(filter)
        .with(filter_fn(hookstep_ambient::may_log))
        .with(fmt::layer().with_writer(std::io::stderr))
        .init();
}

/// Prints an error with its causes.
#[expect(clippy::print_stderr, reason = "this ends the program")]
pub(crate) fn print_error(error: &(dyn Error + 'static)) {
    eprintln!("hookstep: {}", hookstep_contract::error_chain(error));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Serve {
        #[command(flatten)]
        args: ServeArgs,
    }

    #[test]
    fn a_producer_waits_27_seconds_and_nothing_makes_it_longer() {
        let serve = Serve::try_parse_from(["serve"]).unwrap();
        let options = serve.args.options(([127, 0, 0, 1], 4700).into()).unwrap();
        assert_eq!(options.sync_budget, Duration::from_secs(27));
        // API Gateway gives up after 30 s.
        assert!(options.sync_budget < Duration::from_secs(30));
    }
}
