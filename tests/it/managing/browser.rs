//! The console in a real browser: `tests/browser/journey.mjs` in headless Chromium.
//!
//! With `HOOKSTEP_SCREENS=docs/screens` in the environment, also takes the README's screenshots (afterwards:
//! `pngquant --ext .png --force --strip docs/screens/*.png`).
#![expect(clippy::unwrap_used, reason = "a host that cannot be set up fails the test")]

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use hookstep_ambient::Sources;
use serde_json::json;
use time::OffsetDateTime;
use uuid::{NoContext, Timestamp, Uuid};

use super::pages::receivers::{failing, write_health};
use crate::world::node::packages;
use crate::world::process::{finished, workspace};
use crate::world::python::skip;
use crate::world::{Receiver, Reply, World};

const NAME: &str = "browser";
const LOSS: &str = "nobody looks at the console with a browser";

/// The path of Chromium on Debian and other distributions.
pub(super) fn chromium() -> Result<&'static str, String> {
    let paths = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    let found = paths.into_iter().find(|path| Path::new(path).exists());
    found.ok_or_else(|| "there is no Chromium: apt-get install chromium".to_owned())
}

/// The offset of the host's clock, in seconds: the past is written before the journey begins.
static LATER: AtomicI64 = AtomicI64::new(0);

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn clock() -> OffsetDateTime {
    OffsetDateTime::now_utc() + time::Duration::seconds(LATER.load(Ordering::Relaxed))
}

fn new_id() -> Uuid {
    let now = clock();
    let seconds = u64::try_from(now.unix_timestamp()).unwrap();
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, now.nanosecond()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_integrator_finds_and_mends_a_mistake() {
    let (chromium, packages) = match chromium().and_then(|path| Ok((path, packages(NAME, "tests/browser")?)))
    {
        Ok(found) => found,
        Err(reason) => return skip(NAME, LOSS, &reason),
    };
    let world =
        World::with_options(|options| options.sources = Sources { clock, new_id, ..options.sources }).await;
    write_the_past(&world).await;
    write_a_failing_receiver(&world).await;
    let taken = Reply::status(200).header("Content-Type", "application/json").body("{\"received\": true}");
    // The test, then what a page that polls every two seconds must show meanwhile, on a possibly busy
    // machine.
    let slow = |seconds| taken.clone().after(Duration::from_secs(seconds));
    let good = Receiver::answering([taken.clone(), slow(12), slow(4), taken.clone()]).await;
    let lost = Reply::status(404).header("Content-Type", "application/json");
    let bad = Receiver::answering([lost.body("{\"error\": \"no such route\", \"path\": \"/hook\"}")]).await;
    let screens = std::env::var_os("HOOKSTEP_SCREENS").map(|directory| workspace().join(directory));
    let told = json!({"base": world.api.base, "token": world.api.token, "good": good.url, "bad": bad.url,
        "screens": screens});
    let mut journey = tokio::process::Command::new("node");
    journey
        .arg(workspace().join("tests/browser/journey.mjs"))
        .arg(told.to_string())
        .env("BROWSER_PACKAGES", packages)
        .env("CHROMIUM", chromium);
    let journey = finished(&mut journey).await;
    let said = [journey.stdout, journey.stderr].concat();
    assert!(journey.status.success(), "{}", String::from_utf8_lossy(&said));
    // The values from the forms reached the receiver.
    let seen = good.seen();
    assert!(seen.iter().all(|request| request.header("x-team") == Some("orders")));
    assert!(
        seen.iter()
            .all(|request| request.header("authorization") == Some("Basic aG9va3N0ZXA6b3BlbiBzZXNhbWU="))
    );
    // The replay carries the failed event's id.
    assert_eq!(seen.last().unwrap().header("webhook-id"), bad.only().header("webhook-id"));
}

/// A webhook whose receiver takes no events, as far as anybody knows, and two events that wait for it.
async fn write_a_failing_receiver(world: &World) {
    let receiver = Receiver::ok().await;
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let named = json!({"name": "Returns", "url": receiver.url});
    assert_eq!(world.api.put(&format!("/webhook/{id}"), &named).await.status, 200);
    write_health(world, &id, Some(failing())).await;
    for _ in 0..2 {
        world.api.trigger(&id, "{\"sku\": \"A-4711\", \"quantity\": 1}").await;
    }
}

/// A day's traffic on a few webhooks.
async fn write_the_past(world: &World) {
    const DAY: i64 = 24;
    let well = Receiver::ok().await;
    let replies = (0..60).map(|number| Reply::status(if number % 4 == 0 { 500 } else { 200 }));
    let ill = Receiver::answering(replies).await;
    let mut ids = Vec::new();
    LATER.store(-DAY * 3600, Ordering::Relaxed);
    for (name, receiver, more) in [
        ("Billing", &well, json!({"auth": {"type": "api_key", "name": "X-Api-Key", "value": "4711-4711"}})),
        ("Warehouse", &ill, json!({"retry": {"schedule_seconds": []}})),
        ("Newsletter", &well, json!({"enabled": false})),
    ] {
        let id = world.api.create_webhook(&receiver.url, json!({})).await;
        let mut config = json!({"name": name, "url": receiver.url});
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(world.api.put(&format!("/webhook/{id}"), &config).await.status, 200);
        ids.push(id);
    }
    for hour in 1..=DAY {
        LATER.store((hour - DAY) * 3600 - 60, Ordering::Relaxed);
        for (id, number) in ids.iter().zip([1 + (hour * 7) % 5, 1 + (hour * 5) % 3, 1]) {
            for _ in 0..number {
                world.api.deliver(id, "{\"sku\": \"A-4711\", \"quantity\": 2}").await;
            }
        }
    }
    LATER.store(0, Ordering::Relaxed);
}
