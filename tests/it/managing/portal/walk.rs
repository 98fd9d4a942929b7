//! Every route of the console, by every role. A route that is not in the table below fails the test, and so does one that the table
//! opens to others than the console does.

use std::collections::BTreeMap;

use hookstep_console::page_routes;
use http::Method;
use serde_json::json;

use super::{Portal, ROLES};
use crate::world::{NOBODY, Receiver, World};

/// Who may use a route in the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    /// Everybody.
    All,
    /// No role.
    Never,
    /// This role and those after it.
    From(&'static str),
    /// The same, if the session is not limited to some webhooks.
    Whole(&'static str),
}

use Open::{All, From, Never, Whole};

const WEBHOOK: &str = "/console/webhooks/{config_id}";

/// Every route: method, path, and who may use it. `~` stands for the page of a webhook. Those that delete come last.
const ROUTES: [(&str, &str, Open); 57] = [
    ("GET", "/", From("view")),
    ("GET", "/console", All),
    ("GET", "/console/", All),
    ("GET", "/console/assets/{name}", All),
    ("GET", "/console/audit", Never),
    ("GET", "/console/erasures", Never),
    ("POST", "/console/erasures", Never),
    ("GET", "/console/event-types", Never),
    ("GET", "/console/event-types/{event_type}", Never),
    ("GET", "/console/events", Whole("view")),
    ("GET", "/console/notifications", Whole("manage")),
    ("POST", "/console/notifications", Whole("manage")),
    ("POST", "/console/preview", Whole("manage")),
    ("GET", "/console/sessions", Never),
    ("POST", "/console/sessions/{session_id}/end", Never),
    ("GET", "/console/sign-in", Never),
    ("POST", "/console/sign-in", Never),
    ("POST", "/console/sign-out", Never),
    ("GET", "/console/signed-in", Never),
    ("GET", "/console/tokens", Never),
    ("POST", "/console/tokens", Never),
    ("GET", "/console/tokens/{token_id}/created", Never),
    ("POST", "/console/tokens/{token_id}/created", Never),
    ("GET", "/console/tokens/{token_id}/revoke", Never),
    ("POST", "/console/tokens/{token_id}/revoke", Never),
    ("GET", "/console/webhooks/new", Whole("manage")),
    ("POST", "/console/webhooks/new", Whole("manage")),
    ("GET", "/portal", All),
    ("GET", "/portal/hookstep-portal.js", All),
    ("POST", "/portal/session", All),
    ("GET", "/portal/theme.css", All),
    ("GET", "~", From("view")),
    ("GET", "~/charts", From("view")),
    ("POST", "~/chosen", From("replay")),
    ("GET", "~/delete", From("manage")),
    ("GET", "~/edit", From("manage")),
    ("POST", "~/edit", From("manage")),
    ("POST", "~/enabled", From("manage")),
    ("GET", "~/events", From("view")),
    ("GET", "~/events/{event_id}", From("view")),
    ("POST", "~/events/{event_id}/cancel", From("replay")),
    ("GET", "~/events/{event_id}/payload", From("view")),
    ("POST", "~/events/{event_id}/replay", From("replay")),
    ("GET", "~/lane", From("view")),
    ("POST", "~/preview", From("manage")),
    ("GET", "~/receiver", From("view")),
    ("GET", "~/recover", From("replay")),
    ("POST", "~/recover", From("replay")),
    ("GET", "~/replays/{replay_id}", From("view")),
    ("GET", "~/rotate-secret", From("manage_secrets")),
    ("POST", "~/rotate-secret", From("manage_secrets")),
    ("GET", "~/secret", From("manage_secrets")),
    ("POST", "~/secret", From("manage_secrets")),
    ("GET", "~/test", From("replay")),
    ("POST", "~/test", From("replay")),
    ("POST", "~/test-auth", From("manage")),
    ("POST", "~/delete", From("manage")),
];

fn whole(path: &str) -> String {
    path.replacen('~', WEBHOOK, 1)
}

fn may(open: Open, role: &str, is_limited: bool) -> bool {
    let reaches = |least: &str| {
        let rank = |role: &str| ROLES.iter().position(|name| *name == role);
        rank(role) >= rank(least)
    };
    match open {
        All => true,
        Never => false,
        From(least) => reaches(least),
        Whole(least) => reaches(least) && !is_limited,
    }
}

/// Whether a session may use the route of this address.
pub(super) fn allows(method: &str, address: &str, role: &str, is_limited: bool) -> bool {
    let path: Vec<_> = address.split(['?', '#']).next().unwrap_or_default().split('/').collect();
    let fits = |route: &str| {
        let route: Vec<_> = route.split('/').collect();
        route.len() == path.len()
            && route.iter().zip(&path).all(|(part, given)| part.starts_with('{') || part == given)
    };
    let routes = ROUTES.iter().filter(|(of, ..)| *of == method).map(|(_, path, open)| (whole(path), *open));
    // A name goes before a parameter, as in the router.
    let found = routes.filter(|(route, _)| fits(route)).min_by_key(|(route, _)| route.matches('{').count());
    found.is_some_and(|(_, open)| may(open, role, is_limited))
}

#[test]
fn the_table_has_every_route() {
    let mut listed: BTreeMap<String, Open> =
        ROUTES.iter().map(|(method, path, open)| (format!("{method} {}", whole(path)), *open)).collect();
    for (method, path) in page_routes() {
        let route = format!("{method} {path}");
        assert!(listed.remove(&route).is_some(), "{route}: say in the table who may use it in the portal");
    }
    assert!(listed.is_empty(), "{listed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_is_open_to_the_roles_that_it_names_and_to_no_other() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    for role in ROLES {
        for is_limited in [false, true] {
            let id = world.api.create_webhook(&receiver.url, json!({})).await;
            let other = world.api.create_webhook(&receiver.url, json!({})).await;
            let event = world.api.deliver(&id, "{}").await;
            let event_id = event["event_id"].as_str().unwrap();
            let webhooks = if is_limited { json!([id]) } else { json!(null) };
            let portal = Portal::open(&world.api, json!({"role": role, "webhooks": webhooks})).await;
            for (method, path, open) in ROUTES {
                let path = whole(path).replace("{event_id}", event_id);
                let method: Method = method.parse().unwrap();
                let place = format!("{method} {path} by {role}, limited: {is_limited}");
                let filled = |id: &str| {
                    let parts = path.replace("{config_id}", id);
                    let parts: Vec<_> = parts
                        .split('/')
                        .map(|part| if part.starts_with('{') { NOBODY } else { part })
                        .collect();
                    parts.join("/")
                };
                let of_other = is_limited && path.contains("{config_id}") && open != Never;
                if of_other {
                    let answer = portal.request(method.clone(), &filled(&other), "").await;
                    assert_eq!(answer.status, 404, "{place}: {answer:?}");
                }
                let answer = portal.request(method, &filled(&id), "").await;
                assert_eq!(answer.status != 403, may(open, role, is_limited), "{place}: {answer:?}");
                if !path.starts_with("/portal/") {
                    assert_ne!(answer.status, 401, "{place}: {answer:?}");
                }
            }
            // What was deleted was this webhook, if any.
            let left = world.api.get(&format!("/webhook/{other}")).await;
            assert_eq!(left.status, 200);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_session_the_portal_opens_nothing() {
    let world = World::start().await;
    let id = world.api.create_webhook("https://example.com/", json!({})).await;
    let stranger = Portal::new(&world.api);
    for (method, path, open) in ROUTES.into_iter().filter(|(.., open)| *open != All) {
        let path = whole(path).replace("{config_id}", &id);
        let filled: Vec<_> =
            path.split('/').map(|part| if part.starts_with('{') { NOBODY } else { part }).collect();
        let answer = stranger.request(method.parse().unwrap(), &filled.join("/"), "").await;
        assert_eq!(answer.status, 401, "{method} {path}, {open:?}: {answer:?}");
    }
}
