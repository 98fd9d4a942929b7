//! What a session shows: only its webhooks, only what its role may do, and secrets only to whom they are for.

use std::collections::{BTreeSet, VecDeque};

use hookstep_contract::Scope;
use serde_json::json;

use super::walk::allows;
use super::{Portal, ROLES};
use crate::world::{Receiver, Reply, World};

/// The values of an attribute in a page, if they are addresses of the console.
fn values(page: &str, name: &str) -> Vec<String> {
    let start = format!(" {name}=\"");
    let values = page.split(&start).skip(1).filter_map(|rest| rest.split('"').next());
    values.filter(|value| value.starts_with('/')).map(|value| value.replace("&amp;", "&")).collect()
}

/// The addresses that a page leads to or loads.
pub(super) fn links(page: &str) -> Vec<String> {
    ["href", "data-live", "data-load", "data-fetch", "data-follows"]
        .iter()
        .flat_map(|name| values(page, name))
        .collect()
}

/// The addresses to which its forms are sent.
fn forms(page: &str) -> Vec<String> {
    let tags = page.split("<form").skip(1).filter_map(|rest| rest.split('>').next());
    let posts = tags.filter(|tag| tag.contains("method=\"post\"")).flat_map(|tag| values(tag, "action"));
    posts.chain(values(page, "formaction")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_has_a_link_or_a_form_that_the_session_does_not_allow() {
    let (world, receiver) = (World::start().await, Receiver::answering([Reply::status(500)]).await);
    let retries = json!({"retry": {"schedule_seconds": []}, "auth": {"type": "basic", "username": "u", "password": "p"}});
    let id = world.api.create_webhook(&receiver.url, retries).await;
    world.api.create_webhook(&receiver.url, json!({"name": "planted-other"})).await;
    world.api.deliver(&id, "{}").await;
    for role in ROLES {
        for webhooks in [json!(null), json!([id])] {
            let is_limited = webhooks.is_array();
            let portal = Portal::open(&world.api, json!({"role": role, "webhooks": webhooks})).await;
            let (mut seen, mut sent) = (BTreeSet::new(), BTreeSet::new());
            let mut waiting = VecDeque::from(["/".to_owned()]);
            while let Some(path) = waiting.pop_front() {
                let route = path.split(['?', '#']).next().unwrap().to_owned();
                if route.starts_with("/console/assets/") || !seen.insert(route.clone()) {
                    continue;
                }
                let answer = portal.get(&path).await;
                assert_eq!(answer.status, 200, "{path} by {role}, limited: {is_limited}: {answer:?}");
                let page = String::from_utf8_lossy(&answer.body).into_owned();
                assert!(!(is_limited && page.contains("planted-other")), "{path} by {role}");
                waiting.extend(links(&page));
                sent.extend(forms(&page));
            }
            for form in &sent {
                assert!(allows("POST", form, role, is_limited), "{form} by {role}, limited: {is_limited}");
            }
            // It went everywhere.
            let reaches = |paths: &BTreeSet<String>, end: &str| paths.iter().any(|path| path.ends_with(end));
            let rank = ROLES.iter().position(|name| *name == role).unwrap();
            let pages =
                ["/charts", "/test", "/edit", "/rotate-secret", "/new"].map(|end| reaches(&seen, end));
            assert_eq!(pages, [true, rank > 0, rank > 1, rank > 2, rank > 1 && !is_limited], "{seen:?}");
            assert_eq!(
                ["/replay", "/enabled"].map(|end| reaches(&sent, end)),
                [rank > 0, rank > 1],
                "{sent:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_secret_is_shown_to_the_role_that_may_see_it() {
    let world = World::start().await;
    let form =
        "name=made&url=https%3A%2F%2Fexample.com%2F&method=POST&enabled=on&timeout_seconds=30&auth=none";
    let blind = Portal::open(&world.api, json!({"role": "manage"})).await;
    let created = blind.post("/console/webhooks/new", form).await;
    assert_eq!(created.status, 303, "{created:?}");
    let place = created.headers["location"].to_str().unwrap();
    assert!(!blind.page(place).await.contains("rotate-secret"));
    let seeing = Portal::open(&world.api, json!({"role": "manage_secrets"})).await;
    let created = seeing.post("/console/webhooks/new", form).await;
    let rotate = format!("{}/rotate-secret", place.split('?').next().unwrap());
    let rotated = seeing.post(&rotate, "overlap_hours=24&revision=1").await;
    for answer in [created, rotated] {
        let page = String::from_utf8_lossy(&answer.body);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(page.contains("whsec_") && !page.contains("ten minutes"), "{page}");
        assert!(answer.headers["content-location"].to_str().unwrap().ends_with("/secret"));
        assert!(answer.headers.get("set-cookie").is_none(), "a frame has no cookies");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_site_makes_a_browser_send_does_nothing() {
    let world = World::start().await;
    let id = world.api.create_webhook("https://example.com/", json!({})).await;
    let portal = Portal::open(&world.api, json!({"role": "manage"})).await;
    let url = format!("{}/console/webhooks/{id}/delete", portal.base);
    // Not even with the header, which no form can send.
    let request = portal.http.post(url).header("hookstep-portal", &portal.session);
    let answer = crate::world::Answer::to(request.header("sec-fetch-site", "cross-site")).await;
    assert_eq!(answer.status, 403, "{answer:?}");
    assert_eq!(world.api.get(&format!("/webhook/{id}")).await.status, 200);
    // A token of the org does not open the portal, whatever it may do.
    let token = world.with_scopes(&[Scope::Read, Scope::Manage]).await.token;
    let forged = Portal { session: token, ..portal };
    assert_eq!(forged.get("/").await.status, 401);
}
