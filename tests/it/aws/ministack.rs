//! The deployed template: `infra/template.yaml` with the functions of this machine on ministack, an emulator of AWS, called
//! through the API Gateway URL that the stack prints. Needs Python 3.11; without it, or without a package index to install
//! ministack from, it is skipped, but not where the environment variable `CI` is set.
//!
//! It is one test, for nextest gives every test a process of its own, and a deployment takes longer than all that is done
//! with it.
//!
//! What ministack 1.5.33 does otherwise than AWS, so that it is not proven here:
//! - A state's input and output may be larger than 256 KiB: `limits` looks at every one. The embedded host refuses them.
//! - `MaxDelaySeconds`, `JitterStrategy` and a machine's own timeout are passed over. No case needs them.
//! - The functions' roles are enforced (`AUTH`), those of the machines and of the rule are not. Nor is there TLS, without
//!   which the bucket's policy refuses everybody: `deploy.py` takes it away.
//! - A definition that AWS would reject is taken. `asl` reads it strictly.
//! - An express execution has a history, which `limits` makes use of. On AWS there are only its logs.
//! - `$string` escapes what is not ASCII, so the payload that is put on the bus is a string, which is sent as it is.
//! - `StaticIp` cannot be deployed: there are no NAT gateways.
//! - Lambda's limits, such as the 6 MB of a request, are not kept.
//! - What would not work at all is put right by `tests/ministack/serve.py`: an expression for `TimeoutSeconds`, the `Output` of
//!   a `Succeed` state, an alarm on a sum.

mod environment;
mod kept;
mod limits;
mod numbers;
mod server;
mod stack;

use server::Server;
use stack::Stack;

use serde_json::json;

use crate::aws::cases::{self, Engine};
use crate::world::World;

/// How many cases at once: a concurrent invocation is a process of its own.
const CONCURRENCY: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_deployed_template_does_what_the_embedded_host_does() {
    let Some(python) = environment::python() else { return };
    let server = Server::start(&python).await;
    let stack = Stack::deploy(&server, &python).await;
    let on_ministack = cases::run(&stack, CONCURRENCY).await;
    let on_the_host = cases::run(&World::start().await, CONCURRENCY).await;
    for (ministack, host) in on_ministack.iter().zip(&on_the_host) {
        assert_eq!(ministack, host, "left is ministack, right the embedded host");
    }
    credentials_can_be_tried(&stack).await;
    limits::hold(&stack).await;
    kept::hold(&server, &python).await;
    numbers::print(&stack).await;
}

/// No case has an event for it: nothing is sent.
async fn credentials_can_be_tried(stack: &Stack) {
    let fields = json!({"auth": {"type": "basic", "username": "user", "password": "of no case"}});
    let config_id = stack.api().create_webhook("https://example.com/", fields).await;
    let report = stack.api().post(&format!("/webhook/{config_id}/test-auth"), &json!({})).await;
    assert_eq!((report.status, &report.json()["ok"]), (200, &json!(true)), "{report:?}");
}
