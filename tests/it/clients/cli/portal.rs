//! `hookstep portal`, which also is the Rust client's way to make links.

use serde_json::json;

use super::{ended, hookstep, lines};
use crate::world::{Answer, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_into_the_portal_is_printed() {
    let world = World::start().await;
    let id = world.api.create_webhook("https://example.com/", json!({})).await;
    let args =
        ["portal", "acme", "--role", "replay", "--expires-in", "600", "--locale", "de", "--webhook", &id];
    let made = ended(&mut hookstep(&world, &args)).await;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let link = made.stdout.trim().split_once("/portal#link=").unwrap().1.to_owned();
    assert!(!made.stderr.contains(&link), "{}", made.stderr);
    let form = "application/x-www-form-urlencoded";
    let open = world.api.http.post(format!("{}/portal/session", world.api.base)).header("content-type", form);
    let open = open.header("sec-fetch-site", "same-origin").body(format!("link={link}"));
    assert_eq!(Answer::to(open).await.status, 200);
    let json = ended(&mut hookstep(&world, &["portal", "acme", "--json"])).await;
    assert_eq!((lines(&json.stdout)[0]["role"].as_str(), json.code), (Some("view"), Some(0)));
    let wrong = ended(&mut hookstep(&world, &["portal", "acme", "--expires-in", "1"])).await;
    assert_eq!((wrong.code, wrong.stdout.as_str()), (Some(4), ""));
    assert!(wrong.stderr.contains("expires_in"), "{}", wrong.stderr);
}
