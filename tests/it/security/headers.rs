//! The headers that protect an answer: on every operation of the OpenAPI document, on refusals and on pages.

use http::Method;
use serde_json::json;

use crate::world::{Answer, NOBODY, World};

/// What is the same for everybody and may be cached.
const PUBLIC: [&str; 6] = [
    "/openapi.json",
    "/docs",
    "/docs/style.css",
    "/.well-known/webhook-public-key",
    "/.well-known/jwks.json",
    "/.well-known/source-addresses",
];

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |value| value.to_str().unwrap_or_default())
}

/// Every method and path of the document, and of what is outside it.
async fn requests(world: &World) -> Vec<(Method, String)> {
    let document = world.api.get("/openapi.json").await.json();
    let paths = document["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flat_map(|item| item.keys());
        methods.map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
    });
    let others = [
        ("GET", "/"),
        ("GET", "/console/sign-in"),
        ("GET", "/console/nothing"),
        ("GET", "/nothing"),
        ("BREW", "/webhook"),
        ("GET", "/hookstep-claims/claims/a"),
        ("POST", "/aws"),
    ];
    let others = others.map(|(method, path)| (method.to_owned(), path.to_owned()));
    let all = operations.chain(others).map(|(method, path)| {
        let filled = path.split('/').map(|part| if part.starts_with('{') { NOBODY } else { part });
        let method = method.parse().unwrap_or_else(|_| panic!("{method}"));
        (method, filled.collect::<Vec<_>>().join("/"))
    });
    all.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_protected_by_its_headers() {
    for (url, hsts) in [("https://hooks.example.com", "max-age=31536000"), ("http://hooks.example.com", "")] {
        let world = World::with_options(|options| options.public_url = url.to_owned()).await;
        for (method, path) in requests(&world).await {
            let with_token = world.api.request(method.clone(), &path).body("{}");
            let without =
                world.api.http.request(method.clone(), format!("{}{path}", world.api.base)).body("{}");
            for request in [with_token, without] {
                let answer = Answer::to(request).await;
                let place = format!("{method} {path}: {answer:?}");
                assert_eq!(header(&answer, "x-content-type-options"), "nosniff", "{place}");
                assert_eq!(header(&answer, "strict-transport-security"), hsts, "{place}");
                let is_public = PUBLIC.contains(&path.as_str()) && answer.status == 200;
                let cached = header(&answer, "cache-control");
                assert_eq!(cached.starts_with("public"), is_public, "{place}: {cached}");
                assert!(is_public || cached == "no-store", "{place}: {cached}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_shows_a_secret_is_stored_nowhere() {
    let world = World::start().await;
    let webhook = world.api.post("/webhook", &json!({"name": "n", "url": "https://example.com"})).await;
    let path = format!("/webhook/{}/rotate-secret", webhook.json()["config_id"].as_str().unwrap_or_default());
    let rotated = world.api.post(&path, &json!({})).await;
    let token = world.api.post("/tokens", &json!({"name": "n", "scopes": ["read"]})).await;
    for answer in [&webhook, &rotated, &token] {
        assert!(answer.status < 300, "{answer:?}");
        assert_eq!(header(answer, "cache-control"), "no-store");
    }
}
