//! `hookstep` as a user runs it, against a host.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

mod apply;
mod listen;
mod portal;
mod redrive;

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::world::process::{FREE_PORT, Process, command, finished, output, run};
use crate::world::{Dir, Receiver, Reply, World, closed_port, http_client};

/// A command run with the user's token.
fn hookstep(world: &World, args: &[&str]) -> Command {
    let mut command = command("hookstep");
    command.args(args).env("HOOKSTEP_URL", &world.api.base).env("HOOKSTEP_TOKEN", &world.api.token);
    command
}

/// The exit status and output of a command.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

async fn ended(command: &mut Command) -> Ended {
    let (status, process) = run(command).await;
    Ended { code: status.code(), stdout: process.stdout(), stderr: process.stderr() }
}

/// A test's input file.
fn file(dir: &Dir, name: &str, content: impl AsRef<[u8]>) -> String {
    let path: PathBuf = dir.path().join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_published_to_those_who_subscribe() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({"event_types": ["order.*"]})).await;
    let published =
        ended(&mut hookstep(&world, &["publish", "order.created", "--data", r#"{"a": 1.0}"#])).await;
    assert_eq!(published.code, Some(0), "{}", published.stderr);
    let (config_id, event_id) = published.stdout.trim().split_once(' ').unwrap();
    assert_eq!(config_id, id);
    world.api.ended(&id, event_id).await;
    assert_eq!(receiver.only().body, br#"{"a": 1.0}"#);
    let wrong = ended(&mut hookstep(&world, &["publish", "order.created", "--data", "{"])).await;
    assert_eq!((wrong.code, wrong.stdout.as_str()), (Some(4), ""));
    let nobody = ended(&mut hookstep(&world, &["publish", "other", "--data", "1", "--json"])).await;
    assert_eq!(lines(&nobody.stdout)[0]["deliveries"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_exit_code_of_a_sync_trigger_is_its_outcome() {
    let replies = [Reply::status(200).body("thanks"), Reply::status(404).body("who?")];
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let id = world.api.create_webhook(&receiver.url, json!({"name": "orders"})).await;
    let args = ["trigger", "orders", "--data", r#"{"a": 1.0}"#, "--sync"];
    let first = ended(&mut hookstep(&world, &args)).await;
    assert_eq!((first.code, first.stdout.as_str()), (Some(0), "thanks\n"), "{}", first.stderr);
    assert!(first.stderr.starts_with("succeeded: HTTP 200 (1 attempt, "), "{}", first.stderr);
    let second = ended(&mut hookstep(&world, &args)).await;
    assert_eq!((second.code, second.stdout.as_str()), (Some(1), "who?\n"));
    let third = ended(hookstep(&world, &args).arg("--json")).await;
    assert_eq!((third.code, lines(&third.stdout)[0]["status_code"].as_u64()), (Some(1), Some(404)));
    let request = &receiver.seen()[0];
    assert_eq!(
        (&*request.body, request.header("content-type")),
        (br#"{"a": 1.0}"#.as_slice(), Some("application/json"))
    );

    world
        .api
        .put(&format!("/webhook/{id}"), &json!({"name": "orders", "url": receiver.url, "enabled": false}))
        .await;
    let skipped = ended(&mut hookstep(&world, &args)).await;
    assert_eq!(skipped.code, Some(1), "{}", skipped.stderr);
    let unknown = ended(&mut hookstep(&world, &["trigger", "nothing", "-d", "x"])).await;
    assert_eq!(unknown.code, Some(4));
    assert!(unknown.stderr.contains("no webhook with the id or the name \"nothing\""), "{}", unknown.stderr);
    let closed =
        ended(hookstep(&world, &["trigger", &id, "-d", "x"]).env("HOOKSTEP_URL", closed_port().await)).await;
    assert!(
        closed.code == Some(4) && closed.stderr.contains("Hookstep cannot be reached"),
        "{}",
        closed.stderr
    );
    let bare = ended(hookstep(&world, &["trigger", &id, "-d", "x"]).env_remove("HOOKSTEP_TOKEN")).await;
    assert!(bare.code == Some(4) && bare.stderr.contains("HOOKSTEP_TOKEN must be set"), "{}", bare.stderr);
    assert_eq!(ended(&mut hookstep(&world, &["trigger"])).await.code, Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_takes_too_long_is_still_in_progress() {
    let server = Receiver::answering([Reply::status(202)
        .body(r#"{"event_id": "0190a000-0000-7000-8000-00000000000f", "status": "in_progress"}"#)])
    .await;
    let mut command = command("hookstep");
    command.args(["trigger", crate::world::NOBODY, "--data", "x", "--sync"]);
    command.env("HOOKSTEP_URL", server.url.replace("/hook", "")).env("HOOKSTEP_TOKEN", "t");
    let ended = ended(&mut command).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""));
    assert!(ended.stderr.contains("still being delivered"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_file_and_a_large_standard_input_arrive_to_the_byte() {
    let (world, receiver, dir) = (World::start().await, Receiver::ok().await, Dir::new());
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let bytes: Vec<u8> = (0..10_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let path = file(&dir, "body.bin", &bytes);
    output(&mut hookstep(&world, &["trigger", &id, &path, "--sync"])).await;
    let code =
        piped(&mut hookstep(&world, &["trigger", &id, "--sync", "--content-type", "image/x-test"]), &bytes)
            .await;
    assert_eq!(code, Some(0));
    assert_eq!(
        piped(&mut hookstep(&world, &["trigger", &id, "-", "--sync"]), b"\xff\x00small").await,
        Some(0)
    );
    let seen = receiver.seen();
    let expected = hex::encode(Sha256::digest(&bytes));
    assert_eq!((&seen[0].sha256, &seen[1].sha256), (&expected, &expected));
    assert_eq!(seen[1].header("content-type"), Some("image/x-test"));
    assert_eq!(
        (&*seen[2].body, seen[2].header("content-type")),
        (b"\xff\x00small".as_slice(), Some("application/octet-stream"))
    );
}

/// Runs a command with this standard input.
async fn piped(command: &mut Command, input: &[u8]) -> Option<i32> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).await.unwrap();
    child.wait().await.unwrap().code()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_listed_shown_and_filtered() {
    let replies = [Reply::status(404).body("no\u{1b}[31m"), Reply::status(200)];
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let failed = world.api.deliver(&id, "one").await["event_id"].as_str().unwrap().to_owned();
    let good = world.api.deliver(&id, "two").await["event_id"].as_str().unwrap().to_owned();

    let all = lines(&output(&mut hookstep(&world, &["events", &id, "--json"])).await);
    let ids: Vec<_> = all.iter().map(|event| event["event_id"].as_str().unwrap()).collect();
    assert_eq!(ids, [&good, &failed]);
    assert_eq!(all[0], world.api.events(&id, "").await["data"][0]);
    let some =
        output(&mut hookstep(&world, &["events", &id, "--status", "failed", "--since", "1h", "--json"]))
            .await;
    assert_eq!(lines(&some).len(), 1);
    assert_eq!(output(&mut hookstep(&world, &["events", &id, "--until", "1h", "--json"])).await, "");
    assert_eq!(lines(&output(&mut hookstep(&world, &["events", &id, "-n", "1", "--json"])).await).len(), 1);

    let table = output(&mut hookstep(&world, &["events", "test"])).await;
    assert_eq!(table.lines().count(), 3);
    assert!(table.lines().all(|line| line.len() <= 80) && !table.contains('\u{1b}'), "{table}");
    let details = output(&mut hookstep(&world, &["events", &id, &failed])).await;
    assert!(details.contains("attempt 1: failed_http") && details.contains("HTTP 404"), "{details}");
    assert!(details.contains("no\u{fffd}[31m") && !details.contains('\u{1b}'), "{details}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_all_webhooks_are_searched() {
    let (world, good) = (World::start().await, Receiver::ok().await);
    let bad = Receiver::answering([Reply::status(404)]).await;
    let one = world.api.create_webhook(&good.url, json!({"name": "one"})).await;
    let two = world.api.create_webhook(&bad.url, json!({"name": "two"})).await;
    let first = world.api.deliver(&one, "a needle").await["event_id"].as_str().unwrap().to_owned();
    let second = world.api.deliver(&two, "hay").await["event_id"].as_str().unwrap().to_owned();
    let found = async |args: &[&str]| {
        let args = [&["events", "--json"], args].concat();
        let found = lines(&output(&mut hookstep(&world, &args)).await);
        found.iter().map(|event| event["event_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(&[]).await, [&*second, &*first]);
    assert_eq!(found(&["-n", "1"]).await, [&*second]);
    assert_eq!(found(&["--text", "needle"]).await, [&*first]);
    assert_eq!(found(&["--code", "4xx", "--since", "1h"]).await, [&*second]);
    assert_eq!(found(&["two", "--code", "200"]).await, [""; 0]);
    assert_eq!(found(&["--host", "nobody.example"]).await, [""; 0]);
    let table = output(&mut hookstep(&world, &["events"])).await;
    let rows: Vec<&str> = table.lines().collect();
    assert!(rows.len() == 3 && rows[1].ends_with(" 404 two") && rows[2].ends_with(" 200 one"), "{table}");
    let details = output(&mut hookstep(&world, &["events", "--event", &first])).await;
    assert!(details.contains(&first) && details.contains("attempt 1: succeeded"), "{details}");
    let nobody = ended(&mut hookstep(&world, &["events", "--event", crate::world::NOBODY])).await;
    assert!(nobody.code == Some(4) && nobody.stderr.contains("no webhook has an event"), "{}", nobody.stderr);
    let wrong = ended(&mut hookstep(&world, &["events", "--code", "abc"])).await;
    assert!(wrong.code == Some(4) && wrong.stderr.contains("must be a status code"), "{}", wrong.stderr);
    assert_eq!(ended(&mut hookstep(&world, &["events", "-f"])).await.code, Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn following_tells_of_new_events_and_of_every_turn() {
    let replies = [200, 503, 200].map(Reply::status);
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let id = world.api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": [3600]}})).await;
    let first = world.api.deliver(&id, "x").await["event_id"].as_str().unwrap().to_owned();
    let mut following = Process::start(&mut hookstep(&world, &["events", &id, "-f", "--json"]));
    following.line(&first).await;
    let event_id = world.api.trigger(&id, "y").await;
    following.line(r#""attempt_count":1,"reason":{"code":"http_status","detail":"the receiver"#).await;
    let cancelled = world.api.post(&format!("/webhook/{id}/events/{event_id}/cancel"), &json!({})).await;
    assert_eq!(cancelled.status, 200, "{cancelled:?}");
    following.line(r#""status":"failed""#).await;
    let told = lines(&following.stdout());
    let turns: Vec<_> = told.iter().map(|event| (&event["event_id"], &event["status"])).collect();
    let event_id = json!(event_id);
    assert_eq!(turns[0], (&json!(first), &json!("succeeded")));
    assert_eq!(turns[1], (&event_id, &json!("in_progress")));
    assert_eq!(turns.last().unwrap(), &(&event_id, &json!("failed")));
    following.kill().await;

    let mut failures =
        Process::start(&mut hookstep(&world, &["events", &id, "-f", "-n", "0", "--status", "succeeded"]));
    failures.line("EVENT").await;
    let event_id = world.api.trigger(&id, "y").await;
    failures.line(&event_id).await;
    assert_eq!(failures.stdout().lines().count(), 2, "{}", failures.stdout());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_sent_again_one_or_many() {
    let replies = [404, 404, 404, 200].map(Reply::status);
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let mut ids = Vec::new();
    for body in ["a", "b", "c"] {
        ids.push(world.api.deliver(&id, body).await["event_id"].as_str().unwrap().to_owned());
    }
    let one = output(&mut hookstep(&world, &["replay", &id, &ids[0], "--json"])).await;
    assert_eq!(lines(&one)[0]["replay_of"], ids[0].as_str());
    world.api.until_events_of(&id, 1, "succeeded").await;

    let many = ended(&mut hookstep(&world, &["replay", &id, "--since", "1h"])).await;
    assert_eq!(
        (many.code, many.stdout.as_str()),
        (Some(0), "2 looked at, 2 sent again, 0 skipped\n"),
        "{}",
        many.stderr
    );
    // The progress is for terminals.
    assert!(many.stderr.ends_with(" has begun: 2 events\n"), "{}", many.stderr);
    world.api.until_events_of(&id, 3, "succeeded").await;

    let named = ended(&mut hookstep(&world, &["replay", &id, &ids[1], &ids[2], "--json"])).await;
    assert_eq!((named.code, &lines(&named.stdout)[0]["found"]), (Some(0), &json!(2)), "{}", named.stdout);
    let bodies: Vec<_> = receiver.seen().into_iter().map(|seen| seen.body).collect();
    assert!(bodies.iter().filter(|body| *body == b"c").count() >= 2);

    assert_eq!(ended(&mut hookstep(&world, &["replay", &id])).await.code, Some(2));
    assert_eq!(ended(&mut hookstep(&world, &["replay", &id, crate::world::NOBODY])).await.code, Some(4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_is_sent_again_through_what_the_webhook_has_now() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({"transform": {"jsonata": "number"}})).await;
    let event = world.api.deliver(&id, r#"{"number": 7, "name": "seven"}"#).await;
    let event_id = event["event_id"].as_str().unwrap();
    let changed = json!({"transform": {"jsonata": "name"}});
    assert_eq!(world.api.patch(&id, &changed).await.status, 200);
    output(&mut hookstep(&world, &["replay", &id, event_id])).await;
    world.api.until_events_of(&id, 2, "succeeded").await;
    output(&mut hookstep(&world, &["replay", &id, event_id, "--reapply"])).await;
    world.api.until_events_of(&id, 3, "succeeded").await;
    output(&mut hookstep(&world, &["replay", &id, "--since", "1h", "--status", "succeeded", "--reapply"]))
        .await;
    // One event of the chain, the newest.
    world.api.until_events_of(&id, 4, "succeeded").await;
    let bodies: Vec<_> = receiver.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, [&b"7"[..], b"7", b"seven", b"seven"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_was_kept_is_verified() {
    let (world, receiver, dir) = (World::start().await, Receiver::ok().await, Dir::new());
    let created = world.api.post("/webhook", &json!({"name": "n", "url": &receiver.url})).await.json();
    world.api.deliver(created["config_id"].as_str().unwrap(), "body").await;
    let request = receiver.only();
    let (head, body) = (file(&dir, "head", &request.head), file(&dir, "body", &request.body));
    let secret = created["signing_secret"].as_str().unwrap();
    let base = ["verify", &body, "--headers", &head];
    let good = ended(hookstep(&world, &base).env("HOOKSTEP_SIGNING_SECRET", secret)).await;
    assert_eq!((good.code, good.stdout.as_str()), (Some(0), "ok\n"), "{}", good.stderr);
    assert_eq!(ended(hookstep(&world, &base).args(["--org", crate::world::ORG])).await.code, Some(0));
    let marked = file(&dir, "marked", format!("\u{feff}{}", request.head));
    let utf16 = "\u{feff}".encode_utf16().chain(request.head.encode_utf16()).flat_map(u16::to_le_bytes);
    for saved in [marked, file(&dir, "utf16", utf16.collect::<Vec<u8>>())] {
        let mut command = hookstep(&world, &["verify", &body, "--headers", &saved, "--secret", secret]);
        assert_eq!(ended(&mut command).await.code, Some(0), "{saved}");
    }
    let header = |name| request.header(name).unwrap();
    let mut by_hand = hookstep(&world, &["verify", &file(&dir, "other", "bodY"), "--secret", secret]);
    by_hand.args(["--id", header("webhook-id"), "--timestamp", header("webhook-timestamp")]);
    let bad = ended(by_hand.args(["--signature", header("webhook-signature")])).await;
    assert_eq!(bad.code, Some(1));
    assert!(bad.stdout.contains("no signature matches"), "{}", bad.stdout);
    assert_eq!(ended(&mut hookstep(&world, &base)).await.code, Some(4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_are_listed_shown_created_switched_and_deleted() {
    let world = World::start().await;
    let run = async |args: &[&str]| output(hookstep(&world, &["webhooks"]).args(args)).await;
    let create = ["create", "orders", "https://example.com/hooks", "--event-type", "order.*", "--json"];
    let created = &lines(&run(&create).await)[0];
    let id = created["config_id"].as_str().unwrap();
    let secret = created["signing_secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && created["event_types"] == json!(["order.*"]), "{created}");
    let shown = run(&["create", "unused", "https://example.com/", "--disabled"]).await;
    assert!(shown.contains("signing secret    whsec_") && shown.contains("disabled"), "{shown}");

    let table = run(&["list"]).await;
    let rows: Vec<_> = table.lines().collect();
    assert!(rows.len() == 3 && rows[0].starts_with("WEBHOOK") && !table.contains('\u{1b}'), "{table}");
    assert!(rows[1].starts_with(id) && rows[1].ends_with("https://example.com/hooks"), "{table}");
    assert_eq!(lines(&run(&["list", "--json"]).await).len(), 2);
    let shown = run(&["show", "orders"]).await;
    assert!(shown.contains("url               https://example.com/hooks\n"), "{shown}");
    assert!(shown.contains("event types       order.*\n") && !shown.contains("whsec_"), "{shown}");
    assert_eq!(
        lines(&run(&["show", id, "--json"]).await)[0],
        world.api.get(&format!("/webhook/{id}")).await.json()
    );

    assert_eq!(run(&["disable", "orders"]).await, format!("{id} disabled\n"));
    assert_eq!(world.api.get(&format!("/webhook/{id}")).await.json()["enabled"], false);
    assert_eq!(lines(&run(&["enable", id, "--json"]).await)[0]["enabled"], true);
    let unasked = ended(hookstep(&world, &["webhooks", "delete", "orders"]).stdin(Stdio::null())).await;
    assert!(unasked.code == Some(4) && unasked.stderr.contains("--yes"), "{}", unasked.stderr);
    assert_eq!(run(&["delete", "orders", "--yes"]).await, format!("{id} deleted\n"));
    world.api.get(&format!("/webhook/{id}")).await.problem(404);
    let unknown = ended(&mut hookstep(&world, &["webhooks", "show", "orders"])).await;
    assert_eq!(unknown.code, Some(4), "{}", unknown.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_shows_deliveries_and_goes_on_serving() {
    let dir = Dir::new();
    let mut demo = command("hookstep");
    demo.args(["demo", "--listen", FREE_PORT, "--data-dir"]).arg(dir.path());
    let mut demo = Process::start(&mut demo);
    demo.line("Hookstep goes on serving").await;
    let shown = demo.stdout();
    for part in [
        "succeeded with HTTP 200, attempts 1",
        "✓ signature v1 (HMAC-SHA256) verified by the receiver",
        "✓ signature v1a (Ed25519) verified by the receiver",
        "skipped: the filter's expression is not true of this body",
        r#"✓ the receiver got {"order":7,"total":20}"#,
        "✓ attempt 3: succeeded, HTTP 200",
        "✗ attempt 1: failed_http, HTTP 404",
        "both have the same webhook-id",
        "received 5242880 bytes",
        "400 Bad Request: url: ",
        "✗ failed, attempts",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains('\u{1b}'), "colours are for terminals: {shown}");
    demo.line("Ctrl-C stops it.").await;
    let shown = demo.stdout();
    let link = shown.lines().find_map(|line| line.split("with its attempts:").nth(1)).unwrap().trim();
    let page = http_client().build().unwrap().get(link).send().await.unwrap();
    assert_eq!((page.status().as_u16(), page.url().path()), (200, "/console/sign-in"), "{link}");
    demo.kill().await;
}

#[tokio::test]
async fn completions_are_scripts_that_bash_reads() {
    let script = output(command("hookstep").args(["completions", "bash"])).await;
    let dir = Dir::new();
    let path = file(&dir, "hookstep.bash", &script);
    assert!(finished(Command::new("bash").args(["-n", &path])).await.status.success());
    assert!(["trigger", "events", "--forward", "apply"].iter().all(|word| script.contains(word)));
    for shell in ["zsh", "fish"] {
        assert!(output(command("hookstep").args(["completions", shell])).await.contains("listen"));
    }
}

#[tokio::test]
async fn help_has_examples_and_a_reader_may_go_away() {
    for name in ["trigger", "events", "replay", "listen", "verify", "webhooks", "history"] {
        let help = output(command("hookstep").args([name, "--help"])).await;
        assert!(help.contains("Examples:"), "{help}");
    }
    let program = crate::world::process::binary("hookstep");
    let script = format!("set -o pipefail; '{}' completions zsh | head -1", program.display());
    let piped = finished(Command::new("bash").args(["-c", &script])).await;
    assert!(piped.status.success() && piped.stderr.is_empty(), "{piped:?}");
}

/// How long a receiver in these tests takes to respond.
const WHILE: Duration = Duration::from_millis(1500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orgs_are_made_suspended_and_deleted() {
    let world = World::start().await;
    let platform = crate::managing::orgs::platform(&world).await;
    let run =
        async |args: &[&str]| ended(hookstep(&world, args).env("HOOKSTEP_TOKEN", &platform.token)).await;
    let made = run(&["orgs", "create", "globex", "Globex Ltd.", "--max-webhooks", "3"]).await;
    assert_eq!(made.stdout, "globex active Globex Ltd.\n", "{}", made.stderr);
    assert_eq!(run(&["orgs", "create", "globex", "again"]).await.code, Some(4));
    for (command, status) in [("suspend", "suspended"), ("resume", "active")] {
        let set = run(&["orgs", command, "globex"]).await;
        assert_eq!(set.stdout, format!("globex {status} Globex Ltd.\n"), "{}", set.stderr);
    }
    let listed = lines(&run(&["orgs", "list", "--search", "GLOB", "--json"]).await.stdout);
    assert_eq!((listed.len(), &listed[0]["limits"]["max_webhooks"]), (1, &json!(3)));
    let (hours, receiver) = ("--body-retention-hours", Receiver::ok().await);
    let paths = ["--redact-path", "$.a", "--redact-path", "$..b"];
    let taken_over =
        run(&[&["orgs", "create", "acme", "Acme", hours, "24", "--json"][..], &paths].concat()).await;
    assert_eq!(lines(&taken_over.stdout)[0]["redact_paths"], json!(["$.a", "$..b"]), "{}", taken_over.stderr);
    assert_eq!(lines(&taken_over.stdout)[0]["body_retention_hours"], 24, "{}", taken_over.stderr);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    world.api.deliver(&id, "1").await;
    let busiest = run(&["orgs", "busiest", "--top", "1"]).await;
    assert_eq!(busiest.stdout, "1 acme Acme\n", "{}", busiest.stderr);
    assert_eq!(run(&["orgs", "delete", "globex"]).await.code, Some(2));
    let deleted = run(&["orgs", "delete", "globex", "--yes"]).await;
    assert_eq!(deleted.stdout, "globex deleting Globex Ltd.\n", "{}", deleted.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_erased() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({"name": "orders"})).await;
    let event = world.api.deliver(&id, "1").await["event_id"].as_str().unwrap().to_owned();
    let named = ["erase", "--webhook", "orders", "--event", &event];
    assert_eq!(ended(&mut hookstep(&world, &named)).await.code, Some(2), "without --yes");
    let erased = ended(hookstep(&world, &named).args(["--yes", "--wait", "--json"])).await;
    assert_eq!(erased.code, Some(0), "{}", erased.stderr);
    let erasure = &lines(&erased.stdout)[0];
    assert_eq!((&erasure["status"], &erasure["events_erased"]), (&json!("done"), &json!(1)));
    world.api.get(&format!("/webhook/{id}/events/{event}")).await.problem(404);
    let begun = ended(&mut hookstep(&world, &["erase", "--correlation-id", "c", "--yes"])).await;
    assert!(begun.stdout.ends_with(" in_progress 0 events erased\n"), "{}", begun.stdout);
    for wrong in [["--publication", "x"], ["--event", event.as_str()]] {
        assert_eq!(ended(hookstep(&world, &["erase", "--yes"]).args(wrong)).await.code, Some(2));
    }
}
