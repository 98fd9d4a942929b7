//! The metrics of a host, read as Prometheus reads them.
//!
//! The format is checked by Prometheus' own Python library. It needs Python 3.11 and a package index; without them, that
//! check is skipped, unless the environment variable `CI` is set.
#![expect(clippy::unwrap_used, reason = "metrics that cannot be read fail the test")]

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use hookstep_host::{By, MetricsOptions};
use serde_json::json;

use crate::world::process::{FREE_PORT, Hookstep, Process, serve, workspace};
use crate::world::{Answer, Dir, ORG, Receiver, Reply, World, closed_port, python, until};

const TOKEN: &str = "token-of-the-metrics-test";

/// The metrics of a host, by name and labels as they are written.
struct Exposition {
    text: String,
    values: BTreeMap<String, f64>,
}

impl Exposition {
    /// Reads the metrics at the host's own address.
    async fn of(world: &World) -> Self {
        let answer = ask(world, Some(TOKEN)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        Self::read(String::from_utf8(answer.body.to_vec()).unwrap())
    }

    /// Waits until these series have these values: an event is counted a moment after its record can be read.
    async fn with(world: &World, series: &[(impl AsRef<str>, f64)]) -> Self {
        until("the events are counted", async || {
            let metrics = Self::of(world).await;
            series.iter().all(|(series, expected)| metrics.get(series.as_ref()) == *expected)
        })
        .await;
        let metrics = Self::of(world).await;
        for (series, expected) in series {
            let series = series.as_ref();
            assert_eq!(metrics.get(series), *expected, "{series}\n{}", metrics.text);
        }
        metrics
    }

    fn read(text: String) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let values = lines.map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        });
        Self { values: values.collect(), text }
    }

    /// The value of this series; 0 before it exists.
    fn get(&self, series: &str) -> f64 {
        self.values.get(series).copied().unwrap_or(0.0)
    }
}

async fn ask(world: &World, token: Option<&str>) -> Answer {
    let request = world.api.http.get(format!("{}/metrics", world.api.base));
    Answer::to(match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    })
    .await
}

async fn world(by: By) -> World {
    World::with_options(|options| options.metrics = MetricsOptions::new(by, Some(TOKEN))).await
}

#[tokio::test]
async fn metrics_count_what_was_accepted_sent_and_ended() {
    let world = world(By::Nothing).await;
    let api = &world.api;
    let good = Receiver::ok().await;
    let failing = Receiver::answering([Reply::status(500), Reply::status(200)]).await;
    let succeeds = api.create_webhook(&good.url, json!({})).await;
    let retried = api.create_webhook(&failing.url, json!({"retry": {"schedule_seconds": [1]}})).await;
    let fails = api.create_webhook(&closed_port().await, json!({"retry": {"schedule_seconds": []}})).await;
    let disabled = api.create_webhook(&good.url, json!({"enabled": false})).await;
    assert_eq!(api.deliver(&succeeds, "{}").await["status"], "succeeded");
    assert_eq!(api.trigger_sync(&succeeds, "{}").await["status"], "succeeded");
    assert_eq!(api.deliver(&retried, "{}").await["status"], "succeeded");
    assert_eq!(api.deliver(&fails, "{}").await["status"], "failed");
    assert_eq!(api.deliver(&disabled, "{}").await["status"], "skipped");
    assert_eq!(Answer::to(api.triggering(&succeeds, "?sync=perhaps", "{}")).await.status, 400);

    let counted = [
        ("hookstep_events_accepted_total{mode=\"async\",origin=\"api\"}", 4.0),
        ("hookstep_events_accepted_total{mode=\"sync\",origin=\"api\"}", 1.0),
        ("hookstep_triggers_refused_total{status=\"400\"}", 1.0),
        ("hookstep_trigger_duration_seconds_count{mode=\"async\"}", 4.0),
        ("hookstep_trigger_duration_seconds_count{mode=\"sync\"}", 1.0),
        ("hookstep_attempts_total{outcome=\"succeeded\",reason=\"\"}", 3.0),
        ("hookstep_attempts_total{outcome=\"failed_http\",reason=\"http_status\"}", 1.0),
        ("hookstep_attempts_total{outcome=\"failed_unreachable\",reason=\"connection_refused\"}", 1.0),
        ("hookstep_attempt_duration_seconds_count{outcome=\"succeeded\"}", 3.0),
        ("hookstep_events_ended_total{status=\"succeeded\"}", 3.0),
        ("hookstep_events_ended_total{status=\"failed\"}", 1.0),
        ("hookstep_events_ended_total{status=\"skipped\"}", 1.0),
    ];
    let metrics = Exposition::with(&world, &counted).await;
    for (series, at_least) in [
        ("hookstep_store_bytes{part=\"hookstep\"}", 1000.0),
        ("hookstep_disk_free_bytes", 1000.0),
        ("process_resident_memory_bytes", 1_000_000.0),
        ("process_cpu_seconds_total", 0.001),
    ] {
        let is_known = cfg!(target_os = "linux") || !series.starts_with("process");
        assert!(!is_known || metrics.get(series) >= at_least, "{series}\n{}", metrics.text);
    }
    for secret in [ORG, &succeeds, &retried, &fails, &disabled, &api.token, "127.0.0.1"] {
        assert!(!metrics.text.contains(secret), "{secret}\n{}", metrics.text);
    }
    assert_prometheus_reads(&metrics);
}

