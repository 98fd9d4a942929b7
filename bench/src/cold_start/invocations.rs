//! The cost of an environment's first invocation and of the later ones.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Outcome;
use crate::aws::{CONFIG_ID, CONFIG_ID_WITH_RULES, EVENT_TYPE};
use crate::chain::StepEvents;
use crate::environment::Environment;
use crate::functions::{EMPTY, Function, Functions};
use crate::numbers::Times;

/// The size of the delivered body.
const BODY_BYTES: usize = 1024;

/// One function's invocations.
struct Costs<'a> {
    function: &'a Function,
    event: Value,
    first: Times,
    warm: Times,
    /// From the event to the response.
    warm_wall: Times,
}

/// Measures the first invocation of this many environments each, and this many warm ones, taking the
/// functions in turn.
///
/// `trigger` and `console` cache tokens for ten seconds, so a warm invocation seldom reads one here; a
/// producer that sends less often pays for one more read. `replay` is left out: its cost depends on how many
/// events it is given.
pub(crate) async fn measure(
    functions: &Functions,
    events: &StepEvents,
    starts: usize,
    warm: usize,
) -> Outcome<()> {
    let rows = functions.iter().filter(|function| function.name != "replay");
    let mut rows = rows.map(|function| Costs::new(function, events)).collect::<Outcome<Vec<_>>>()?;
    for _ in 0..starts {
        for row in &mut rows {
            row.invoke_first().await?;
        }
    }
    let peaks = invoke_warm(&mut rows, warm).await?;
    println!("An invocation: the first of {starts} environments each, and {warm} warm ones of one each\n");
    println!(
        "| function | first CPU ms | min | p90 | warm CPU ms | min | p90 | warm wall ms | peak RSS MiB |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (row, peak_mib) in rows.iter().zip(peaks) {
        println!(
            "| {} | {} | {} | {:.2} | {peak_mib:.1} |",
            row.function.name,
            cells(&row.first),
            cells(&row.warm),
            row.warm_wall.median()
        );
    }
    Ok(())
}

fn cells(times: &Times) -> String {
    format!("{:.2} | {:.2} | {:.2}", times.median(), times.quantile(0.0), times.quantile(0.9))
}

impl<'a> Costs<'a> {
    fn new(function: &'a Function, events: &StepEvents) -> Outcome<Self> {
        let event = event_for(function.name, events)?;
        let (first, warm, warm_wall) = (Times::default(), Times::default(), Times::default());
        Ok(Self { function, event, first, warm, warm_wall })
    }

    async fn invoke_first(&mut self) -> Outcome<()> {
        let mut environment = Environment::start(self.function).await?;
        let (_, before) = environment.next_poll().await?;
        let (_, after) = invoke(&mut environment, &self.event).await?;
        self.first.push(after - before);
        Ok(())
    }
}

/// Returns the peak memory of each function, in MiB.
async fn invoke_warm(rows: &mut [Costs<'_>], times: usize) -> Outcome<Vec<f64>> {
    let mut environments = Vec::new();
    for row in &*rows {
        let mut environment = Environment::start(row.function).await?;
        environment.next_poll().await?;
        let (_, cpu) = invoke(&mut environment, &row.event).await?;
        environments.push((environment, cpu));
    }
    for _ in 0..times {
        for (row, (environment, before)) in rows.iter_mut().zip(&mut environments) {
            let (took, after) = invoke(environment, &row.event).await?;
            row.warm_wall.push(took);
            row.warm.push(after - *before);
            *before = after;
        }
    }
    environments.iter().map(|(environment, _)| environment.peak_mib()).collect()
}

/// Returns the response time, and the CPU time that the function has used when it polls for the next event.
async fn invoke(environment: &mut Environment, event: &Value) -> Outcome<(Duration, Duration)> {
    let sent = Instant::now();
    let answer = environment.invoke(event.clone()).await?;
    // An HTTP function responds to errors, too, instead of failing the invocation.
    if answer.body["statusCode"].as_u64().is_some_and(|status| status >= 400) {
        return Err(format!("unexpected answer: {}", answer.body).into());
    }
    let (_, cpu) = environment.next_poll().await?;
    Ok((answer.at - sent, cpu))
}

/// The steps of the chain get the inputs recorded in the chain.
fn event_for(function: &str, events: &StepEvents) -> Outcome<Value> {
    let of_step = |step: &str| events.get(step).ok_or_else(|| format!("the chain has no {step}"));
    let event = match function {
        EMPTY => Value::Null,
        "trigger" => trigger_event(),
        "console" => request("GET", &format!("/webhook/{CONFIG_ID}"), ""),
        "dispatch" => json!({
            "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "accepted_at": "2026-01-02T03:04:05Z", "detail_type": EVENT_TYPE,
            "detail": {"org_id": "acme", "text": text()},
        }),
        "transform" => {
            let mut input = of_step("deliver")?.clone();
            input["event"]["config_id"] = CONFIG_ID_WITH_RULES.into();
            let retry = json!({"schedule_seconds": []});
            let (status, request) = ("in_progress", input["request"].take());
            input["plan"] = json!({"status": status, "request": request, "retry": retry, "long": false, "has_payload_rules": true});
            let at = &input["event"]["created_at"];
            input["record"] = json!({
                "pk": {"S": format!("acme#{CONFIG_ID_WITH_RULES}")}, "sk": {"S": input["event"]["event_id"]},
                "status": {"S": status}, "origin": {"S": "api"}, "created_at": {"S": at}, "updated_at": {"S": at},
                "expires_at": {"N": "0"},
            });
            input
        }
        "hydrate" => {
            let key = format!("claims/acme/{CONFIG_ID}/{CONFIG_ID}");
            json!({"event": of_step("deliver")?["event"], "payload": {"claim": {"key": key}}})
        }
        step => of_step(step)?.clone(),
    };
    Ok(event)
}

/// Repeated until the body has the usual size.
fn text() -> String {
    "x".repeat(BODY_BYTES - r#"{"text":""}"#.len())
}

/// A producer's request with a body of the usual size.
pub(crate) fn trigger_event() -> Value {
    let body = json!({"text": text()}).to_string();
    request("POST", &format!("/webhook/{CONFIG_ID}/trigger"), &body)
}

/// A request in API Gateway's HTTP API payload format 2.0.
fn request(method: &str, path: &str, body: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": {
            "host": "api.example.com", "content-type": "application/json", "authorization": "Bearer bench",
        },
        "requestContext": {
            "accountId": "000000000000", "apiId": "api", "domainName": "api.example.com", "domainPrefix": "api",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "bench"},
            "requestId": "request", "routeKey": "$default", "stage": "$default",
            "time": "02/Jan/2026:03:04:05 +0000", "timeEpoch": 1_767_323_045_678_u64,
        },
        "body": body, "isBase64Encoded": false,
    })
}
