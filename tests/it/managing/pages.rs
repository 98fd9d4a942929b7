//! The console: its pages, and who may see them. Their behaviour in a browser is tested in `browser`.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

mod audit;
mod catalogue;
mod events;
mod filters_and_transforms;
mod forms;
mod limits;
mod long_search;
mod notifications;
mod org_events;
pub(super) mod receivers;
mod webhook_list;

use hookstep_contract::Scope;
use http::Method;
use reqwest::redirect::Policy;
use serde_json::json;

use crate::world::{Answer, Api, NOBODY, Receiver, Reply, World, http_client};

const SIGN_IN: &str = "/console/sign-in";

/// The maximum size of a page with everything it loads, uncompressed.
const MAX_BYTES: usize = 100_000;

/// A headless HTTP client: it does not store cookies or follow redirects.
pub(super) struct Browser {
    http: reqwest::Client,
    base: String,
    cookie: String,
}

impl Browser {
    fn new(world: &World) -> Self {
        let http = http_client().redirect(Policy::none()).build().unwrap();
        Self { http, base: world.api.base.clone(), cookie: String::new() }
    }

    /// A signed-in browser.
    pub(super) async fn signed_in(world: &World, who: &Api) -> Self {
        let browser = Self::new(world);
        let answer = browser.post(SIGN_IN, &[("token", &who.token)]).await;
        assert_eq!((answer.status, location(&answer)), (303, "/console/signed-in"), "{answer:?}");
        Self { cookie: set_cookie(&answer).split(';').next().unwrap().to_owned(), ..browser }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).header("cookie", &self.cookie)
    }

    async fn get(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::GET, path)).await
    }

    /// The text of an existing page.
    pub(super) async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        text(&answer)
    }

    /// Submits a form of a console page.
    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        Answer::to(self.form(path, fields).header("sec-fetch-site", "same-origin")).await
    }

    /// The page to which a form leads, with the secret that it shows.
    async fn next_page(&self, answer: &Answer) -> String {
        assert_eq!(answer.status, 303, "{answer:?}");
        let cookie = format!("{}; {}", self.cookie, set_cookie(answer).split(';').next().unwrap());
        let next = Self { http: self.http.clone(), base: self.base.clone(), cookie };
        next.page(location(answer)).await
    }

    fn form(&self, path: &str, fields: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let body = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
        self.request(Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.collect::<Vec<_>>().join("&"))
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

fn location(answer: &Answer) -> &str {
    header(answer, "location")
}

fn set_cookie(answer: &Answer) -> &str {
    header(answer, "set-cookie")
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.to_vec()).unwrap()
}

/// The URLs that a page loads.
fn loaded(page: &str) -> Vec<&str> {
    page.split('"').filter(|part| part.starts_with("/console/assets/")).collect()
}

