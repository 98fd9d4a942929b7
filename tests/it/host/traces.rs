//! The traces and the metrics, as a collector gets them: decoded by OpenTelemetry's own Python classes.
//!
//! They need Python 3.11 and a package index; without them, the tests are skipped, unless the environment variable `CI` is
//! set.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::world::collector::{Collector, HEADERS};
use crate::world::process::{FREE_PORT, Hookstep, Process, serve};
use crate::world::{Answer, Dir, Receiver, Reply, accepted, closed_port, until};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PRODUCER: &str = "00f067aa0ba902b7";
const METRICS_TOKEN: &str = "token-of-the-otlp-test";

#[tokio::test]
async fn a_collector_gets_the_spans_below_those_of_producers_and_the_metrics_that_prometheus_reads() {
    let Some(collector) = Collector::new().await else { return };
    let dir = Dir::new();
    let receiver = Receiver::answering([Reply::status(500), Reply::status(200)]).await;
    let mut serve = serve(dir.path(), FREE_PORT);
    serve.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.receiver.url);
    serve.env("OTEL_EXPORTER_OTLP_HEADERS", HEADERS);
    serve.env("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test");
    serve.env("OTEL_METRIC_EXPORT_INTERVAL", "100");
    serve.env("HOOKSTEP_METRICS_TOKEN", METRICS_TOKEN);
    let host = Hookstep::started(Process::start(&mut serve)).await;
    let fields = json!({"retry": {"schedule_seconds": [1]}, "headers": {"x-planted": "planted"}});
    let config_id = host.api.create_webhook(&receiver.url, fields).await;
    let trigger = host.api.triggering(&config_id, "", r#"{"planted": "planted"}"#);
    let sent = format!("00-{TRACE}-{PRODUCER}-01");
    let event_id = accepted(&Answer::to(trigger.header("traceparent", &sent)).await);
    host.api.ended(&config_id, &event_id).await;
    let alone = host.api.trigger(&config_id, "{}").await;
    host.api.ended(&config_id, &alone).await;
    let request = host.api.http.get(format!("{}/metrics", host.api.base)).bearer_auth(METRICS_TOKEN);
    let exposition = Answer::to(request).await;
    let several = "spans and metrics arrive before the end";
    until(several, async || !collector.seen("traces").is_empty() && collector.seen("metrics").len() > 1)
        .await;
    host.stop().await;

    let forwarded = receiver.seen()[0].header("traceparent").map(str::to_owned);
    assert_eq!(forwarded, Some(sent), "the receiver gets what the producer sent");
    let spans = collector.seen("traces").concat();
    is_below_its_trigger(&spans, TRACE, (PRODUCER, &event_id), 2);
    is_below_its_trigger(&spans, &alone.replace('-', ""), ("", &alone), 1);
    let first = spans.iter().find(|span| span["name"] == "deliver").unwrap();
    assert_eq!(first["failure"], "http_status");
    assert_eq!(
        first["attributes"],
        json!({
            "hookstep.event_id": event_id, "hookstep.config_id": config_id, "hookstep.org_id": "default",
            "hookstep.attempt": 1, "hookstep.outcome": "failed_http", "http.response.status_code": 500,
        })
    );

    let last = collector.seen("metrics").pop().unwrap();
    let text = String::from_utf8(exposition.body.to_vec()).unwrap();
    let names = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let of_points = |of: &[Value]| -> BTreeSet<String> {
        of.iter().map(|point| point["name"].as_str().unwrap().to_owned()).collect()
    };
    let with_values = names.filter(|name| text.lines().any(|line| line.starts_with(name)));
    assert_eq!(of_points(&last), with_values.map(str::to_owned).collect());
    for (name, kind, attributes, value) in [
        ("hookstep_attempts_total", "sum", json!({"outcome": "succeeded", "reason": ""}), json!(2)),
        ("hookstep_attempt_duration_seconds", "histogram", json!({"outcome": "failed_http"}), json!(1)),
        ("hookstep_executions_waiting", "gauge", json!({}), json!(0)),
    ] {
        let is_it = |point: &&Value| point["name"] == name && point["attributes"] == attributes;
        let point = last.iter().find(is_it).unwrap();
        assert_eq!((&point["kind"], &point["value"]), (&json!(kind), &value), "{point}");
    }

    let resource = &spans[0]["resource"];
    assert_eq!((&resource["service.name"], &last[0]["resource"]), (&json!("hookstep"), resource));
    assert_eq!(resource["deployment.environment.name"], "test");
    let text = json!([spans, last]).to_string();
    for hidden in ["planted", "127.0.0.1", "admin-token-of-the-tests", METRICS_TOKEN] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
}

/// The trace has one span of a trigger with this parent and this event, and as many attempts below it.
fn is_below_its_trigger(spans: &[Value], trace: &str, (parent, event_id): (&str, &str), attempts: usize) {
    let of = |name: &str| -> Vec<&Value> {
        spans.iter().filter(|span| span["trace"] == *trace && span["name"] == *name).collect()
    };
    let [trigger] = of("POST /webhook/{config_id}/trigger")[..] else { panic!("not one trigger: {spans:?}") };
    assert_eq!(
        (&trigger["parent"], &trigger["attributes"]),
        (&json!(parent), &json!({"hookstep.event_id": event_id, "http.response.status_code": 202}))
    );
    let (deliver, fetch, update) = (of("deliver"), of("fetch-config"), of("update-status"));
    assert_eq!((deliver.len(), update.len()), (attempts, attempts), "{spans:?}");
    assert!(!fetch.is_empty());
    for span in deliver.into_iter().chain(fetch).chain(update) {
        assert_eq!(span["parent"], trigger["span"], "{span}");
    }
}

#[tokio::test]
async fn events_are_delivered_and_the_host_stops_in_time_when_the_collector_is_gone() {
    let (dir, receiver) = (Dir::new(), Receiver::ok().await);
    let mut serve = serve(dir.path(), FREE_PORT);
    serve.env("OTEL_EXPORTER_OTLP_ENDPOINT", closed_port().await);
    let host = Hookstep::started(Process::start(&mut serve)).await;
    let config_id = host.api.create_webhook(&receiver.url, json!({})).await;
    let event_id = host.api.trigger(&config_id, "{}").await;
    assert_eq!(host.api.ended(&config_id, &event_id).await["status"], "succeeded");
    host.stop().await;
}
