//! Orgs: a platform makes, changes, suspends and resumes them, and does in each what the org's own tokens may do.
#![expect(clippy::unwrap_used, reason = "an answer that is not as expected fails the test")]

use hookstep_host::NewToken;
use http::Method;
use http::header::HeaderValue;
use serde_json::{Value, json};
use tokio::process::Command;

use super::pages::receivers::{degraded, failing, write_health};
use crate::world::process::{binary, finished};
use crate::world::{Answer, Api, ORG, Receiver, Reply, World, accepted, http_client, until};

/// A platform's token, without an org.
pub(crate) async fn platform(world: &World) -> Api {
    let token = world.host.create_token(NewToken::platform()).await.unwrap();
    Api { token, ..world.api.clone() }
}

/// The same caller, whose every request is about this org.
pub(crate) fn within(api: &Api, org_id: &str) -> Api {
    let headers = [("x-org-id".parse().unwrap(), HeaderValue::from_str(org_id).unwrap())];
    let http = http_client().default_headers(headers.into_iter().collect());
    Api { http: http.build().unwrap(), ..api.clone() }
}

pub(super) async fn made(platform: &Api, org: Value) -> Value {
    let answer = platform.post("/orgs", &org).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

async fn patched(platform: &Api, org_id: &str, patch: Value) -> Value {
    let answer = patch_org(platform, org_id, patch).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

pub(super) async fn patch_org(platform: &Api, org_id: &str, patch: Value) -> Answer {
    Answer::to(platform.request(Method::PATCH, &format!("/orgs/{org_id}")).body(patch.to_string())).await
}

/// Every token of an org, made by the platform.
pub(super) async fn admin(platform: &Api, org_id: &str) -> Api {
    let fields = json!({"name": "admin", "scopes": ["trigger", "read", "manage"]});
    let made = within(platform, org_id).post("/tokens", &fields).await;
    assert_eq!(made.status, 201, "{made:?}");
    Api { token: made.json()["token"].as_str().unwrap().to_owned(), ..platform.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platform_makes_an_org_and_does_in_it_what_a_token_of_the_org_does() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let platform = platform(&world).await;
    let org =
        made(&platform, json!({"org_id": "globex", "name": "Globex", "metadata": {"plan": "free"}})).await;
    assert_eq!(platform.get("/orgs/globex").await.json(), org);
    let shown = (&org["status"], &org["metadata"], &org["limits"], &org["retention_days"]);
    assert_eq!(shown, (&json!("active"), &json!({"plan": "free"}), &json!({}), &json!(null)));
    platform.post("/orgs", &json!({"org_id": "globex", "name": "again"})).await.problem(409);

    let (there, token) = (within(&platform, "globex"), admin(&platform, "globex").await);
    let config_id = there.create_webhook(&receiver.url, json!({})).await;
    let event = token.deliver(&config_id, "1").await;
    assert_eq!((&event["status"], &event["org_id"]), (&json!("succeeded"), &json!("globex")));
    there.deliver(&config_id, "2").await;
    assert_eq!(token.events(&config_id, "").await, there.events(&config_id, "").await);
    assert_eq!(receiver.calls(), 2);
    // Its own org may be named, too.
    assert_eq!(within(&token, "globex").get("/webhook").await.json(), there.get("/webhook").await.json());
    within(&token, ORG).get("/webhook").await.problem(403);
    let twice = |api: &Api| {
        Answer::to(api.request(Method::GET, "/webhook").header("x-org-id", "globex").header("x-org-id", ORG))
    };
    assert_eq!(twice(&platform).await.wrong_field(), "X-Org-Id");
    twice(&token).await.problem(403);
    // The webhook of one org is nothing in another one.
    made(&platform, json!({"org_id": "initech", "name": "Initech"})).await;
    within(&platform, "initech").get(&format!("/webhook/{config_id}")).await.problem(404);

    let unnamed = made(&platform, json!({"name": "No id"})).await;
    let made_id = unnamed["org_id"].as_str().unwrap();
    assert_eq!(made_id.len(), 32, "{unnamed}");
    assert_eq!(within(&platform, made_id).get("/webhook").await.json()["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platform_has_to_name_an_org_that_exists() {
    let world = World::start().await;
    let platform = platform(&world).await;
    for (method, path) in [
        (Method::GET, "/webhook"),
        (Method::POST, "/webhook"),
        (Method::GET, "/tokens"),
        (Method::GET, "/sessions"),
        (Method::GET, "/notifications"),
        (Method::POST, "/webhook/0190a000-0000-7000-8000-00000000000f/trigger"),
        (Method::GET, "/webhook/0190a000-0000-7000-8000-00000000000f/events"),
    ] {
        let ask = async |api: &Api| Answer::to(api.request(method.clone(), path).body("{}")).await;
        assert_eq!(ask(&platform).await.wrong_field(), "X-Org-Id", "{method} {path}");
        assert_eq!(ask(&within(&platform, "A b")).await.wrong_field(), "X-Org-Id", "{method} {path}");
        ask(&within(&platform, "nobody")).await.problem(404);
    }
    // An org from before there were platforms is known by its tokens alone, until a platform takes it over.
    let config_id = world.api.create_webhook("https://example.com/", json!({})).await;
    within(&platform, ORG).get("/webhook").await.problem(404);
    platform.get(&format!("/orgs/{ORG}")).await.problem(404);
    made(&platform, json!({"org_id": ORG, "name": "Acme"})).await;
    let webhooks = within(&platform, ORG).get("/webhook").await.json();
    assert_eq!(webhooks["data"][0]["config_id"], config_id.as_str());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_token_of_the_platform_makes_another_one() {
    let world = World::start().await;
    let platform = platform(&world).await;
    made(&platform, json!({"org_id": ORG, "name": "Acme"})).await;
    let wanted = json!({"name": "more", "scopes": ["read", "platform"]});
    world.api.post("/tokens", &wanted).await.problem(403);
    within(&platform, ORG).post("/tokens", &wanted).await.problem(403);
    for path in ["/orgs", "/platform/tokens"] {
        world.api.get(path).await.problem(403);
        world.api.post(path, &json!({"name": "mine"})).await.problem(403);
    }
    let second = platform.post("/platform/tokens", &json!({"name": "second"})).await;
    assert_eq!((second.status, &second.json()["scopes"]), (201, &json!(["platform"])));
    let rotated = Api { token: second.json()["token"].as_str().unwrap().to_owned(), ..platform.clone() };
    let listed = rotated.get("/platform/tokens").await.json();
    let names: Vec<_> = listed["data"].as_array().unwrap().iter().map(|token| &token["name"]).collect();
    assert_eq!(names, ["platform", "second"]);
    assert_eq!(listed["data"][1]["current"], true);
    // The tokens of an org and those of the platform are not in one list.
    assert_eq!(world.api.get("/tokens").await.json()["data"].as_array().unwrap().len(), 1);
    let first = format!("/platform/tokens/{}", listed["data"][0]["token_id"].as_str().unwrap());
    world.api.delete(&first).await.problem(403);
    assert_eq!(rotated.delete(&first).await.status, 204);
    rotated.delete(&first).await.problem(404);
    platform.get("/orgs").await.problem(401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_wrong_field_of_an_org_is_named_and_nothing_is_saved() {
    let world = World::start().await;
    let platform = platform(&world).await;
    for (fields, wrong) in [
        (json!({"org_id": "No Id", "name": "x"}), "org_id"),
        (json!({"org_id": "#platform", "name": "x"}), "org_id"),
        (json!({"name": ""}), "name"),
        (json!({"name": "x", "metadata": {"a": 1}}), "metadata.a"),
        (json!({"name": "x", "metadata": {"a b": "1"}}), "metadata"),
        (json!({"name": "x", "limits": {"max_webhooks": -1}}), "limits.max_webhooks"),
        (json!({"name": "x", "limits": {"max_cats": 1}}), "limits.max_cats"),
        (json!({"name": "x", "retention_days": 31}), "retention_days"),
        (json!({"name": "x", "org_id": "lane"}), "org_id"),
        (json!({"name": "x", "org_id": "watch"}), "org_id"),
        (json!({"name": "x", "status": "suspended"}), "status"),
    ] {
        assert_eq!(platform.post("/orgs", &fields).await.wrong_field(), wrong, "{fields}");
    }
    for (query, wrong) in [
        ("search=", "search"),
        ("status=gone", "status"),
        ("limit=101", "limit"),
        ("cursor=x", "cursor"),
        ("order=name", "order"),
    ] {
        assert_eq!(platform.get(&format!("/orgs?{query}")).await.wrong_field(), wrong, "{query}");
    }
    assert_eq!(platform.get("/orgs").await.json(), json!({"data": [], "next_cursor": null}));
    made(&platform, json!({"org_id": "acme", "name": "Acme"})).await;
    for (patch, wrong) in [
        (json!({"name": null}), "name"),
        (json!({"status": "deleting"}), "status"),
        (json!({"status": "gone"}), "status"),
        (json!({"org_id": "other"}), "org_id"),
        (json!({"plan": null}), "plan"),
        (json!({"limits": {"max_webhooks": "many"}}), "limits.max_webhooks"),
    ] {
        assert_eq!(patch_org(&platform, "acme", patch.clone()).await.wrong_field(), wrong, "{patch}");
    }
    patch_org(&platform, "nobody", json!({"name": "x"})).await.problem(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patch_changes_what_it_names() {
    let world = World::start().await;
    let platform = platform(&world).await;
    let fields = json!({"org_id": "acme", "name": "Acme", "metadata": {"plan": "free", "region": "eu"},
        "limits": {"max_webhooks": 5}, "retention_days": 7});
    let before = made(&platform, fields).await;
    let patch = json!({"metadata": {"plan": "paid", "region": null, "absent": null}, "retention_days": null});
    let after = patched(&platform, "acme", patch).await;
    assert_eq!((&after["name"], &after["limits"]), (&before["name"], &json!({"max_webhooks": 5})));
    assert_eq!((&after["metadata"], &after["retention_days"]), (&json!({"plan": "paid"}), &json!(null)));
    assert_eq!(after["created_at"], before["created_at"]);
    let cleared = patched(&platform, "acme", json!({"metadata": null, "limits": null, "status": null})).await;
    assert_eq!((&cleared["metadata"], &cleared["limits"]), (&json!({}), &json!({})));
    assert_eq!(platform.get("/orgs/acme").await.json(), cleared);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orgs_are_found_by_a_part_of_their_id_or_name() {
    let world = World::start().await;
    let platform = platform(&world).await;
    for number in 0..12 {
        let name = if number % 2 == 0 { format!("Müller & Söhne {number}") } else { "Other".to_owned() };
        made(&platform, json!({"org_id": format!("customer-{number:02}"), "name": name})).await;
    }
    patched(&platform, "customer-03", json!({"status": "suspended"})).await;
    let found = async |query: &str| {
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = platform.get(&format!("/orgs?limit=2{query}{cursor}")).await.json();
            let data = page["data"].as_array().unwrap();
            assert!(data.len() <= 2, "{page}");
            ids.extend(data.iter().map(|org| org["org_id"].as_str().unwrap().replace("customer-", "")));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return ids,
            }
        }
    };
    assert_eq!(found("").await, (0..12).map(|number| format!("{number:02}")).collect::<Vec<_>>());
    assert_eq!(found("&search=M%C3%9CLLER").await, ["00", "02", "04", "06", "08", "10"]);
    assert_eq!(found("&search=customer-1").await, ["10", "11"]);
    assert_eq!(found("&search=nobody").await, [""; 0]);
    assert_eq!(found("&status=suspended").await, ["03"]);
    assert_eq!(found("&status=active&search=OTHER").await, ["01", "05", "07", "09", "11"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_for_a_suspended_org_until_it_is_resumed() {
    let replies = [503, 200].map(Reply::status);
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let platform = platform(&world).await;
    made(&platform, json!({"org_id": ORG, "name": "Acme"})).await;
    let (acme, there) = (&world.api, within(&platform, ORG));
    let retried = json!({"retry": {"schedule_seconds": [3, 3]}});
    let config_id = acme.create_webhook(&receiver.url, retried).await;
    let waits = acme.trigger(&config_id, "1").await;
    acme.until(&config_id, &waits, |event| event["attempt_count"] == 1).await;
    patched(&platform, ORG, json!({"status": "suspended"})).await;

    let event = acme.ended(&config_id, &waits).await;
    let unsent = (&event["status"], &event["reason"]["code"], &event["attempt_count"]);
    assert_eq!(unsent, (&json!("failed"), &json!("org_suspended"), &json!(1)));
    for api in [acme, &there] {
        let answer = Answer::to(api.triggering(&config_id, "", "2")).await;
        assert!(answer.problem(403)["detail"].as_str().unwrap().contains("suspended"), "{answer:?}");
    }
    let path = format!("/webhook/{config_id}");
    acme.put(&path, &json!({"name": "new", "url": receiver.url})).await.problem(403);
    acme.post("/tokens", &json!({"name": "new", "scopes": ["read"]})).await.problem(403);
    assert_eq!(acme.get(&path).await.status, 200);
    assert_eq!(there.put(&path, &json!({"name": "new", "url": receiver.url})).await.status, 200);
    // What starts without a trigger is recorded, and not sent.
    let replay = there.post(&format!("{path}/events/{waits}/replay"), &json!({})).await.json();
    let replayed = acme.ended(&config_id, replay["event_id"].as_str().unwrap()).await;
    assert_eq!(
        (&replayed["status"], &replayed["reason"]["code"]),
        (&json!("skipped"), &json!("org_suspended"))
    );
    assert_eq!(receiver.calls(), 1);

    patched(&platform, ORG, json!({"status": "active"})).await;
    assert_eq!(acme.deliver(&config_id, "3").await["status"], "succeeded");
    let replay = acme.post(&format!("{path}/events/{waits}/replay"), &json!({})).await.json();
    assert_eq!(acme.ended(&config_id, replay["event_id"].as_str().unwrap()).await["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_org_has_no_more_webhooks_than_its_platform_allows() {
    let world = World::start().await;
    let platform = platform(&world).await;
    made(&platform, json!({"org_id": ORG, "name": "Acme", "limits": {"max_webhooks": 2}})).await;
    let webhook = json!({"name": "test", "url": "https://example.com/"});
    let ids: Vec<_> = [0, 1].map(|_| world.api.create_webhook("https://example.com/", json!({}))).into();
    let ids = futures_util::future::join_all(ids).await;
    let refused = world.api.post("/webhook", &webhook).await.problem(409);
    assert!(refused["detail"].as_str().unwrap().contains("at most 2"), "{refused}");
    assert_eq!(world.api.delete(&format!("/webhook/{}", ids[0])).await.status, 204);
    world.api.create_webhook("https://example.com/", json!({})).await;
    // A lower limit takes away nothing.
    patched(&platform, ORG, json!({"limits": {"max_webhooks": 0}})).await;
    assert_eq!(world.api.put(&format!("/webhook/{}", ids[1]), &webhook).await.status, 200);
    world.api.post("/webhook", &webhook).await.problem(409);
    patched(&platform, ORG, json!({"limits": null})).await;
    world.api.create_webhook("https://example.com/", json!({})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_events_of_an_org_are_kept_for_as_long_as_its_platform_says() {
    let (world, receiver) = (World::start().await, Receiver::answering([Reply::status(500)]).await);
    let platform = platform(&world).await;
    made(&platform, json!({"org_id": ORG, "name": "Acme", "retention_days": 2})).await;
    let refused = world.api.post("/webhook", &json!({"name": "test", "url": receiver.url})).await;
    assert_eq!(refused.wrong_field(), "retry.schedule_seconds");
    let short = json!({"retry": {"schedule_seconds": [1]}});
    let config_id = world.api.create_webhook(&receiver.url, short).await;
    let event = world.api.deliver(&config_id, "1").await;
    assert_eq!(event["attempt_count"], 2);
    let created_at = crate::world::moment(&event["created_at"]).unix_timestamp();
    let items = world.host.clients().tables.scan().table_name("events").send().await.unwrap().items.unwrap();
    let of_event = |item: &&hookstep_tables::Item| item["pk"].as_s().unwrap().starts_with("acme#");
    let ends = |item: &hookstep_tables::Item| item["expires_at"].as_n().unwrap().parse::<i64>().unwrap();
    let own: Vec<_> =
        items.iter().filter(of_event).map(|item| (item["sk"].as_s().unwrap(), ends(item))).collect();
    // The event, its body and its first attempt. The other items are no events: they count them.
    let kept = own.iter().filter(|(_, end)| *end == created_at + 2 * 24 * 3600).count();
    assert!(kept >= 3, "{own:?}");

    world.api.create_webhook("https://example.com/", json!({"retry": {"schedule_seconds": [70_000]}})).await;
    let answer = patch_org(&platform, ORG, json!({"retention_days": 1})).await;
    assert_eq!(answer.wrong_field(), "retention_days");
    patched(&platform, ORG, json!({"retention_days": null})).await;
    world.api.create_webhook("https://example.com/", json!({})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platforms_token_opens_no_session_in_the_console() {
    let world = World::start().await;
    let platform = platform(&world).await;
    let sign_in = platform.http.post(format!("{}/console/sign-in", platform.base));
    let sign_in = sign_in.header("sec-fetch-site", "same-origin");
    let form = "application/x-www-form-urlencoded";
    let answer =
        Answer::to(sign_in.header("content-type", form).body(format!("token={}", platform.token))).await;
    assert!(answer.headers.get("set-cookie").is_none() && answer.status != 303, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platforms_token_is_made_on_the_machine_while_the_host_runs() {
    let world = World::start().await;
    let mut command = Command::new(binary("hookstep"));
    command.args(["token", "--platform", "--data-dir"]).arg(world.dir.path());
    let done = finished(&mut command).await;
    assert!(done.status.success(), "{done:?}");
    let token = String::from_utf8(done.stdout).unwrap().trim().to_owned();
    let platform = Api { token, ..world.api.clone() };
    made(&platform, json!({"org_id": "globex", "name": "Globex"})).await;
    let mut both = Command::new(binary("hookstep"));
    both.args(["token", "--platform", "--org", "globex", "--data-dir"]).arg(world.dir.path());
    assert_eq!(finished(&mut both).await.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_is_sent_later_is_kept_for_as_long_as_was_said_when_it_was_accepted() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let platform = platform(&world).await;
    made(&platform, json!({"org_id": ORG, "name": "Acme", "retention_days": 3})).await;
    let config_id = world.api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": []}})).await;
    let event_id = accepted(&Answer::to(world.api.triggering(&config_id, "?delay_seconds=2", "1")).await);
    world.api.until(&config_id, &event_id, |event| event["status"] == "scheduled").await;
    patched(&platform, ORG, json!({"retention_days": 2})).await;
    let event = world.api.ended(&config_id, &event_id).await;
    assert_eq!(event["status"], "succeeded", "{event}");
    let due = crate::world::moment(&event["deliver_at"]).unix_timestamp();
    let items = world.host.clients().tables.scan().table_name("events").send().await.unwrap().items.unwrap();
    let partition = format!("{ORG}#{config_id}");
    let text = |item: &hookstep_tables::Item, name: &str| item[name].as_s().unwrap().to_owned();
    let of_event = items.iter().filter(|item| {
        let (pk, sk) = (text(item, "pk"), text(item, "sk"));
        (pk == partition && sk == event_id) || (pk.starts_with(&partition) && pk.ends_with(&event_id))
    });
    let ends: Vec<_> =
        of_event.map(|item| item["expires_at"].as_n().unwrap().parse::<i64>().unwrap()).collect();
    // The event, with its small attempt, and its body.
    assert_eq!(ends, vec![due + 3 * 24 * 3600; 2], "{items:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platform_sees_which_webhooks_of_all_orgs_need_somebody() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let platform = platform(&world).await;
    let overview = async |query: &str| platform.get(&format!("/platform/overview{query}")).await.json();
    let nothing =
        json!({"failing": [], "waiting": [], "certificates": [], "lanes_looked_at": 0, "next_cursor": null});
    assert_eq!(overview("").await, nothing);
    made(&platform, json!({"org_id": "globex", "name": "Globex"})).await;
    let globex = admin(&platform, "globex").await;
    let (certificate, key) = super::certificates::identity(10);
    let tls = json!({"tls": {"certificate": certificate, "private_key": key}});
    let certified = globex.create_webhook(&receiver.url, tls).await;
    let (late, its_key) = super::certificates::identity(90);
    globex.create_webhook(&receiver.url, json!({"tls": {"certificate": late, "private_key": its_key}})).await;
    let quiet = globex.create_webhook(&receiver.url, json!({})).await;
    globex.deliver(&quiet, "{}").await;
    let down = world.api.create_webhook(&receiver.url, json!({"name": "Down"})).await;
    write_health(&world, &down, Some(failing())).await;
    let partly = world.api.create_webhook(&receiver.url, json!({"name": "Partly"})).await;
    write_health(&world, &partly, Some(degraded())).await;
    let event_id = world.api.trigger(&down, "{}").await;
    until("the event waits", async || overview("").await["waiting"][0].is_object()).await;
    let seen = overview("").await;
    let ids = |list: &str| {
        let list = seen[list].as_array().unwrap().iter();
        list.map(|webhook| webhook["config_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids("failing"), [&*down, &*partly], "{seen}");
    let first = &seen["failing"][0];
    let shown =
        (&first["org_id"], &first["name"], &first["host"], &first["health"], &first["receiver"]["circuit"]);
    assert_eq!(shown, (&json!(ORG), &json!("Down"), &json!("127.0.0.1"), &json!("failing"), &json!("open")));
    assert_eq!((ids("waiting"), ids("certificates")), (vec![down.clone()], vec![certified]), "{seen}");
    assert_eq!((&seen["waiting"][0]["event_id"], &seen["next_cursor"]), (&json!(event_id), &json!(null)));
    assert_eq!(seen["lanes_looked_at"], 1);
    assert_eq!(overview("?limit=1").await["failing"].as_array().unwrap().len(), 1);
    for (query, field) in [("limit=0", "limit"), ("cursor=x", "cursor"), ("by=x", "by")] {
        assert_eq!(
            platform.get(&format!("/platform/overview?{query}")).await.wrong_field(),
            field,
            "{query}"
        );
    }
    // Nobody else sees other orgs.
    world.api.get("/platform/overview").await.problem(403);

    let counted = platform.get("/orgs?include=stats").await.json();
    let counted = counted["data"].as_array().unwrap();
    assert_eq!((&counted[0]["org_id"], &counted[0]["stats"]["succeeded"]), (&json!("globex"), &json!(1)));
    assert!(platform.get("/orgs").await.json()["data"][0].get("stats").is_none());
    for (query, field) in [("include=all", "include"), ("include=stats&limit=21", "limit")] {
        assert_eq!(platform.get(&format!("/orgs?{query}")).await.wrong_field(), field, "{query}");
    }
}
