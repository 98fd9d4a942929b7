//! Tests the deployed template: `infra/template.yaml` with this machine's functions on ministack, an AWS
//! emulator, called through the API Gateway URL in the stack's outputs. Needs Python 3.11 and a package index
//! to install ministack from; without them the test is skipped, unless the environment variable `CI` is set.
//!
//! It is a single test, because nextest runs every test in its own process and deploying takes longer than
//! all the checks together.
//!
//! Where ministack 1.5.33 differs from AWS, so that these tests prove nothing:
//! - A state's input and output may exceed 256 KiB, so `limits` checks each one. The embedded host enforces
//!   the limit.
//! - `MaxDelaySeconds`, `JitterStrategy` and a machine's own timeout are ignored. No case needs them.
//! - The functions' roles are enforced (`AUTH`), and `tests/ministack/permissions.py` enforces those of the machines
//!   and of schedules. There is no TLS, without which the bucket's policy denies every request: `deploy.py` removes
//!   that policy.
//! - There is no `CodeDeploy`, and the first version of everything is the only one (`Canary=false`). An alarm on several
//!   metrics watches the first one only.
//! - Definitions that AWS would reject are accepted. `asl` parses them strictly.
//! - An express execution has a history, which `limits` uses. On AWS there are only its logs.
//! - `$string` escapes non-ASCII characters, so the payload put on the bus is a string, which is sent
//!   unchanged.
//! - `StaticIp` cannot be deployed, because there are no NAT gateways.
//! - Lambda's limits, such as 6 MB per request, are not enforced.
//! - `tests/ministack/serve.py` fixes what would not work at all: an expression for `TimeoutSeconds`, the
//!   `Output` of a `Succeed` state, an alarm on a sum. `versions.py` adds versions and aliases of state machines to
//!   CloudFormation, and `createSchedule` to state machines.

mod alarms;
mod environment;
mod kept;
mod limits;
mod numbers;
mod orgs;
mod policies;
mod rest;
mod schedules;
mod server;
mod stack;

use server::Server;
use stack::Stack;

use serde_json::json;

use crate::aws::cases::{self, Engine};

/// How many cases run concurrently: each concurrent invocation is a separate process.
const CONCURRENCY: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_deployed_template_does_what_the_embedded_host_does() {
    let Some(python) = environment::python() else { return };
    let server = Server::start(&python).await;
    let stack = Stack::deploy(&server, &python).await;
    let on_ministack = cases::run(&stack, CONCURRENCY).await;
    let on_the_host = cases::run(&cases::world().await, CONCURRENCY).await;
    for (ministack, host) in on_ministack.iter().zip(&on_the_host) {
        assert_eq!(ministack, host, "left is ministack, right the embedded host");
    }
    credentials_can_be_tried(&stack).await;
    cases::across::are_found(&stack).await;
    cases::orgs::lives_and_is_erased(&stack).await;
    limits::hold(&stack).await;
    kept::hold(&server, &python).await;
    rest::work(&stack, &server).await;
    schedules::start_their_targets(&stack).await;
    policies::hold(&server, &python).await;
    alarms::ring(&server, &python).await;
    numbers::print(&stack).await;
}

/// No case covers this event, because nothing is sent.
async fn credentials_can_be_tried(stack: &Stack) {
    let fields = json!({"auth": {"type": "basic", "username": "user", "password": "of no case"}});
    let config_id = stack.api().create_webhook("https://example.com/", fields).await;
    let report = stack.api().post(&format!("/webhook/{config_id}/test-auth"), &json!({})).await;
    assert_eq!((report.status, &report.json()["ok"]), (200, &json!(true)), "{report:?}");
}
