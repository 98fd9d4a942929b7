//! Searching for events over all webhooks of an org.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use hookstep_contract::Scope;
use hookstep_tables::{AttributeValue, Client, Item};
use serde_json::{Value, json};

use crate::managing::orgs::{platform, within};
use crate::world::{Answer, Api, NOBODY, ORG, Receiver, Reply, World, accepted};

/// The milliseconds in which planted events were accepted.
const PLANTED_AT: u64 = 1_767_323_045_678;

/// A search, as the API answers it; `query` has no question mark.
pub(crate) async fn search(api: &Api, query: &str) -> Value {
    let answer = api.get(&format!("/events?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    answer.json()
}

pub(crate) fn ids(page: &Value) -> Vec<String> {
    let data = page["data"].as_array().unwrap();
    data.iter().map(|event| event["event_id"].as_str().unwrap().to_owned()).collect()
}

/// The events on every page of a search. Pages are full, but for the last.
async fn all(api: &Api, limit: usize, query: &str) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = search(api, &format!("limit={limit}&{query}{cursor}")).await;
        found.extend(ids(&page));
        let Some(next) = page["next_cursor"].as_str() else {
            assert_eq!(page["looked_until"], json!(null));
            return found;
        };
        assert_eq!(ids(&page).len(), limit, "{query}");
        cursor = format!("&cursor={next}");
    }
}

/// Copies of a real event, of other webhooks and other times.
struct Planter {
    tables: Client,
    item: Item,
}

impl Planter {
    async fn of(world: &World, config_id: &str, event_id: &str) -> Self {
        let tables = world.host.clients().tables.clone();
        let found = tables.get_item().table_name("events");
        let found =
            found.key("pk", text(format!("{ORG}#{config_id}"))).key("sk", text(event_id)).send().await;
        Self { item: found.unwrap().item.unwrap(), tables }
    }

    /// Plants events with these ids, each in its webhook.
    async fn plant(&self, events: impl IntoIterator<Item = (String, String)>) {
        let writes = events.into_iter().map(|(config_id, event_id)| {
            let mut item = self.item.clone();
            // As `EventId::shard` has it.
            let shard = match event_id.as_bytes()[14] {
                b'8' => format!("/{}", u16::from_str_radix(&event_id[15..18], 16).unwrap()),
                _ => String::new(),
            };
            item.insert("pk".to_owned(), text(format!("{ORG}#{config_id}{shard}")));
            item.insert("sk".to_owned(), text(event_id));
            self.tables.put_item().table_name("events").set_item(Some(item)).send()
        });
        let writes: Vec<_> = writes.collect();
        stream::iter(writes).buffer_unordered(256).for_each(async |written| drop(written.unwrap())).await;
    }
}

fn text(text: impl ToString) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