/// The hidden revision field of a form.
fn revision(page: &str) -> &str {
    page.split("name=\"revision\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap()
}

/// The minimum fields of a webhook's form.
fn webhook_form<'a>(name: &'a str, url: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("name", name),
        ("url", url),
        ("method", "POST"),
        ("enabled", "on"),
        ("timeout_seconds", "30"),
        ("auth", "none"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_sees_a_page_without_signing_in() {
    let world = World::start().await;
    let id = world.api.create_webhook("https://example.com/", json!({})).await;
    let stranger = Browser::new(&world);
    assert_eq!(location(&stranger.get("/").await), SIGN_IN);
    for tried in ["/console", "/console/"] {
        assert_eq!(location(&stranger.get(tried).await), "/", "{tried}");
    }
    for path in pages(&id, NOBODY) {
        let answer = stranger.get(&path).await;
        assert_eq!(answer.status, 303, "{path}");
        let next = format!("{SIGN_IN}?next={}", path.replace('/', "%2F"));
        assert_eq!(location(&answer), next);
    }
    let answer =
        stranger.post(SIGN_IN, &[("token", &world.api.token), ("next", "/console/webhooks/new")]).await;
    assert_eq!(location(&answer), "/console/signed-in?next=%2Fconsole%2Fwebhooks%2Fnew");
    for wrong in ["", "hookstep_unknown"] {
        let answer = stranger.post(SIGN_IN, &[("token", wrong)]).await;
        assert_eq!((answer.status, set_cookie(&answer)), (422, ""));
        assert!(!text(&answer).contains("hookstep_unknown"), "{answer:?}");
    }
    let answer = stranger.get("/console/signed-in").await;
    assert_eq!(location(&answer), "/console/sign-in?reason=cookie");
    assert!(stranger.page(location(&answer)).await.contains("needs https"));
}

/// The pages of a webhook and of an event.
fn pages(id: &str, event_id: &str) -> Vec<String> {
    let mut pages = vec!["/console/webhooks/new".to_owned()];
    for part in [
        "",
        "/charts",
        "/lane",
        "/receiver",
        "/edit",
        "/delete",
        "/rotate-secret",
        "/test",
        "/recover",
        "/events",
    ] {
        pages.push(format!("/console/webhooks/{id}{part}"));
    }
    pages.push(format!("/console/webhooks/{id}/events/{event_id}"));
    pages
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_a_cookie_that_scripts_and_other_sites_do_not_get() {
    let world = World::start().await;
    let browser = Browser::new(&world);
    let form =
        || browser.form(SIGN_IN, &[("token", &world.api.token)]).header("sec-fetch-site", "same-origin");
    let plain = Answer::to(form()).await;
    let cookie = set_cookie(&plain);
    assert!(
        cookie.starts_with("hookstep=")
            && cookie.ends_with("; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax")
    );
    assert!(!cookie.contains(&world.api.token) && !location(&plain).contains(&world.api.token));
    let secure = Answer::to(form().header("x-forwarded-proto", "https")).await;
    let cookie = set_cookie(&secure);
    assert!(cookie.starts_with("__Host-hookstep=") && cookie.ends_with("; SameSite=Lax; Secure"), "{cookie}");

    let browser = Browser::signed_in(&world, &world.api).await;
    assert_eq!(
        location(&browser.get("/console/signed-in?next=%2Fconsole%2Ftokens").await),
        "/console/tokens"
    );
    assert_eq!(location(&browser.get("/console/signed-in?next=%2F%2Fevil.example").await), "/");
    let answer = browser.post("/console/sign-out", &[]).await;
    assert!(set_cookie(&answer).starts_with("hookstep=; Path=/; Max-Age=0"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_does_not_know_the_cookie() {
    let world = World::start().await;
    let id = world.api.create_webhook("https://example.com/", json!({})).await;
    let browser = Browser::signed_in(&world, &world.api).await;
    for path in ["/webhook".to_owned(), format!("/webhook/{id}"), format!("/webhook/{id}/events")] {
        browser.get(&path).await.problem(401);
    }
    Answer::to(browser.request(Method::DELETE, &format!("/webhook/{id}"))).await.problem(401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_changed_by_another_site() {
    let world = World::start().await;
    let id = world.api.create_webhook("https://example.com/", json!({})).await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let delete = || browser.form(&format!("/console/webhooks/{id}/delete"), &[]);
    let refused = [
        delete(),
        delete().header("sec-fetch-site", "cross-site"),
        delete().header("sec-fetch-site", "same-site"),
        delete().header("sec-fetch-site", "none"),
        delete().header("sec-fetch-site", "cross-site").header("origin", &world.api.base),
        delete().header("origin", "https://evil.example"),
        delete().header("origin", "null"),
    ];
    for request in refused {
        assert_eq!(Answer::to(request).await.status, 403);
    }
    assert_eq!(world.api.get(&format!("/webhook/{id}")).await.status, 200);
    // An old browser.
    let answer = Answer::to(delete().header("origin", &world.api.base)).await;
    assert_eq!(location(&answer), "/?done=deleted", "{answer:?}");
    world.api.get(&format!("/webhook/{id}")).await.problem(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_only_read_is_shown_nothing_that_would_be_refused() {
    let (world, receiver) = (World::start().await, Receiver::answering([Reply::status(404)]).await);
    let id = world
        .api
        .create_webhook(&receiver.url, json!({"auth": {"type": "api_key", "name": "X-Key", "value": "v"}}))
        .await;
    let event = world.api.deliver(&id, "{}").await;
    let event_id = event["event_id"].as_str().unwrap();
    let reader = Browser::signed_in(&world, &world.with_scopes(&[Scope::Read]).await).await;
    let paths = [
        "/".to_owned(),
        format!("/console/webhooks/{id}"),
        format!("/console/webhooks/{id}/events/{event_id}"),
    ];
    for path in &paths {
        let page = reader.page(path).await;
        assert!(page.contains("Read only"), "{path}");
        let actions: Vec<_> = page.split("method=\"post\"").skip(1).collect();
        assert!(actions.len() == 1 && actions[0].contains("Sign out"), "{path}: {page}");
        for action in ["/edit", "/delete", "/rotate-secret", "/test", "/recover", "/replay", "/new"] {
            assert!(!page.contains(&format!("{action}\"")), "{path} {action}");
        }
    }
    for action in ["new", &format!("{id}/edit"), &format!("{id}/delete"), &format!("{id}/rotate-secret")] {
        let path = format!("/console/webhooks/{action}");
        assert_eq!(reader.get(&path).await.status, 403, "{path}");
        assert_eq!(
            reader.post(&path, &webhook_form("n", "https://example.com/")).await.status,
            403,
            "{path}"
        );
    }
    for action in ["enabled", "test-auth", "test", "recover", &format!("events/{event_id}/replay")] {
        assert_eq!(reader.post(&format!("/console/webhooks/{id}/{action}"), &[]).await.status, 403);
    }
    let producer = world.with_scopes(&[Scope::Trigger]).await;
    assert_eq!(Browser::new(&world).post(SIGN_IN, &[("token", &producer.token)]).await.status, 422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_of_another_org_are_not_there() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let event = world.api.deliver(&id, "{}").await;
    let other = Browser::signed_in(&world, &world.admin_of("other").await).await;
    for path in pages(&id, event["event_id"].as_str().unwrap()).into_iter().skip(1) {
        assert_eq!(other.get(&path).await.status, 404, "{path}");
    }
    for action in ["enabled", "edit", "delete", "rotate-secret", "test-auth", "test"] {
        let path = format!("/console/webhooks/{id}/{action}");
        assert_eq!(other.post(&path, &[]).await.status, 404, "{path}");
    }
    assert!(other.page("/").await.contains("No webhooks yet"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_small_strict_and_never_kept() {
    let replies = [Reply::status(404).body(format!("{{\"a\":\"{}\"}}", "x".repeat(70_000)))];
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let mut event_id = String::new();
    for _ in 0..30 {
        event_id = world.api.deliver(&id, "{}").await["event_id"].as_str().unwrap().to_owned();
    }
    let browser = Browser::signed_in(&world, &world.api).await;
    let others = [
        "/",
        SIGN_IN,
        "/console/events",
        "/console/events?type=%22%3E&text=x",
        "/console/notifications",
        "/console/nothing",
        &format!("/console/webhooks/{NOBODY}"),
    ]
    .map(str::to_owned);
    for path in pages(&id, &event_id).into_iter().chain(others) {
        let answer = browser.get(&path).await;
        let policy = header(&answer, "content-security-policy");
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header(&answer, "cache-control"), "no-store", "{path}");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff", "{path}");
        assert!(header(&answer, "content-type").starts_with("text/html"), "{path}");
        let page = text(&answer);
        assert!(
            !page.contains("style=\"") && !page.contains("<style") && !page.contains("javascript:"),
            "{path}"
        );
        let mut bytes = page.len();
        for file in loaded(&page) {
            let file = browser.get(file).await;
            assert_eq!(header(&file, "cache-control"), "public, max-age=31536000, immutable");
            bytes += file.body.len();
        }
        assert!(bytes < MAX_BYTES, "{path}: {bytes} bytes");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_wrote_is_only_text() {
    const HOSTILE: &str = "\"><script>alert(1)</script><img src=x onerror=alert(1)>";
    let replies =
        [Reply::status(500).header("X-Hostile", HOSTILE).body(format!("{{\"a\": {}}}", json!(HOSTILE)))];
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let fields = json!({"name": HOSTILE, "headers": {"X-Team": HOSTILE}, "auth": {"type": "basic", "username": HOSTILE,
        "password": "p"}, "retry": {"schedule_seconds": []}});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    let request = world.api.triggering(&id, "", "{}").header("x-correlation-id", HOSTILE);
    let event_id = crate::world::accepted(&Answer::to(request).await);
    world.api.ended(&id, &event_id).await;
    let browser = Browser::signed_in(&world, &world.api).await;
    for path in pages(&id, &event_id).into_iter().chain(["/", "/console/events"].map(str::to_owned)) {
        let page = browser.page(&path).await;
        assert!(!page.contains("<script>") && !page.contains("<img"), "{path}: {page}");
        let shows_no_name = ["/new", "/charts", "/lane", "/receiver"].iter().any(|end| path.ends_with(end));
        assert!(shows_no_name || page.contains("&lt;script&gt;"), "{path}");
    }
    let query = encoded(HOSTILE);
    for path in [
        format!("/console/webhooks/{id}?q={query}&status="),
        format!("/console/events?correlation_id={query}"),
        format!("{SIGN_IN}?next={query}"),
    ] {
        assert!(!browser.page(&path).await.contains("<script>"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_has_a_token_or_a_secret() {
    const SECRETS: [&str; 3] = ["pass-word-secret", "client-secret-value", "parameter-secret"];
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let basic = json!({"auth": {"type": "basic", "username": "u", "password": SECRETS[0]}});
    let oauth = json!({"auth": {"type": "oauth_client_credentials", "token_url": receiver.url, "client_id": "c",
        "client_secret": SECRETS[1], "parameters": [{"in": "body", "name": "audience", "value": SECRETS[2]}]}});
    let browser = Browser::signed_in(&world, &world.api).await;
    let value = browser.cookie.split('=').nth(1).unwrap();
    for fields in [basic, oauth] {
        let id = world.api.create_webhook(&receiver.url, fields).await;
        let event = world.api.deliver(&id, "{}").await;
        for path in pages(&id, event["event_id"].as_str().unwrap())
            .into_iter()
            .chain(["/", "/console/events"].map(str::to_owned))
        {
            let page = browser.page(&path).await;
            for secret in SECRETS.into_iter().chain([world.api.token.as_str(), value]) {
                assert!(!page.contains(secret), "{path}: {secret}");
            }
        }
    }
}
