//! The portal: the console for people who come by a link of a platform. Its behaviour in a frame is tested in `browser`.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

mod edges;
mod frame;
mod language;
mod limits;
mod theme;
mod walk;

use std::sync::atomic::{AtomicI64, Ordering};

use hookstep_ambient::Sources;
use http::Method;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::orgs::{admin, made, platform, within};
use crate::world::{Answer, Api, NOBODY, ORG, World, http_client, moment};

/// The roles, from the one that may do least.
const ROLES: [&str; 4] = ["view", "replay", "manage", "manage_secrets"];

/// Asks for a link into the portal of an org.
async fn asked(api: &Api, org_id: &str, fields: &Value) -> Answer {
    api.post(&format!("/orgs/{org_id}/portal-sessions"), fields).await
}

/// A link into the portal of an org.
async fn link(api: &Api, org_id: &str, fields: &Value) -> Value {
    let answer = asked(api, org_id, fields).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

/// The script of the portal, as far as the server sees it.
struct Portal {
    http: reqwest::Client,
    base: String,
    session: String,
}

impl Portal {
    fn new(api: &Api) -> Self {
        let http = http_client().redirect(Policy::none()).build().unwrap();
        Self { http, base: api.base.clone(), session: String::new() }
    }

    /// The portal of [`ORG`], opened by a new link.
    async fn open(api: &Api, fields: Value) -> Self {
        let made = link(api, ORG, &fields).await;
        let (portal, answer) = Self::by_link(api, made["url"].as_str().unwrap()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        portal
    }

    /// What comes of opening a link.
    async fn by_link(api: &Api, url: &str) -> (Self, Answer) {
        let (page, link) = url.split_once("#link=").unwrap();
        assert_eq!(page, format!("{}/portal", api.base));
        let mut portal = Self::new(api);
        let answer = portal.post("/portal/session", &format!("link={link}")).await;
        if answer.status == 200 {
            portal.session = answer.json()["session"].as_str().unwrap().to_owned();
        }
        (portal, answer)
    }

    async fn request(&self, method: Method, path: &str, form: &str) -> Answer {
        let request = self.http.request(method, format!("{}{path}", self.base));
        let request = request
            .header("hookstep-portal", &self.session)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded");
        Answer::to(request.body(form.to_owned())).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path, "").await
    }

    async fn post(&self, path: &str, form: &str) -> Answer {
        self.request(Method::POST, path, form).await
    }

    /// The text of an existing page.
    async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        String::from_utf8(answer.body.to_vec()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_works_once_and_only_in_the_portal() {
    let world = World::start().await;
    let made = link(&world.api, ORG, &json!({"role": "view"})).await;
    assert_eq!((&made["role"], &made["expires_in"]), (&json!("view"), &json!(3600)));
    let url = made["url"].as_str().unwrap();
    let (portal, answer) = Portal::by_link(&world.api, url).await;
    assert_eq!((answer.status, answer.headers.get("set-cookie")), (200, None));
    assert!(portal.page("/").await.contains("No webhooks yet"));
    let (_, again) = Portal::by_link(&world.api, url).await;
    again.problem(401);

    // The value is neither a token nor a cookie, and a cookie opens nothing in the portal.
    Api { token: portal.session.clone(), ..world.api.clone() }.get("/webhook").await.problem(401);
    let cookie = format!("hookstep={}", portal.session);
    let as_cookie = portal.http.get(format!("{}/", portal.base)).header("cookie", &cookie);
    assert_eq!(Answer::to(as_cookie).await.status, 303);
    let link = url.split_once("#link=").unwrap().1;
    for wrong in [link, "", "x"] {
        let wrong = Portal { session: wrong.to_owned(), ..Portal::new(&world.api) };
        assert_eq!(wrong.get("/").await.status, 401);
    }
    let stored = std::fs::read(world.dir.path().join("hookstep.sqlite-wal")).unwrap();
    for value in [link, &portal.session] {
        assert!(!stored.windows(64).any(|window| window == value.as_bytes()), "its hash alone is stored");
    }
}

/// The offset of the clock of the next test, in seconds.
static LATER: AtomicI64 = AtomicI64::new(0);

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn clock() -> OffsetDateTime {
    OffsetDateTime::now_utc() + time::Duration::seconds(LATER.load(Ordering::Relaxed))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_and_sessions_end_by_time() {
    let world = World::with_options(|options| options.sources = Sources { clock, ..options.sources }).await;
    let fields = json!({"role": "view", "expires_in": 600});
    let (late, used) = (link(&world.api, ORG, &fields).await, Portal::open(&world.api, fields).await);
    let waits = moment(&late["link_expires_at"]) - clock();
    assert!((290..=300).contains(&waits.whole_seconds()), "{waits}");
    LATER.store(301, Ordering::Relaxed);
    Portal::by_link(&world.api, late["url"].as_str().unwrap()).await.1.problem(401);
    used.page("/").await;
    // Its use does not prolong it.
    LATER.store(601, Ordering::Relaxed);
    assert_eq!(used.get("/").await.status, 401);
    assert_eq!(world.api.get("/sessions").await.json()["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_and_sessions_can_be_ended() {
    let world = World::start().await;
    let view = json!({"role": "view"});
    let (open, waiting) = (Portal::open(&world.api, view.clone()).await, link(&world.api, ORG, &view).await);
    let listed = world.api.get("/sessions").await.json()["data"].as_array().unwrap().clone();
    assert_eq!(listed.iter().map(|session| &session["portal_role"]).collect::<Vec<_>>(), ["view", "view"]);
    for session in &listed {
        let path = format!("/sessions/{}", session["session_id"].as_str().unwrap());
        assert_eq!(world.api.delete(&path).await.status, 204);
    }
    assert_eq!(open.get("/").await.status, 401);
    Portal::by_link(&world.api, waiting["url"].as_str().unwrap()).await.1.problem(401);

    // A session ends with the token that asked for it, even if it was one of the platform.
    let platform = platform(&world).await;
    made(&platform, json!({"org_id": ORG, "name": "Acme"})).await;
    let spare = platform.post("/platform/tokens", &json!({"name": "spare"})).await.json();
    let api = Api { token: spare["token"].as_str().unwrap().to_owned(), ..platform.clone() };
    let portal = Portal::open(&api, view).await;
    portal.page("/").await;
    let path = format!("/platform/tokens/{}", spare["token_id"].as_str().unwrap());
    assert_eq!(platform.delete(&path).await.status, 204);
    assert_eq!(portal.get("/").await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_made_by_the_platform_or_by_the_org_itself() {
    let world = World::start().await;
    let platform = platform(&world).await;
    for (org_id, name) in [(ORG, "Acme"), ("globex", "Globex")] {
        made(&platform, json!({"org_id": org_id, "name": name})).await;
    }
    let theirs = admin(&platform, "globex").await;
    let mine = world.api.create_webhook("https://example.com/", json!({"name": "planted-acme"})).await;
    let view = json!({"role": "view"});
    asked(&theirs, ORG, &view).await.problem(403);
    asked(&platform, "nobody", &view).await.problem(404);
    let reader = world.with_scopes(&[hookstep_contract::Scope::Read]).await;
    asked(&reader, ORG, &view).await.problem(403);
    for api in [&platform, &world.api, &within(&platform, "globex")] {
        assert!(Portal::open(api, view.clone()).await.page("/").await.contains("planted-acme"));
    }
    // The webhook of one org is nothing in the portal of another one, and cannot be named in its links.
    let made = link(&theirs, "globex", &json!({"role": "manage_secrets"})).await;
    let (portal, _) = Portal::by_link(&world.api, made["url"].as_str().unwrap()).await;
    assert!(!portal.page("/").await.contains("planted"));
    let base = format!("/console/webhooks/{mine}");
    for path in ["", "/charts", "/edit", "/events", &format!("/events/{NOBODY}"), "/test", "/recover"] {
        assert_eq!(portal.get(&format!("{base}{path}")).await.status, 404, "{path}");
    }
    for path in ["/delete", "/enabled", "/rotate-secret", "/test"] {
        assert_eq!(portal.post(&format!("{base}{path}"), "").await.status, 404, "{path}");
    }
    let named = json!({"role": "view", "webhooks": [mine]});
    assert_eq!(asked(&theirs, "globex", &named).await.wrong_field(), "webhooks");
    asked(&world.api, ORG, &named).await.json()["url"].as_str().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_asked_for_is_named() {
    let world = World::start().await;
    for (field, fields) in [
        ("role", json!({"role": "admin"})),
        ("role", json!({})),
        ("expires_in", json!({"role": "view", "expires_in": 59})),
        ("expires_in", json!({"role": "view", "expires_in": 43_201})),
        ("locale", json!({"role": "view", "locale": "fr"})),
        ("return_url", json!({"role": "view", "return_url": "javascript:alert(1)"})),
        ("theme.light.accent", json!({"role": "view", "theme": {"light": {"accent": "#ffcc00"}}})),
        ("theme.dark.accent", json!({"role": "view", "theme": {"dark": {"accent": "blue"}}})),
        ("theme.logo", json!({"role": "view", "theme": {"logo": "https://a.example/logo.svg"}})),
        ("theme.font", json!({"role": "view", "theme": {"font": "x"}})),
        ("webhooks", json!({"role": "view", "webhooks": []})),
        ("webhooks", json!({"role": "view", "webhooks": [NOBODY]})),
        ("org", json!({"role": "view", "org": "other"})),
    ] {
        assert_eq!(asked(&world.api, ORG, &fields).await.wrong_field(), field, "{fields}");
    }
    assert_eq!(world.api.get("/sessions").await.json()["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_page_of_the_portal_is_shown_in_frames_and_only_where_the_deployment_says() {
    let closed = World::start().await;
    let text = "https://app.example.com,https://*.example.org";
    let open = World::with_options(|options| options.frame_origins = text.parse().unwrap()).await;
    let ancestors = |answer: &Answer| {
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        (
            policy.split("frame-ancestors ").nth(1).unwrap().to_owned(),
            answer.headers.contains_key("x-frame-options"),
        )
    };
    let nobody = ("'none'".to_owned(), true);
    for (world, expected) in [
        (&closed, nobody.clone()),
        (&open, ("https://app.example.com https://*.example.org".to_owned(), false)),
    ] {
        let page = Portal::new(&world.api).get("/portal").await;
        assert_eq!((page.status, ancestors(&page)), (200, expected));
        assert_eq!(page.headers["referrer-policy"], "no-referrer");
        let portal = Portal::open(&world.api, json!({"role": "manage_secrets"})).await;
        for path in ["/", "/console/webhooks/new", "/console/sign-in", "/console/nothing"] {
            for portal in [&portal, &Portal::new(&world.api)] {
                assert_eq!(ancestors(&portal.get(path).await), nobody, "{path}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_audit_log_says_by_which_role_something_was_done() {
    let world = World::start().await;
    let id = world.api.create_webhook("https://example.com/", json!({})).await;
    let fields = json!({"role": "manage", "expires_in": 120, "webhooks": [id]});
    let portal = Portal::open(&world.api, fields).await;
    assert_eq!(portal.post(&format!("/console/webhooks/{id}/enabled"), "enabled=false").await.status, 303);
    let log = world.api.get("/audit").await.json();
    let entries = log["data"].as_array().unwrap();
    let shown = |entry: &Value| (entry["action"].clone(), entry["actor"]["portal_role"].clone());
    assert_eq!(shown(&entries[0]), (json!("webhook.update"), json!("manage")));
    assert_eq!(shown(&entries[1]), (json!("session.open"), json!("manage")));
    assert_eq!(shown(&entries[2]), (json!("portal_session.create"), json!(null)));
    let session = &entries[0]["actor"]["session_id"];
    assert!(session.is_string() && *session == entries[2]["target_id"], "{entries:?}");
    let changes = entries[2]["changes"].to_string();
    assert!(changes.contains(&id) && changes.contains("\"manage\"") && changes.contains("120"), "{changes}");
}
