//! The traces of events, as a collector gets them: decoded by OpenTelemetry's own Python classes.
//!
//! They need Python 3.11 and a package index; without them, the tests are skipped, unless the environment variable `CI` is
//! set.
#![expect(clippy::unwrap_used, reason = "spans that cannot be decoded fail the test")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::world::process::{FREE_PORT, Hookstep, Process, serve, workspace};
use crate::world::{Answer, Dir, Receiver, Reply, accepted, python, until};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PRODUCER: &str = "00f067aa0ba902b7";

/// All spans in the requests that the collector got.
fn spans(python: &Path, collector: &Receiver) -> Vec<Value> {
    let of = |body: &[u8]| -> Vec<Value> {
        let mut command = Command::new(python);
        command.arg(workspace().join("tests/otlp/spans.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        process.stdin.take().unwrap().write_all(body).unwrap();
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success());
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let seen = collector.seen();
    assert!(seen.iter().all(|seen| seen.request_line().starts_with("POST /hook/v1/traces ")));
    seen.iter().flat_map(|seen| of(&seen.body)).collect()
}

#[tokio::test]
async fn the_spans_of_an_event_are_below_the_span_of_its_producer() {
    let Some(python) = python::environment("otlp", "no other program reads the spans") else { return };
    let (dir, collector) = (Dir::new(), Receiver::ok().await);
    let receiver = Receiver::answering([Reply::status(500), Reply::status(200)]).await;
    let mut serve = serve(dir.path(), FREE_PORT);
    serve.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url);
    let host = Hookstep::started(Process::start(&mut serve)).await;
    let fields = json!({"retry": {"schedule_seconds": [1]}, "headers": {"x-planted": "planted"}});
    let config_id = host.api.create_webhook(&receiver.url, fields).await;
    let trigger = host.api.triggering(&config_id, "", r#"{"planted": "planted"}"#);
    let sent = format!("00-{TRACE}-{PRODUCER}-01");
    let event_id = accepted(&Answer::to(trigger.header("traceparent", &sent)).await);
    host.api.ended(&config_id, &event_id).await;
    let alone = host.api.trigger(&config_id, "{}").await;
    host.api.ended(&config_id, &alone).await;
    until("spans arrive", async || collector.calls() > 0).await;
    host.stop().await;

    assert_eq!(
        receiver.seen()[0].header("traceparent"),
        Some(&*sent),
        "the receiver gets what the producer sent"
    );
    let spans = spans(&python, &collector);
    let of = |trace: &str, name: &str| -> Vec<Value> {
        let of = |span: &&Value| span["trace"] == *trace && span["name"] == *name;
        spans.iter().filter(of).cloned().collect()
    };
    let trigger_name = "POST /webhook/{config_id}/trigger";
    for (trace, parent, event_id, attempts) in
        [(TRACE, PRODUCER, &event_id, 2), (&*alone.replace('-', ""), "", &alone, 1)]
    {
        let [trigger] = &of(trace, trigger_name)[..] else { panic!("not one trigger: {spans:?}") };
        assert_eq!(
            (&trigger["parent"], &trigger["attributes"]["event.id"]),
            (&json!(parent), &json!(event_id))
        );
        let deliver = of(trace, "deliver");
        assert_eq!(deliver.len(), attempts, "{deliver:?}");
        for span in deliver.iter().chain(&of(trace, "fetch-config")).chain(&of(trace, "update-status")) {
            assert_eq!(span["parent"], trigger["span"], "{span}");
        }
    }
    let first = &of(TRACE, "deliver")[0];
    assert_eq!(first["failure"], "http_status");
    assert_eq!(first["attributes"]["attempt.outcome"], "failed_http");
    assert_eq!(first["attributes"]["http.response.status_code"], "500");
    let text = json!(spans).to_string();
    for hidden in ["planted", "127.0.0.1", "admin-token-of-the-tests"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
}