/// The id of an event that was accepted so many milliseconds after the first one.
fn planted_id(millis: u64, version: &str, number: usize) -> String {
    let hex = format!("{:012x}", PLANTED_AT + millis);
    format!("{}-{}-{version}-8000-{number:012x}", &hex[..8], &hex[8..])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_events_of_all_webhooks_are_one_list_however_its_pages_fall() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let api = &world.api;
    let mut webhooks = Vec::new();
    for _ in 0..9 {
        webhooks.push(api.create_webhook(&receiver.url, json!({})).await);
    }
    let spread = api.create_webhook(&receiver.url, json!({"shards": 3})).await;
    let real = api.deliver(&webhooks[0], "{}").await["event_id"].as_str().unwrap().to_owned();
    // The first webhook has half of the events, one has none, and many were accepted in the same millisecond.
    let mut planted = Vec::new();
    for number in 0..120_usize {
        let webhook = if number % 2 == 0 { 0 } else { number % 8 };
        planted.push((webhooks[webhook].clone(), planted_id((number / 40) as u64, "7000", number)));
    }
    for number in 120..150_usize {
        let version = format!("8{:03x}", number % 3);
        planted.push((spread.clone(), planted_id((number % 4) as u64, &version, number)));
    }
    Planter::of(&world, &webhooks[0], &real).await.plant(planted.clone()).await;
    let mut expected: Vec<String> =
        planted.iter().map(|(_, event_id)| event_id.clone()).chain([real]).collect();
    expected.sort_unstable_by(|one, other| other.cmp(one));
    for limit in [1, 2, 7, 50, 75, 100] {
        assert_eq!(all(api, limit, "").await, expected, "{limit} per page");
    }
    assert_eq!(all(api, 40, "status=succeeded").await, expected);
    assert_eq!(all(api, 40, "status=failed").await, [""; 0]);
    let of_spread: Vec<_> = expected.iter().filter(|id| &id[14..15] == "8").cloned().collect();
    assert_eq!(all(api, 4, &format!("config_id={spread}")).await, of_spread);
    let first = search(api, "limit=100").await;
    assert_eq!(first["bodies_searched"], 0);
    assert!(first["looked_at"].as_u64().is_some_and(|number| (100..=151).contains(&number)), "{first}");
    let last = first["data"][99]["event_id"].as_str().unwrap();
    assert_eq!(last, expected[99]);
    assert_eq!(first["looked_until"], "2026-01-02T03:04:05.679Z");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_comes_while_somebody_reads_on_is_on_no_page_twice_and_none_is_missing() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let api = &world.api;
    let webhooks = [
        api.create_webhook(&receiver.url, json!({})).await,
        api.create_webhook(&receiver.url, json!({})).await,
    ];
    let deliver = async |number: usize| {
        let event = api.deliver(&webhooks[number % 2], "{}").await;
        event["event_id"].as_str().unwrap().to_owned()
    };
    let mut before = Vec::new();
    for number in 0..9 {
        before.insert(0, deliver(number).await);
    }
    let (mut found, mut cursor, mut meanwhile) = (Vec::new(), String::new(), Vec::new());
    loop {
        let page = search(api, &format!("limit=2{cursor}")).await;
        found.extend(ids(&page));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
        meanwhile.insert(0, deliver(found.len()).await);
    }
    assert_eq!(found, before);
    meanwhile.extend(before);
    assert_eq!(all(api, 100, "").await, meanwhile);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_found_by_what_is_known_about_them() {
    let world = World::start().await;
    let (good, bad) = (Receiver::ok().await, Receiver::answering([Reply::status(404)]).await);
    let api = &world.api;
    let types = json!({"event_types": ["order.*"]});
    let orders = api.create_webhook(&good.url.replace("127.0.0.1", "localhost"), types).await;
    let broken = api.create_webhook(&bad.url, json!({"event_types": ["order.paid", "customer"]})).await;
    let published = async |event_type: &str, payload: Value| {
        let event = json!({"event_type": event_type, "payload": payload, "correlation_id": event_type});
        let published = api.post("/events", &event).await.json();
        let mut of = [None, None];
        for delivery in published["deliveries"].as_array().unwrap() {
            let (config_id, id) =
                (delivery["config_id"].as_str().unwrap(), delivery["event_id"].as_str().unwrap());
            api.ended(config_id, id).await;
            of[usize::from(config_id == broken)] = Some(id.to_owned());
        }
        of
    };
    let [created, _] = published("order.created", json!({"note": "Grüße & <more>"})).await;
    let [paid, paid_too] = published("order.paid", json!({"note": "thanks"})).await;
    let [_, customer] = published("customer", json!({"note": "thanks, too"})).await;
    let gone = api.create_webhook("http://gone.invalid/", json!({"retry": {"schedule_seconds": []}})).await;
    let unresolved = api.trigger(&gone, r#"{"note": "thanks"}"#).await;
    api.ended(&gone, &unresolved).await;
    let (created, customer) = (created.unwrap(), customer.unwrap());
    let mut both = vec![paid.unwrap(), paid_too.unwrap()];
    let failed = both[1].clone();
    both.sort_unstable_by(|one, other| other.cmp(one));
    let orders_only: Vec<String> = both.iter().chain([&created]).cloned().collect();
    let thanks: Vec<String> = [&unresolved, &customer].into_iter().chain(&both).cloned().collect();
    for (query, expected) in [
        ("type=order.paid", both.clone()),
        ("type=order.*", orders_only.clone()),
        ("type=order", vec![]),
        ("status=failed&type=order.*", vec![failed.clone()]),
        ("code=404", vec![customer.clone(), failed.clone()]),
        ("code=4xx", vec![customer.clone(), failed.clone()]),
        ("code=http_status", vec![customer.clone(), failed.clone()]),
        ("code=200", vec![both.iter().find(|id| **id != failed).unwrap().clone(), created.clone()]),
        ("code=5xx", vec![]),
        ("code=dns", vec![unresolved.clone()]),
        ("host=gone.INVALID", vec![unresolved.clone()]),
        ("host=127.0.0.1", vec![customer.clone(), failed.clone()]),
        ("host=nobody.invalid", vec![]),
        ("correlation_id=order.paid", both.clone()),
        ("correlation_id=order.paid&code=404", vec![failed.clone()]),
        ("text=thanks", thanks.clone()),
        ("text=thanks&code=404", vec![customer.clone(), failed.clone()]),
        ("text=thanks&correlation_id=customer", vec![customer.clone()]),
        ("text=Gr%C3%BC%C3%9Fe+%26+%3Cmore%3E", vec![created.clone()]),
        ("text=Thanks", vec![]),
        ("from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z", vec![]),
    ] {
        for limit in [1, 3, 100] {
            assert_eq!(texted(api, limit, query).await, expected, "{query}");
        }
    }
    assert_eq!(all(api, 2, &format!("config_id={orders}")).await.len(), 2);
    assert_eq!(ids(&search(api, &format!("event_id={customer}")).await), [customer.as_str()]);
    let shown = search(api, "text=thanks").await;
    assert_eq!(shown["bodies_searched"], 5, "{shown}");
    let mut event = api.event(&gone, &unresolved).await;
    event.as_object_mut().unwrap().remove("attempts");
    assert_eq!(shown["data"][0], event, "as in any list");
    // The events of a deleted webhook are found when it is named.
    assert_eq!(api.delete(&format!("/webhook/{gone}")).await.status, 204);
    assert_eq!(ids(&search(api, "code=dns").await), [""; 0]);
    assert_eq!(ids(&search(api, &format!("code=dns&config_id={gone}")).await), [unresolved]);
}

/// The events on every page of a search whose pages may be followed by an empty one.
async fn texted(api: &Api, limit: usize, query: &str) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = search(api, &format!("limit={limit}&{query}{cursor}")).await;
        assert!(ids(&page).len() <= limit, "{page}");
        found.extend(ids(&page));
        let Some(next) = page["next_cursor"].as_str() else { return found };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_ends_at_its_bound_says_so_and_the_next_one_goes_on_from_there() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let api = &world.api;
    let webhooks = [
        api.create_webhook(&receiver.url, json!({})).await,
        api.create_webhook(&receiver.url, json!({})).await,
        api.create_webhook(&receiver.url, json!({})).await,
    ];
    let oldest = planted_id(0, "7000", 1);
    let real = api.deliver(&webhooks[0], r#"{"wanted": 1}"#).await["event_id"].as_str().unwrap().to_owned();
    let mut planter = Planter::of(&world, &webhooks[0], &real).await;
    planter
        .plant((0..10_600).map(|number| {
            let webhook = if number % 10 == 0 { 1 } else { 0 };
            (webhooks[webhook].clone(), planted_id(number as u64 + 1, "7000", number))
        }))
        .await;
    planter.item.insert("status".to_owned(), text("failed"));
    planter.plant([(webhooks[2].clone(), oldest.clone())]).await;
    let first = search(api, "status=failed").await;
    assert_eq!((ids(&first), first["next_cursor"].is_string()), (vec![], true), "{first}");
    let looked_at = first["looked_at"].as_u64().unwrap();
    assert!((5_000..=10_000).contains(&looked_at), "{looked_at}");
    let mut pages = 1;
    let mut page = first;
    while let Some(cursor) = page["next_cursor"].as_str() {
        let next = search(api, &format!("status=failed&cursor={cursor}")).await;
        assert!(
            next["looked_until"].is_null() || next["looked_until"].as_str() < page["looked_until"].as_str()
        );
        (page, pages) = (next, pages + 1);
    }
    assert_eq!((ids(&page), pages < 4), (vec![oldest], true), "{pages}: {page}");
    // Copies have no bodies; the one that has is found, and they cost nothing to look for.
    let found = search(api, "text=wanted&limit=1").await;
    assert_eq!((ids(&found), &found["bodies_searched"]), (vec![real], &json!(1)), "{found}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_looks_into_so_many_bodies_and_no_more() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let (api, id) = (&world.api, world.api.create_webhook(&receiver.url, json!({})).await);
    let first = api.trigger(&id, r#"{"needle": true}"#).await;
    for _ in 0..50 {
        let triggers = (0..11).map(|_| api.trigger(&id, "{}"));
        futures_util::future::join_all(triggers).await;
    }
    api.until_events_of(&id, 551, "succeeded").await;
    let page = search(api, "text=needle").await;
    assert_eq!((ids(&page), &page["bodies_searched"]), (vec![], &json!(500)), "{page}");
    let rest = search(api, &format!("text=needle&cursor={}", page["next_cursor"].as_str().unwrap())).await;
    assert_eq!((ids(&rest), &rest["next_cursor"]), (vec![first], &json!(null)), "{rest}");
    assert_eq!(rest["bodies_searched"], 51);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_finds_the_events_of_another_org() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let ours = world.api.create_webhook(&receiver.url, json!({})).await;
    let request = world.api.triggering(&ours, "", r#"{"ours": 1}"#).header("x-correlation-id", "order-7");
    let event_id = accepted(&Answer::to(request).await);
    world.api.ended(&ours, &event_id).await;
    let other = world.admin_of("other").await;
    let theirs = other.create_webhook(&receiver.url, json!({})).await;
    let their_event = other.deliver(&theirs, "{}").await["event_id"].as_str().unwrap().to_owned();
    for query in ["", "correlation_id=order-7", "host=127.0.0.1", "text=ours"] {
        let found: BTreeSet<String> = ids(&search(&other, query).await).into_iter().collect();
        assert!(!found.contains(&event_id), "{query}");
        assert_eq!(ids(&search(&world.api, query).await), [event_id.as_str()], "{query}");
    }
    assert_eq!(ids(&search(&other, "").await), [their_event.as_str()]);
    for query in [format!("event_id={event_id}"), format!("config_id={ours}")] {
        assert_eq!(ids(&search(&other, &query).await), [""; 0], "{query}");
        assert_eq!(ids(&search(&world.api, &query).await), [event_id.as_str()], "{query}");
    }
    let narrow = world.with_scopes(&[Scope::Trigger, Scope::Manage]).await;
    narrow.get("/events").await.problem(403);
    let platform = platform(&world).await;
    platform.get("/events").await.problem(400);
    assert_eq!(platform.post("/orgs", &json!({"org_id": ORG, "name": "Acme"})).await.status, 201);
    assert_eq!(ids(&search(&within(&platform, ORG), "").await), [event_id]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_parameter_of_a_search_is_named() {
    let world = World::start().await;
    let long = "x".repeat(201);
    for (query, field) in [
        ("type=order*", "type"),
        ("type=", "type"),
        ("status=open", "status"),
        ("code=abc", "code"),
        ("host=example.com:443", "host"),
        (&format!("host=example.com&config_id={NOBODY}"), "host"),
        ("config_id=x", "config_id"),
        ("correlation_id=", "correlation_id"),
        ("event_id=x", "event_id"),
        (&format!("event_id={NOBODY}&limit=1"), "event_id"),
        (&format!("event_id={NOBODY}&text=x"), "event_id"),
        ("text=", "text"),
        (&format!("text={long}"), "text"),
        ("from=yesterday", "from"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from"),
        ("limit=0", "limit"),
        ("cursor=x", "cursor"),
        ("kind=x", "kind"),
    ] {
        assert_eq!(world.api.get(&format!("/events?{query}")).await.wrong_field(), field, "{query}");
    }
    let nothing =
        json!({"data": [], "next_cursor": null, "looked_until": null, "looked_at": 0, "bodies_searched": 0});
    assert_eq!(search(&world.api, "").await, nothing);
    assert_eq!(search(&world.api, &format!("config_id={NOBODY}")).await, nothing);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_webhooks_are_searched_at_once_than_a_page_can_afford() {
    let world = World::start().await;
    let mut webhooks = Vec::new();
    for _ in 0..31 {
        webhooks.push(world.api.create_webhook("http://one.example/", json!({"shards": 64})).await);
    }
    assert_eq!(world.api.get("/events").await.wrong_field(), "config_id");
    assert_eq!(world.api.get("/events?host=one.example").await.wrong_field(), "config_id");
    assert_eq!(ids(&search(&world.api, &format!("config_id={}", webhooks[0])).await), [""; 0]);
    assert_eq!(ids(&search(&world.api, "host=two.example").await), [""; 0]);
}
