//! Measures how long the host takes to return a page of a webhook with many events: the time from the request
//! to the complete response, in one process, without a socket.
//!
//! One event is really delivered, and its item is repeated, so a page has the size of a page of delivered
//! events.

#![expect(clippy::print_stdout, reason = "the table is the output")]

mod across;
mod events;
mod orgs;

use std::path::Path;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use clap::Parser;
use hookstep_contract::{HealthRules, MachineKind, Publish};
use hookstep_egress::Policy;
use hookstep_expression::Sandbox;
use hookstep_host::{Histories, Host, NewToken, Options};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

/// The org of the benchmark.
const ORG: &str = "bench";

/// Measures pages on this machine.
#[derive(Debug, Parser)]
struct Args {
    /// How many events the webhook has.
    #[arg(long, default_value_t = 10_000)]
    events: u32,

    /// Measures the list of so many orgs instead.
    #[arg(long)]
    orgs: Option<u32>,

    /// How many webhooks each of these orgs has.
    #[arg(long, default_value_t = 10)]
    webhooks: u32,

    /// Measures the search over an org with so many webhooks instead, which share the events.
    #[arg(long, conflicts_with = "orgs")]
    across: Option<u32>,

    /// How many times each page is requested.
    #[arg(long, default_value_t = 50)]
    times: usize,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let args = Args::parse();
    let dir = tempfile::tempdir()?;
    let options = options(dir.path());
    if let Some(orgs) = args.orgs {
        return measure_orgs(options, orgs, &args).await;
    }
    let host = Host::open(options.clone()).await?;
    let token = host.create_token(NewToken::admin(ORG.parse()?)).await?;
    let webhooks =
        across::make(&Asker { host: &host, token: &token, org_id: None }, args.across.unwrap_or(0)).await?;
    let config_id = events::deliver_one(&Asker { host: &host, token: &token, org_id: None }).await?;
    host.stop().await;
    if args.across.is_some() {
        across::spread(dir.path(), &webhooks, args.events).await?;
        return measure_across(options, &token, &args).await;
    }
    let bytes = events::repeat(dir.path(), args.events).await?;

    let host = Host::open(options).await?;
    let asker = Asker { host: &host, token: &token, org_id: None };
    println!("{} events of {bytes} B, {} times each\n", args.events, args.times);
    println!("| | p50 ms | p99 ms | worst ms |");
    println!("| --- | ---: | ---: | ---: |");
    let path = format!("/webhook/{config_id}/events");
    let middle = asker.cursor_after(&path, args.events / 2).await?;
    for (name, query) in [
        ("the first 100", "?limit=100".to_owned()),
        ("100 from the middle", format!("?limit=100&cursor={middle}")),
        ("the first 50", String::new()),
        ("100 that failed, of which there are none", "?limit=100&status=failed".to_owned()),
        ("100 of a correlation id", format!("?limit=100&correlation_id={}", events::CORRELATION_ID)),
    ] {
        row(name, &asker.times(&format!("{path}{query}"), args.times).await?);
    }
    let path = format!("/webhook/{config_id}/stats");
    let first = asker.times(&path, 1).await?;
    let second = asker.times(&path, args.times).await?;
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    println!(
        "\nstats of 24 hours: {:.1} ms the first time, {:.1} ms then",
        ms(first[0]),
        ms(second[args.times / 2])
    );
    host.stop().await;
    Ok(())
}

/// Measures the list of a platform's orgs.
async fn measure_orgs(options: Options, orgs: u32, args: &Args) -> Outcome<()> {
    let host = Host::open(options).await?;
    let token = host.create_token(NewToken::platform()).await?;
    let platform = Asker { host: &host, token: &token, org_id: None };
    orgs::make(&platform, orgs, args.webhooks).await?;
    println!("{orgs} orgs with {} webhooks each, {} times each\n", args.webhooks, args.times);
    println!("| | p50 ms | p99 ms | worst ms |");
    println!("| --- | ---: | ---: | ---: |");
    for (name, path) in orgs::PAGES {
        row(name, &platform.times(path, args.times).await?);
    }
    host.stop().await;
    Ok(())
}

/// Measures the search over the webhooks of an org.
async fn measure_across(options: Options, token: &str, args: &Args) -> Outcome<()> {
    let host = Host::open(options).await?;
    let asker = Asker { host: &host, token, org_id: None };
    let webhooks = args.across.unwrap_or_default();
    println!("{webhooks} webhooks with {} events together, {} times each\n", args.events, args.times);
    println!("| | p50 ms | p99 ms | worst ms |");
    println!("| --- | ---: | ---: | ---: |");
    for (name, path) in across::PAGES {
        row(name, &asker.times(path, args.times).await?);
    }
    host.stop().await;
    Ok(())
}

fn row(name: &str, times: &[Duration]) {
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    println!("| {name} | {:.1} | {:.1} | {:.1} |", at(50), at(99), at(100));
}

/// The options of a host as in production, without anything that the benchmark does not need.
fn options(dir: &Path) -> Options {
    Options {
        data_dir: dir.to_owned(),
        public_url: "http://localhost".to_owned(),
        policy: Policy { allow_http_targets: true, allow_private_targets: true },
        inline_limit: hookstep_contract::limits::INLINE_BYTES,
        sync_budget: hookstep_contract::limits::SYNC_BUDGET,
        keep_bodies: true,
        frame_origins: hookstep_contract::FrameOrigins::default(),
        static_ips: String::new(),
        publish: Publish::Nothing,
        health_rules: HealthRules::default(),
        mailer: None,
        // No webhook in this benchmark has an expression.
        sandbox: Sandbox::new(""),
        async_workflow: MachineKind::Express,
        histories: Histories::Failed,
        table_gate: None,
        durability: hookstep_host::Durability::Disk,
        task_faults: None,
        network: None,
        storage_driver: None,
        metrics: hookstep_host::MetricsOptions::default(),
        bodies_in_state: false,
        spans: None,
        sources: hookstep_ambient::Sources::system(),
    }
}

/// An API client with a token.
#[derive(Clone, Copy)]
struct Asker<'a> {
    host: &'a Host,
    token: &'a str,
    /// The org that a platform's request is about.
    org_id: Option<&'a str>,
}

impl Asker<'_> {
    async fn ask(&self, method: &str, path: &str, body: String) -> Outcome<Value> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        if let Some(org_id) = self.org_id {
            request = request.header("X-Org-Id", org_id);
        }
        let request = request.body(Body::from(body))?;
        let response = self.host.router().oneshot(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        match status {
            StatusCode::OK | StatusCode::CREATED => Ok(serde_json::from_slice(&body)?),
            _ => Err(format!("{method} {path}: {status} {}", String::from_utf8_lossy(&body)).into()),
        }
    }

    /// The cursor of the page after this many events.
    async fn cursor_after(&self, path: &str, events: u32) -> Outcome<String> {
        let mut query = "?limit=100".to_owned();
        for _ in 0..events / 100 {
            let page = self.ask("GET", &format!("{path}{query}"), String::new()).await?;
            let cursor = page["next_cursor"].as_str().ok_or("the list ends early")?;
            query = format!("?limit=100&cursor={cursor}");
        }
        Ok(query.rsplit('=').next().unwrap_or_default().to_owned())
    }

    /// The response times, shortest first.
    async fn times(&self, path: &str, times: usize) -> Outcome<Vec<Duration>> {
        let mut found = Vec::with_capacity(times);
        for _ in 0..times {
            let start = Instant::now();
            self.ask("GET", path, String::new()).await?;
            found.push(start.elapsed());
        }
        found.sort_unstable();
        Ok(found)
    }
}
