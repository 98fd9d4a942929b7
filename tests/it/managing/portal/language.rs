//! The portal in German: no text of a page is left in English.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::json;

use super::Portal;
use super::limits::links;
use crate::world::{Receiver, Reply, World};

/// The elements whose content is not ours.
const FOREIGN: [&str; 6] = ["bdi", "code", "pre", "textarea", "script", "style"];

/// The attributes that are read by people.
const SHOWN: [&str; 6] = ["title", "aria-label", "placeholder", "alt", "data-label", "label"];

/// What is the same in both languages.
const SAME: &[&str] = &[
    "API",
    "Basic",
    "DNS",
    "Filter",
    "Format: CloudEvents",
    "GET",
    "Go",
    "Header",
    "Hex",
    "JSONata",
    "Java",
    "Limits",
    "Name",
    "OAuth",
    "PATCH",
    "POST",
    "PUT",
    "Python",
    "Query",
    "Rust",
    "Scope",
    "Slack",
    "Status",
    "TLS",
    "Test",
    "Version",
    "Text",
    "URL",
    "Webhook",
    "Webhooks",
    "DELETE",
    "Base64",
];

/// Examples in fields, and what receivers and requests say: no language of ours.
const EXAMPLES: &[&str] = &[
    "-----BEGIN CERTIFICATE-----",
    "-----BEGIN PRIVATE KEY-----",
    "X-Header",
    "accept",
    "audience",
    "authorization",
    "content-length",
    "content-type",
    "user-agent",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
    "application/json",
    "example.com",
    "order.created",
    "order.status",
    "paid",
    "amount &gt; 100 and status = &quot;paid&quot;",
    "{{body.order.id}}",
    "{&quot;id&quot;: order.id, &quot;total&quot;: $sum(order.items.price)}",
];

