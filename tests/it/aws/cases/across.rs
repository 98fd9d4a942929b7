//! The search over all webhooks of an org: it is not in the table of cases, because it is about several events.
#![expect(clippy::unwrap_used, reason = "an answer that is not as expected fails the test")]

use serde_json::{Value, json};

use super::{Engine, world};
use crate::reading::across::{ids, search};
use crate::world::{Answer, Receiver, Reply, accepted};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_found_across_webhooks_on_the_embedded_host() {
    are_found(&world().await).await;
}

/// Events of three webhooks are found by each part of a search.
pub(crate) async fn are_found(engine: &impl Engine) {
    let api = engine.api();
    let (good, bad) = (Receiver::ok().await, Receiver::answering([Reply::status(404)]).await);
    let types = json!({"event_types": ["across.*"]});
    let one = api.create_webhook(&good.url, types.clone()).await;
    let two = api.create_webhook(&bad.url, json!({"event_types": ["across.*"], "shards": 2})).await;
    let event = json!({"event_type": "across.first", "payload": {"needle": "in the first"}, "correlation_id": "across 1"});
    let published = api.post("/events", &event).await.json();
    let deliveries = published["deliveries"].as_array().unwrap().clone();
    let id_of = |config_id: &str| {
        let delivery = deliveries.iter().find(|delivery| delivery["config_id"] == config_id).unwrap();
        delivery["event_id"].as_str().unwrap().to_owned()
    };
    let (good_id, bad_id) = (id_of(&one), id_of(&two));
    let alone = api.create_webhook(&good.url, json!({})).await;
    let request = api.triggering(&alone, "", r#"{"needle": "alone"}"#).header("x-correlation-id", "across 1");
    let last = accepted(&Answer::to(request).await);
    for (config_id, event_id) in [(&one, &good_id), (&two, &bad_id), (&alone, &last)] {
        api.ended(config_id, event_id).await;
    }
    let mut both = vec![good_id.clone(), bad_id.clone()];
    both.sort_unstable_by(|one, other| other.cmp(one));
    let all = [vec![last.clone()], both.clone()].concat();
    for (query, expected) in [
        ("type=across.*".to_owned(), both.clone()),
        ("type=across.first&status=failed".to_owned(), vec![bad_id.clone()]),
        ("type=across.first&code=4xx".to_owned(), vec![bad_id.clone()]),
        ("type=across.first&code=http_status".to_owned(), vec![bad_id.clone()]),
        (format!("config_id={two}"), vec![bad_id.clone()]),
        ("correlation_id=across+1".to_owned(), all.clone()),
        ("correlation_id=across+1&text=in+the+first".to_owned(), both.clone()),
        ("type=across.*&text=in+the+first".to_owned(), both),
        (format!("event_id={last}"), vec![last]),
    ] {
        let found = search(api, &query).await;
        assert_eq!((ids(&found), &found["next_cursor"]), (expected, &Value::Null), "{query}");
    }
    let first = search(api, "correlation_id=across+1&limit=1").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = search(api, &format!("correlation_id=across+1&cursor={cursor}")).await;
    assert_eq!([ids(&first), ids(&rest)].concat(), all);
}
