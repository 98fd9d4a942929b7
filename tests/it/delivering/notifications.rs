//! Owners are told how their webhooks do: by mail, through a real SMTP server.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use std::iter::repeat_n;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hookstep_contract::{HealthRules, Publish};
use hookstep_mail::Mailer;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::world::mailbox::{self, MailServer, SENDER, Secured};
use crate::world::process::{FREE_PORT, Hookstep, Process, command, output, run, serve};
use crate::world::{Api, Dir, Receiver, Reply, World, closed_port, until};

const OPS: &str = "ops@example.com";

/// The types of events that tell how a webhook does.
const TYPES: [&str; 4] = ["Webhook Degraded", "Webhook Failing", "Webhook Recovered", "Webhook Disabled"];

/// A host that sends mails, and by whose rules a receiver fails at once.
async fn world(mailer: Option<Arc<dyn Mailer>>) -> World {
    World::with_options(|options| {
        options.mailer = mailer;
        options.health_rules = HealthRules {
            failing_for: Duration::ZERO,
            look_every: Duration::ZERO,
            first_probe_after: Duration::from_millis(300),
            ..HealthRules::default()
        };
    })
    .await
}

async fn told_are(api: &Api, emails: &[&str]) -> Value {
    let put = api.put("/notifications", &json!({"emails": emails})).await;
    assert_eq!(put.status, 200, "{put:?}");
    put.json()
}

/// A webhook whose receiver refuses its first ten requests, which make it degraded and failing, and then takes all.
async fn recovering(api: &Api, name: &str) -> Receiver {
    let refused = repeat_n(Reply::status(503), 10);
    let receiver = Receiver::answering(refused.chain([Reply::status(200)])).await;
    let fields = json!({"name": name, "retry": {"schedule_seconds": [2, 2, 60, 60]}});
    let id = api.create_webhook(&receiver.url, fields).await;
    let mut events = Vec::new();
    for number in 0..10 {
        events.push(api.trigger(&id, number.to_string()).await);
    }
    for event in events {
        assert_eq!(api.ended(&id, &event).await["status"], "succeeded");
    }
    receiver
}

/// A webhook that is disabled by its first event, because its receiver is gone.
async fn disabled(api: &Api, name: &str) -> String {
    let receiver = Receiver::answering([Reply::status(410)]).await;
    let id = api.create_webhook(&receiver.url, json!({"name": name})).await;
    api.deliver(&id, "{}").await;
    id
}

/// The subjects that a receiver and its recovery lead to.
fn all_of(name: &str) -> Vec<String> {
    ["is degraded", "is failing", "has recovered"].map(|change| format!("Webhook “{name}” {change}")).into()
}

