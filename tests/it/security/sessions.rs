//! Sessions of the console: what their cookie is good for, how they are listed, and how they end.
#![expect(clippy::unwrap_used, reason = "an unexpected answer in a helper fails the test")]

use std::sync::atomic::{AtomicI64, Ordering};

use http::Method;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::world::{Answer, Api, NOBODY, World, http_client, moment};

/// A browser that is signed in: its cookie.
struct Browser {
    http: reqwest::Client,
    base: String,
    cookie: String,
    attributes: String,
}

impl Browser {
    async fn sign_in(api: &Api) -> Self {
        let http = http_client().redirect(Policy::none()).build().unwrap();
        let mut browser =
            Self { http, base: api.base.clone(), cookie: String::new(), attributes: String::new() };
        let answer = browser.post("/console/sign-in", format!("token={}", api.token)).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let set = answer.headers["set-cookie"].to_str().unwrap();
        let (cookie, attributes) = set.split_once(';').unwrap();
        (browser.cookie, browser.attributes) = (cookie.to_owned(), attributes.to_owned());
        browser
    }

    fn value(&self) -> &str {
        self.cookie.split_once('=').unwrap().1
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).header("cookie", &self.cookie)
    }

    async fn post(&self, path: &str, body: String) -> Answer {
        let form = "application/x-www-form-urlencoded";
        let request = self.request(Method::POST, path).header("sec-fetch-site", "same-origin");
        Answer::to(request.header("content-type", form).body(body)).await
    }

    async fn is_signed_in(&self) -> bool {
        Answer::to(self.request(Method::GET, "/")).await.status == 200
    }
}

async fn listed(api: &Api) -> Vec<Value> {
    let answer = api.get("/sessions").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["data"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cookie_of_a_session_is_no_token() {
    let world = World::start().await;
    let browser = Browser::sign_in(&world.api).await;
    assert!(browser.is_signed_in().await);
    assert_eq!(browser.attributes, " Path=/; Max-Age=43200; HttpOnly; SameSite=Lax");
    let value = browser.value();
    assert!(value.len() == 64 && !value.contains(&world.api.token), "{value}");
    for token in [value.to_owned(), format!("session#{}", hookstep_http_edge::hash_token(value))] {
        Api { token, ..world.api.clone() }.get("/webhook").await.problem(401);
    }
    // The API knows no cookies.
    Answer::to(browser.request(Method::GET, "/webhook")).await.problem(401);
    let found = std::fs::read(world.dir.path().join("hookstep.sqlite-wal")).unwrap();
    assert!(
        !found.windows(64).any(|window| window == value.as_bytes()),
        "the value is stored as its hash alone"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_listed_and_ended_by_their_own_org() {
    let (world, [first, second]) = {
        let world = World::start().await;
        let browsers = [Browser::sign_in(&world.api).await, Browser::sign_in(&world.api).await];
        (world, browsers)
    };
    let sessions = listed(&world.api).await;
    assert_eq!(sessions.len(), 2, "{sessions:?}");
    let session = &sessions[0];
    assert_eq!(session["token_name"], "admin");
    assert!(moment(&session["created_at"]) <= moment(&session["used_at"]));
    assert!(moment(&session["used_at"]) < moment(&session["ends_at"]));
    assert_eq!(listed_tokens(&world.api).await, 1, "a session is not listed as a token");

    let other = world.admin_of("other").await;
    assert!(listed(&other).await.is_empty());
    let path = format!("/sessions/{}", session["session_id"].as_str().unwrap());
    other.delete(&path).await.problem(404);
    world.api.delete(&format!("/sessions/{NOBODY}")).await.problem(404);
    assert!(first.is_signed_in().await);

    assert_eq!(world.api.delete(&path).await.status, 204);
    assert!(!first.is_signed_in().await, "the oldest session has ended");
    assert!(second.is_signed_in().await);
    world.api.delete(&path).await.problem(404);

    let page = Answer::to(second.request(Method::GET, "/console/sessions")).await;
    let page = String::from_utf8(page.body.to_vec()).unwrap();
    assert_eq!(page.matches("This one").count(), 1, "{page}");
    let id = listed(&world.api).await[0]["session_id"].as_str().unwrap().to_owned();
    assert_eq!(second.post(&format!("/console/sessions/{id}/end"), String::new()).await.status, 303);
    assert!(!second.is_signed_in().await);
}

async fn listed_tokens(api: &Api) -> usize {
    api.get("/tokens").await.json()["data"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_ends_the_session_and_not_only_the_cookie() {
    let world = World::start().await;
    let browser = Browser::sign_in(&world.api).await;
    assert_eq!(browser.post("/console/sign-out", String::new()).await.status, 303);
    assert!(!browser.is_signed_in().await);
    assert!(listed(&world.api).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ends_with_its_token() {
    let world = World::start().await;
    let made = world.api.post("/tokens", &json!({"name": "n", "scopes": ["read"]})).await.json();
    let reader = Api { token: made["token"].as_str().unwrap().to_owned(), ..world.api.clone() };
    let browser = Browser::sign_in(&reader).await;
    assert!(browser.is_signed_in().await);
    let path = format!("/tokens/{}", made["token_id"].as_str().unwrap());
    assert_eq!(world.api.delete(&path).await.status, 204);
    assert!(!browser.is_signed_in().await);
}

/// The clock's offset in the test of expiry, in seconds.
static LATER: AtomicI64 = AtomicI64::new(0);

fn clock() -> OffsetDateTime {
    (hookstep_ambient::Sources::system().clock)() + time::Duration::seconds(LATER.load(Ordering::Relaxed))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ends_without_use_and_after_a_day_in_any_case() {
    let world = World::with_options(|options| options.sources.clock = clock).await;
    let (used, unused) = (Browser::sign_in(&world.api).await, Browser::sign_in(&world.api).await);
    for hours in 1..12 {
        LATER.store(hours * 3600, Ordering::Relaxed);
        assert!(used.is_signed_in().await, "after {hours} hours");
    }
    assert!(!unused.is_signed_in().await, "after eleven hours without use");
    assert_eq!(listed(&world.api).await.len(), 1);
    LATER.store(12 * 3600 + 1, Ordering::Relaxed);
    assert!(!used.is_signed_in().await, "after twelve hours");
}