#[tokio::test]
async fn what_runs_and_what_waits_is_seen_while_it_does() {
    let world = world(By::Nothing).await;
    let silent = Receiver::answering([Reply::status(200).after(Duration::from_secs(600))]).await;
    let failing = Receiver::answering([Reply::status(500)]).await;
    let runs = world.api.create_webhook(&silent.url, json!({"max_in_flight": 1})).await;
    let waits = world.api.create_webhook(&failing.url, json!({"retry": {"schedule_seconds": [50]}})).await;
    let scheduled =
        world.api.create_webhook(&failing.url, json!({"retry": {"schedule_seconds": [600]}})).await;
    for config_id in [&runs, &runs, &waits, &scheduled] {
        world.api.trigger(config_id, "{}").await;
    }
    until("one runs, one waits, one is scheduled, one is in a lane", async || {
        let metrics = Exposition::of(&world).await;
        let series = ["executions_running", "executions_waiting", "attempts_scheduled", "attempts_in_lanes"];
        series.map(|series| metrics.get(&format!("hookstep_{series}"))) == [1.0; 4]
    })
    .await;
    let metrics = Exposition::of(&world).await;
    assert!(metrics.get("hookstep_executions_oldest_waiting_seconds") > 0.0, "{}", metrics.text);
    assert_eq!(metrics.get("hookstep_attempts_overdue_seconds"), 0.0);
}

#[tokio::test]
async fn events_are_told_apart_by_org_or_by_webhook_when_asked_for() {
    let receiver = Receiver::ok().await;
    for (by, label) in [(By::Org, "org_id"), (By::Webhook, "config_id")] {
        let world = world(by).await;
        let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
        world.api.deliver(&config_id, "{}").await;
        let (id, hidden) = if by == By::Org { (ORG, &*config_id) } else { (&*config_id, ORG) };
        let counted = [
            format!("hookstep_events_accepted_total{{mode=\"async\",origin=\"api\",{label}=\"{id}\"}}"),
            format!("hookstep_attempts_total{{outcome=\"succeeded\",reason=\"\",{label}=\"{id}\"}}"),
            format!("hookstep_events_ended_total{{status=\"succeeded\",{label}=\"{id}\"}}"),
        ];
        let metrics = Exposition::with(&world, &counted.map(|series| (series, 1.0))).await;
        assert!(!metrics.text.contains(hidden), "{}", metrics.text);
    }
}

#[tokio::test]
async fn metrics_are_for_those_who_have_the_token() {
    let world = World::start().await;
    ask(&world, Some(&world.api.token)).await.problem(404);
    let world = self::world(By::Nothing).await;
    ask(&world, None).await.problem(401);
    for wrong in ["", "token-of-the-metrics-tes", &world.api.token] {
        ask(&world, Some(wrong)).await.problem(401);
    }
    assert_eq!(ask(&world, Some(TOKEN)).await.status, 200);
}

#[tokio::test]
async fn an_address_of_their_own_has_the_metrics_and_nothing_else() {
    let dir = Dir::new();
    let mut serve = serve(dir.path(), FREE_PORT);
    let mut host = Hookstep::started(Process::start(serve.args(["--metrics-listen", FREE_PORT]))).await;
    let line = host.process.line("  metrics  ").await;
    let url = line.rsplit(' ').next().unwrap();
    let metrics = Answer::to(host.api.http.get(url)).await;
    assert_eq!(metrics.status, 200, "{metrics:?}");
    assert!(String::from_utf8_lossy(&metrics.body).contains("hookstep_build_info{version="), "{metrics:?}");
    Answer::to(host.api.http.get(url.replace("/metrics", "/readyz"))).await.problem(404);
    host.api.get("/metrics").await.problem(404);
    host.stop().await;
}

/// Fails unless Prometheus' library reads the same series, each in a family with a type and a description.
fn assert_prometheus_reads(metrics: &Exposition) {
    let Some(python) = python::environment("prometheus", "no other program reads the metrics") else {
        return;
    };
    let mut command = Command::new(python);
    command.arg(workspace().join("tests/prometheus/series.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn().unwrap();
    process.stdin.take().unwrap().write_all(metrics.text.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", metrics.text);
    let read: BTreeMap<String, String> = serde_json::from_slice(&output.stdout).unwrap();
    let read: BTreeMap<_, f64> =
        read.into_iter().map(|(name, value)| (name, value.parse().unwrap())).collect();
    assert_eq!(read, metrics.values);
}