fn sorted(mut subjects: Vec<String>) -> Vec<String> {
    subjects.sort_by_key(|subject| ["degraded", "failing", "recovered"].map(|end| !subject.ends_with(end)));
    subjects
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_address_is_told_once_about_each_change_of_its_own_orgs_webhooks() {
    let Some(server) = MailServer::start().await else { return };
    let world = world(server.mailer()).await;
    let other = world.admin_of("other").await;
    let told = told_are(&world.api, &[OPS, "nobody@example.com", "dev@example.com"]).await;
    assert_eq!(told["enabled"], true);
    told_are(&other, &["other@example.com"]).await;
    let observer = Receiver::ok().await;
    world.api.create_webhook(&observer.url, json!({"name": "observer", "event_types": TYPES})).await;
    recovering(&world.api, "orders").await;
    recovering(&other, "invoices").await;
    until("everybody is told", async || server.mails().len() == 9).await;
    for (address, name) in [(OPS, "orders"), ("dev@example.com", "orders"), ("other@example.com", "invoices")]
    {
        assert_eq!(sorted(server.subjects(address)), all_of(name), "{address}");
    }
    // The bus delivers at least once, and may deliver an event again.
    until("the observer is told", async || observer.calls() == 3).await;
    for (seen, detail_type) in observer.seen().iter().zip(["Degraded", "Failing", "Recovered"]) {
        let detail = String::from_utf8(seen.body.clone()).unwrap();
        let detail_type = format!("Webhook {detail_type}");
        put_as("hookstep", &world, &detail_type, &detail).await;
        put_as("somebody", &world, "Webhook Disabled", &detail).await;
    }
    // What follows in the same queue arrives after what came before.
    disabled(&world.api, "last").await;
    until("the last is told", async || server.mails().len() >= 11).await;
    let subjects = server.subjects(OPS);
    assert_eq!((subjects.len(), subjects[3].as_str()), (4, "Webhook “last” was disabled"), "{subjects:?}");
}

/// Puts an event on the bus in somebody's name.
async fn put_as(source: &str, world: &World, detail_type: &str, detail: &str) {
    let entry = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder()
        .event_bus_name("hookstep")
        .source(source)
        .detail_type(detail_type)
        .detail(detail);
    let put = world.host.clients().events.put_events().entries(entry.build()).send().await.unwrap();
    assert_eq!(put.failed_entry_count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_says_which_webhook_why_and_where_to_go() {
    let Some(server) = MailServer::start().await else { return };
    let world = world(server.mailer()).await;
    told_are(&world.api, &[OPS]).await;
    let id = disabled(&world.api, "Grüße “an” <alle>").await;
    until("the owner is told", async || !server.mails().is_empty()).await;
    let [mail] = <[Value; 1]>::try_from(server.mails()).unwrap();
    assert_eq!((&mail["from"], &mail["to"]), (&json!(SENDER), &json!([OPS])), "{mail}");
    let base = &world.api.base;
    let headers = &mail["headers"];
    for (name, value) in [
        ("subject", "Webhook “Grüße “an” <alle>” was disabled"),
        ("from", SENDER),
        ("to", OPS),
        ("auto-submitted", "auto-generated"),
    ] {
        assert_eq!(headers[name], value, "{mail}");
    }
    for name in ["date", "message-id"] {
        assert!(headers[name].is_string(), "{name}: {mail}");
    }
    let text = mail["text"].as_str().unwrap();
    for part in [
        "The webhook “Grüße “an” <alle>” of acme was disabled: Hookstep sends no more events to its receiver at 127.0.0.1.",
        "The reason: the receiver answered 410 Gone (webhook_disabled).",
        &format!("The webhook: {base}/console/webhooks/{id}"),
        &format!("have it removed at {base}/console/notifications"),
    ] {
        assert!(text.replace("\r\n", "\n").contains(part), "{part}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_that_is_down_or_silent_holds_up_nothing_and_gets_its_mail_later() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_url = format!("smtp://{}", silent.local_addr().unwrap());
    let port: u16 = closed_port().await.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
    for url in [silent_url, format!("smtp://127.0.0.1:{port}")] {
        let world = world(mailbox::mailer(&url)).await;
        told_are(&world.api, &[OPS]).await;
        let start = Instant::now();
        disabled(&world.api, "orders").await;
        let receiver = Receiver::ok().await;
        let healthy = world.api.create_webhook(&receiver.url, json!({})).await;
        assert_eq!(world.api.deliver(&healthy, "{}").await["status"], "succeeded");
        assert!(start.elapsed() < Duration::from_secs(10), "{url}: {:?}", start.elapsed());
        if url.ends_with(&port.to_string()) {
            let Some(server) = MailServer::at(port, None).await else { return };
            until("the owner is told", async || !server.mails().is_empty()).await;
            assert_eq!(server.subjects(OPS), ["Webhook “orders” was disabled"]);
        }
    }
}

/// With the program itself, which checks the certificate of the server against the authorities of the system.
#[tokio::test]
async fn a_password_goes_to_the_server_over_tls_and_nowhere_else() {
    const PASSWORD: &str = "a-needle-in-the-logs";
    let dir = Dir::new();
    let file = |name: &str, text: String| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (ca, leaf, key) = certificates();
    let (ca, leaf, key) = (file("ca.pem", ca), file("leaf.pem", leaf), file("key.pem", key));
    let secured = Secured { certificate: &leaf, key: &key, user: "hook", password: PASSWORD };
    let Some(server) = MailServer::at(0, Some(secured)).await else { return };
    let data = Dir::new();
    let mut program = serve(data.path(), FREE_PORT);
    program
        .env("HOOKSTEP_SMTP_URL", format!("smtps://hook:{PASSWORD}@127.0.0.1:{}", server.port))
        .env("SSL_CERT_FILE", &ca)
        .env("RUST_LOG", "trace")
        .args(["--mail-from", SENDER]);
    let host = Hookstep::started(Process::start(&mut program)).await;
    told_are(&host.api, &[OPS]).await;
    disabled(&host.api, "orders").await;
    until("the owner is told", async || !server.mails().is_empty()).await;
    let said = host.process.stdout() + &host.process.stderr();
    assert!(!said.contains(PASSWORD), "{said}");
    host.stop().await;
}

/// An authority, and a certificate for this machine with its key.
fn certificates() -> (String, String, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let leaf = params.signed_by(&key, &ca).unwrap();
    (ca.pem(), leaf.pem(), key.serialize_pem())
}

#[tokio::test]
async fn settings_that_send_no_mail_are_refused_without_being_repeated() {
    const URL: &str = "smtps://hook:a-needle@mail.example.com";
    for (settings, reason) in [
        (&[("HOOKSTEP_SMTP_URL", URL)][..], "--smtp-url and --mail-from belong together"),
        (&[("HOOKSTEP_MAIL_FROM", SENDER)], "--smtp-url and --mail-from belong together"),
        (
            &[("HOOKSTEP_MAIL_FROM", SENDER), ("HOOKSTEP_SMTP_URL", "smtp://hook:a-needle@mail.example.com")],
            "a password is sent to the SMTP server over TLS only",
        ),
        (&[("HOOKSTEP_MAIL_FROM", SENDER), ("HOOKSTEP_SMTP_URL", "a-needle")], "cannot be read"),
        (&[("HOOKSTEP_MAIL_FROM", "Hookstep"), ("HOOKSTEP_SMTP_URL", URL)], "must be an e-mail address"),
    ] {
        let dir = Dir::new();
        let mut program = serve(dir.path(), FREE_PORT);
        program.envs(settings.iter().copied());
        let (status, process) = run(&mut program).await;
        let said = process.stdout() + &process.stderr();
        assert!(
            !status.success() && said.contains(reason) && !said.contains("a-needle"),
            "{settings:?}: {said}"
        );
    }
    let help = output(command("hookstep").args(["serve", "--help"]).env("HOOKSTEP_SMTP_URL", URL)).await;
    assert!(help.contains("HOOKSTEP_SMTP_URL") && !help.contains("a-needle"), "{help}");
}

#[tokio::test]
async fn a_deployment_without_mails_says_what_its_operator_has_to_do() {
    let without = World::start().await;
    let silent = World::with_options(|options| {
        options.mailer = mailbox::mailer("smtp://127.0.0.1:9");
        options.publish = Publish::Nothing;
    })
    .await;
    for world in [without, silent] {
        let shown = world.api.get("/notifications").await.json();
        assert_eq!(shown, json!({"emails": [], "enabled": false}));
        let put = world.api.put("/notifications", &json!({"emails": [OPS]})).await;
        assert_eq!(put.wrong_field(), "emails");
        for setting in ["--smtp-url", "--mail-from", "MailFrom", "PublishEvents"] {
            assert!(put.problem(400)["detail"].as_str().unwrap().contains(setting), "{put:?}");
        }
        assert_eq!(told_are(&world.api, &[]).await, shown);
    }
}

#[tokio::test]
async fn addresses_are_kept_for_their_org_and_a_wrong_one_is_named() {
    let world = World::with_options(|options| options.mailer = mailbox::mailer("smtp://127.0.0.1:9")).await;
    let kept = json!({"emails": [OPS, "dev@example.com"], "enabled": true});
    assert_eq!(told_are(&world.api, &[OPS, "dev@example.com"]).await, kept);
    for (emails, field) in [
        (json!(["ops"]), "emails[0]"),
        (json!([OPS, "a@example.com\r\nBcc: b@example.com"]), "emails[1]"),
        (json!([OPS, "OPS@example.com"]), "emails[1]"),
        (json!(["1", "2", "3", "4", "5", "6"]), "emails"),
        (json!([7]), "emails[0]"),
        (json!(null), "emails"),
    ] {
        let put = world.api.put("/notifications", &json!({"emails": emails})).await;
        assert_eq!(put.wrong_field(), field, "{emails}");
    }
    assert_eq!(world.api.get("/notifications").await.json(), kept);
    // The item is beside the webhooks, and no webhook.
    assert_eq!(world.api.get("/webhook").await.json()["data"], json!([]));
    let other = world.admin_of("other").await;
    assert_eq!(other.get("/notifications").await.json(), json!({"emails": [], "enabled": true}));
    let reopened = world.reopen(|options| options.mailer = mailbox::mailer("smtp://127.0.0.1:9")).await;
    assert_eq!(reopened.api.get("/notifications").await.json(), kept);
}
