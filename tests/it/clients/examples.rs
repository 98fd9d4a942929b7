//! The examples: the producer's events arrive, and each receiver accepts what Hookstep signs, rejects
//! tampered requests, and recognises repeated deliveries.
//!
//! The receivers in Python and TypeScript need Python 3.11, Node 20 and package indexes. Without them these
//! tests are skipped, unless the environment variable `CI` is set.
#![expect(clippy::unwrap_used, reason = "an example that cannot be started fails the test")]

use std::os::unix::fs::symlink;

use hookstep_ambient::Sources;
use hookstep_signing::{Metadata, Secret, Signer};
use http::Method;
use serde_json::json;
use tokio::process::Command;

use crate::world::node::packages;
use crate::world::process::{Process, command, output, run, workspace};
use crate::world::python::{environment, skip};
use crate::world::{Answer, Dir, World};

const NAME: &str = "examples";
const LOSS: &str = "nobody tries an example";

/// A host, and a webhook on it that points to an example.
struct Example {
    world: World,
    config_id: String,
    secret: String,
    process: Process,
    url: String,
}

impl Example {
    /// Starts the receiver, which needs the secret of a webhook that in turn needs the receiver's address.
    async fn start(mut receiver: Command) -> Self {
        let world = World::start().await;
        let webhook = json!({"name": "example", "url": "http://127.0.0.1:8080/"});
        let webhook = world.api.post("/webhook", &webhook).await.json();
        let text = |field: &str| webhook[field].as_str().unwrap().to_owned();
        let (config_id, secret) = (text("config_id"), text("signing_secret"));
        let mut process = Process::start(receiver.env("HOOKSTEP_SIGNING_SECRET", &secret).env("PORT", "0"));
        let url = process.line("listening on ").await.rsplit(' ').next().unwrap().to_owned() + "/";
        let request = world.api.request(Method::PATCH, &format!("/webhook/{config_id}"));
        let answer = Answer::to(request.body(json!({"url": url}).to_string())).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        Self { world, config_id, secret, process, url }
    }

    async fn does_what_it_says(mut self) {
        let answer = self.world.api.trigger_sync(&self.config_id, r#"{"order": 7}"#).await;
        assert_eq!(
            (&answer["status"], &answer["status_code"]),
            (&json!("succeeded"), &json!(204)),
            "{answer}"
        );
        self.process.line(r#": {"order": 7}"#).await;
        let event_id = answer["event_id"].as_str().unwrap();
        let replay = format!("/webhook/{}/events/{event_id}/replay", self.config_id);
        assert_eq!(self.world.api.post(&replay, &json!({})).await.status, 202);
        self.process.line(&format!("received {event_id} again")).await;

        let now = Sources::system().now().unix_seconds();
        assert_eq!(self.send(now, r#"{"order": 8}"#).await, 204);
        assert_eq!(self.send(now, r#"{"order": 9}"#).await, 401);
        assert_eq!(self.send(now - 301, r#"{"order": 8}"#).await, 401);
        let unsigned = self.world.api.http.post(&self.url).body("{}").send().await.unwrap();
        assert_eq!(unsigned.status(), 401);
        self.process.line("refused: ").await;
    }

    /// The receiver's response to a request with this body but with the signature of another one: `{"order":
    /// 8}`.
    async fn send(&self, timestamp: i64, body: &'static str) -> u16 {
        let signer = Signer::new(self.secret.parse::<Secret>().unwrap(), Vec::new(), vec![]);
        let signature = signer.sign(&Metadata::new("test", timestamp).unwrap(), br#"{"order": 8}"#);
        let request = self.world.api.http.post(&self.url).body(body);
        let request = request.header("webhook-id", "test").header("webhook-timestamp", timestamp);
        request.header("webhook-signature", signature).send().await.unwrap().status().as_u16()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_producer_and_the_receiver_in_rust_understand_each_other() {
    let mut example = Example::start(command("receiver")).await;
    let mut producer = command("producer");
    producer.env("HOOKSTEP_URL", &example.world.api.base).env("HOOKSTEP_TOKEN", &example.world.api.token);
    let said = output(producer.env("CONFIG_ID", &example.config_id)).await;
    assert!(said.contains("is on its way\n") && said.contains(": succeeded, HTTP 204\n"), "{said}");
    example.process.line(r#": {"order": 1042, "total": 99.50}"#).await;
    example.does_what_it_says().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_receiver_in_python_verifies() {
    let examples = workspace().join("examples/python");
    let wanted = std::fs::read_to_string(examples.join("requirements.txt")).unwrap();
    let tested = std::fs::read_to_string(workspace().join("tests/signatures/requirements.txt")).unwrap();
    assert!(
        tested.lines().any(|line| line == wanted.trim_end()),
        "the tests have another version than {wanted}"
    );
    let Some(python) = environment("signatures", LOSS) else { return };
    let mut receiver = Command::new(python);
    receiver.arg(examples.join("receiver.py"));
    Example::start(receiver).await.does_what_it_says().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_receiver_in_typescript_verifies() {
    const SOURCE: &str = "examples/typescript";
    let packages = match packages(NAME, SOURCE) {
        Ok(packages) => packages,
        Err(reason) => return skip(NAME, LOSS, &reason),
    };
    // A separate folder, so that no build output is left in the repository.
    let dir = Dir::new();
    for file in ["package.json", "receiver.ts", "tsconfig.json"] {
        std::fs::copy(workspace().join(SOURCE).join(file), dir.path().join(file)).unwrap();
    }
    symlink(packages.join("node_modules"), dir.path().join("node_modules")).unwrap();
    let (status, compiler) = run(Command::new("node_modules/.bin/tsc").current_dir(dir.path())).await;
    assert!(status.success(), "{}", compiler.stdout());
    let mut receiver = Command::new("node");
    receiver.arg(dir.path().join("dist/receiver.js"));
    Example::start(receiver).await.does_what_it_says().await;
}