/// The texts of a page that are ours, in their order.
fn texts(page: &str) -> Vec<String> {
    let (mut found, mut rest) = (Vec::new(), page);
    while let Some(start) = rest.find('<') {
        found.push(rest[..start].trim().to_owned());
        let end = rest[start..].find('>').map_or(rest.len(), |end| start + end + 1);
        let tag = &rest[start..end];
        for name in SHOWN {
            let value = tag.split(&format!(" {name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
            found.extend(value.map(str::to_owned));
        }
        rest = &rest[end..];
        let name = tag[1..].split([' ', '>']).next().unwrap();
        let class = tag.split(" class=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        let is_foreign = FOREIGN.contains(&name)
            || class.split(' ').any(|class| class == "mono")
            || tag.contains(" translate=\"no\"");
        if is_foreign {
            let mut depth = 1;
            while depth > 0 {
                let next = rest.find('<').unwrap();
                let tag = &rest[next + 1..];
                if tag.strip_prefix('/').is_some_and(|tag| tag.starts_with(&format!("{name}>"))) {
                    depth -= 1;
                } else if tag.strip_prefix(name).is_some_and(|tag| tag.starts_with([' ', '>'])) {
                    depth += 1;
                }
                rest = &tag[tag.find('>').unwrap() + 1..];
            }
        }
    }
    found.retain(|text| !text.is_empty());
    found
}

/// Whether a text is one of a language: more than numbers with their units, ids and addresses.
fn is_language(text: &str) -> bool {
    let words = text.split(|c: char| !c.is_alphabetic());
    let is_id = text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    !is_id && !text.contains("://") && words.clone().any(|word| word.chars().count() > 3)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_text_of_a_page_is_left_in_english() {
    let answers = [Reply::status(200), Reply::status(500).body("{\"error\": \"data\"}"), Reply::status(404)];
    let (world, receiver) = (World::start().await, Receiver::answering(answers).await);
    let id = a_webhook_with_everything(&world, &receiver).await;
    let plain = world
        .api
        .create_webhook(&receiver.url, json!({"name": "plain-4711", "retry": {"schedule_seconds": [3600]}}))
        .await;
    for _ in 0..2 {
        world.api.trigger(&plain, "{\"order\": 1}").await;
    }
    world.api.until_events(&plain, |events| events.iter().all(|event| event["attempt_count"] == 1)).await;
    let portal = |locale: &str| Portal::open(&world.api, json!({"role": "manage_secrets", "locale": locale}));
    let (english, german) = (portal("en").await, portal("de").await);
    assert!(german.page("/").await.contains("<html lang=\"de\">"));
    let (mut seen, mut waiting) = (BTreeSet::new(), VecDeque::from(["/".to_owned()]));
    waiting
        .extend(["edit", "delete", "recover", "secret"].map(|page| format!("/console/webhooks/{id}/{page}")));
    let mut left: BTreeMap<String, String> = BTreeMap::new();
    while let Some(path) = waiting.pop_front() {
        let route = path.split(['?', '#']).next().unwrap().to_owned();
        let is_page = route.starts_with("/console/webhooks")
            || route.starts_with("/console/events")
            || route.len() < 2
            || route.contains("notifications");
        if !is_page || !seen.insert(path.clone()) || seen.len() > 300 {
            continue;
        }
        let (one, other) = (english.get(&path).await, german.get(&path).await);
        assert_eq!(one.status, other.status, "{path}");
        let (one, other) = (String::from_utf8_lossy(&one.body), String::from_utf8_lossy(&other.body));
        if !one.starts_with('<') {
            continue;
        }
        for text in left_in_english(&one, &other) {
            left.entry(text).or_insert_with(|| path.clone());
        }
        waiting.extend(links(&one));
    }
    assert!(seen.len() > 30, "{seen:?}");
    assert!(left.is_empty(), "{} texts are left in English: {left:#?}", left.len());
}

/// The texts of ours that a page in German has in common with the same page in English.
fn left_in_english(english: &str, german: &str) -> Vec<String> {
    let originals: BTreeSet<_> = texts(english).into_iter().collect();
    // The title of a page ends with the name of the product.
    let texts =
        texts(german).into_iter().map(|text| text.strip_suffix(" · Webhooks").unwrap_or(&text).to_owned());
    let is_left = |text: &String| {
        let is_known = SAME.contains(&text.as_str()) || EXAMPLES.contains(&text.as_str());
        let is_data = text.ends_with("4711") || text.starts_with("Hookstep/");
        originals.contains(text) && is_language(text) && !is_known && !is_data
    };
    texts.filter(is_left).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_in_a_form_is_said_in_german() {
    let (world, long) = (World::start().await, "4".repeat(300));
    let portal = |locale: &str| Portal::open(&world.api, json!({"role": "manage_secrets", "locale": locale}));
    let (english, german) = (portal("en").await, portal("de").await);
    let mut wrong = Vec::new();
    for (fields, said) in [
        ("url=https://169.254.169.254/&name=", "die Adresse 169.254.169.254 ist ein Metadatendienst"),
        ("url=ftp://4711.example.com/", "Das Schema der URL muss https sein, nicht ftp."),
        ("url=4711", "Die URL ist ungültig: relative URL ohne Basis."),
        ("timeout_seconds=0&shards=1000", "Muss 1 bis 840 sein."),
        ("timeout_seconds=many", "Muss eine Anzahl von Sekunden sein."),
        (&format!("name={long}"), "Zeichen lang sein."),
        ("name=a%00b", "Darf kein Steuerzeichen enthalten (U+0000, Zeichen 2)."),
        ("retry=custom&schedule=47+elevens", "Müssen Pausen sein"),
        ("event_types=*4711", "Darf einen * nur am Ende haben"),
        ("header_name=host&header_value=4711", "der Header host ist vorbehalten"),
        ("header_name=cookie&header_value=4711", "der Header cookie trägt Zugangsdaten"),
        ("auth=basic&username=&password=", "Zeichen lang sein, ohne Doppelpunkte"),
        ("certificate=4711&private_key=4711", "das ist kein PEM"),
        ("cloud_events=binary&cloud_events_source=a+b", "Muss eine URI oder ein Pfad von 1 bis"),
    ] {
        let form = format!("method=POST&{fields}");
        let (one, other) = (
            english.post("/console/webhooks/new", &form).await,
            german.post("/console/webhooks/new", &form).await,
        );
        let (one, other) = (String::from_utf8_lossy(&one.body), String::from_utf8_lossy(&other.body));
        let left = left_in_english(&one, &other);
        if !left.is_empty() || !other.contains(said) {
            wrong.push((
                fields.to_owned(),
                left,
                other.split("class=\"wrong\"").skip(1).map(|rest| rest[..80].to_owned()).collect::<Vec<_>>(),
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A webhook whose pages show as much as there is to be shown.
async fn a_webhook_with_everything(world: &World, receiver: &Receiver) -> String {
    let fields = json!({
        "name": "full-4711",
        "headers": {"X-4711": "4711"},
        "auth": {"type": "basic", "username": "4711", "password": "4711"},
        "retry": {"schedule_seconds": []},
        "event_types": ["order.*"],
        "filter": {"conditions": [{"field": "order", "operator": "equals", "values": ["1"]}]},
        "rate_limit": {"events": 100, "per": "second"},
    });
    let id = world.api.create_webhook(&receiver.url, fields).await;
    for body in ["{\"order\": \"1\"}", "{\"order\": \"1\"}", "{\"order\": \"1\"}", "{\"order\": \"2\"}"] {
        world.api.deliver(&id, body).await;
    }
    id
}
