//! The portal in a frame of another site, in headless Chromium: `tests/browser/portal.mjs`.

use serde_json::json;

use crate::managing::browser::chromium;
use crate::world::node::packages;
use crate::world::process::{finished, workspace};
use crate::world::python::skip;
use crate::world::{Receiver, Reply, World};

const NAME: &str = "browser";
const LOSS: &str = "nobody looks at the portal in a frame";

/// A site that is not that of the host, which is at `127.0.0.1`.
async fn site() -> (Receiver, String) {
    let page = "<!doctype html><html lang=en><title>A product</title>\
        <style>body { margin: 0 } iframe { border: 0; width: 100%; height: 700px; display: block }</style>\
        <main><h1>A product</h1></main>";
    let page = Reply::status(200).header("Content-Type", "text/html").body(page);
    let site = Receiver::answering([page]).await;
    let url = site.url.replace("127.0.0.1", "localhost").replace("/hook", "/");
    (site, url)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_uses_the_portal_in_a_page_of_another_product() {
    let (chromium, packages) = match chromium().and_then(|path| Ok((path, packages(NAME, "tests/browser")?)))
    {
        Ok(found) => found,
        Err(reason) => return skip(NAME, LOSS, &reason),
    };
    let ((_product, product), (_stranger, stranger)) = (site().await, site().await);
    let origin = product.trim_end_matches('/').parse().unwrap();
    let world = World::with_options(|options| options.frame_origins = origin).await;
    let receiver = Receiver::ok().await;
    let id = world.api.create_webhook(&receiver.url, json!({"name": "Embedded"})).await;
    world.api.deliver(&id, "{}").await;
    let told = json!({"base": world.api.base, "token": world.api.token, "product": product, "stranger": stranger,
        "webhook": id});
    let mut journey = tokio::process::Command::new("node");
    journey
        .arg(workspace().join("tests/browser/portal.mjs"))
        .arg(told.to_string())
        .env("BROWSER_PACKAGES", packages)
        .env("CHROMIUM", chromium);
    let journey = finished(&mut journey).await;
    let said = [journey.stdout, journey.stderr].concat();
    assert!(journey.status.success(), "{}", String::from_utf8_lossy(&said));
}
