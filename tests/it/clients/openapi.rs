//! The OpenAPI document matches the code: it describes every route, and nothing else.
//!
//! After changing a route, its input or its output: `UPDATE_OPENAPI=1 cargo nextest run --workspace -E
//! 'test(openapi::)'`.
#![expect(clippy::unwrap_used, reason = "a document that cannot be read fails the test")]

mod document;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::world::process::workspace;
use crate::world::{Answer, NOBODY, World};

const PATH: &str = "crates/management/openapi.json";

#[test]
fn the_document_is_as_the_code_says() {
    let (path, generated) = (workspace().join(PATH), document::generate());
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    let differs = kept.lines().zip(generated.lines()).position(|(kept, generated)| kept != generated);
    assert!(
        kept == generated,
        "{PATH} is out of date, from line {differs:?} (from 0): UPDATE_OPENAPI=1 writes it anew"
    );
}

/// Prefixes of routes outside the API: the fallback, the targets of presigned URLs, the host's stand-ins for
/// AWS, and the pages of the console and of the portal.
const OTHERS: [&str; 5] = ["/{*", "/hookstep-claims/", "/aws", "/console", "/portal"];

/// Every method and path in the routers. axum lists its paths only in its `Debug` output.
async fn served(world: &World) -> BTreeSet<String> {
    let router = format!("{:?}", world.host.router());
    let paths = router.split("RouteId(").filter_map(|entry| entry.split_once("): \"/")?.1.split_once('"'));
    let paths: BTreeSet<String> = paths.map(|(path, _)| format!("/{path}")).collect();
    let mut served = BTreeSet::new();
    for path in paths {
        if path == "/" || OTHERS.iter().any(|start| path.starts_with(start)) {
            continue;
        }
        let parts = path.split('/').map(|part| if part.starts_with('{') { NOBODY } else { part });
        let concrete = parts.collect::<Vec<_>>().join("/");
        let answer = Answer::to(world.api.request("BREW".parse().unwrap(), &concrete)).await;
        let allowed = answer.headers.get("allow").unwrap_or_else(|| panic!("{path}: {answer:?}"));
        for method in allowed.to_str().unwrap().split(',').filter(|method| *method != "HEAD") {
            served.insert(format!("{method} {path}"));
        }
    }
    served
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_names_the_routes_that_are_served_and_no_others() {
    let world = World::start().await;
    let document = world.api.get("/openapi.json").await.json();
    let paths = document["paths"].as_object().unwrap();
    let named: BTreeSet<String> = paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    assert_eq!(named, served(&world).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_can_read_the_document_and_its_page() {
    let world = World::start().await;
    for (path, kind) in [
        ("/openapi.json", "application/json"),
        ("/docs", "text/html; charset=utf-8"),
        ("/docs/style.css", "text/css; charset=utf-8"),
    ] {
        let answer = Answer::to(world.api.http.get(format!("{}{path}", world.api.base))).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let header = |name| answer.headers.get(name).map(|value| value.to_str().unwrap());
        assert_eq!(header("content-type"), Some(kind));
        assert_eq!(header("cache-control"), Some("public, max-age=300"));
        if path == "/docs" {
            let policy = header("content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
        }
    }
}

/// A reader with nothing but the document must know what to send and what comes back.
#[test]
fn every_operation_says_what_it_is_and_answers() {
    let document: Value = serde_json::from_str(&document::generate()).unwrap();
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let place = format!("{method} {path}");
            assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{place}: duplicate id");
            let tags = document["tags"].as_array().unwrap();
            assert!(tags.iter().any(|tag| tag["name"] == operation["tags"][0]), "{place} has an unknown tag");
            assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{place}");
            let scope = operation["x-required-scope"].as_str().unwrap();
            assert!(["trigger", "read", "manage", "platform", "none"].contains(&scope), "{place}");
            let responses = &operation["responses"];
            assert_eq!(scope == "none", responses["401"].is_null() && responses["403"].is_null(), "{place}");
            assert_eq!(path.contains('{'), responses["404"].is_object() && scope != "none", "{place}");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(parameter["description"].is_string(), "{place}: {parameter}");
            }
        }
    }
}
