//! An org with many webhooks, whose events are searched.

use std::path::Path;

use futures_util::{StreamExt, TryStreamExt, stream};
use hookstep_aws_local::Tables;
use hookstep_tables::{AttributeValue, Client, Item};

use crate::events::copy;
use crate::{Asker, ORG, Outcome};

/// How many writes are under way at once; they share the syncs of the disk.
const CONCURRENT: usize = 64;

/// Makes webhooks; returns their ids.
pub(crate) async fn make(asker: &Asker<'_>, number: u32) -> Outcome<Vec<String>> {
    let made = (0..number).map(|number| async move {
        let fields =
            format!(r#"{{"name": "Webhook {number}", "url": "https://{number}.example.com/hooks"}}"#);
        let webhook = asker.ask("POST", "/webhook", fields).await?;
        Outcome::Ok(webhook["config_id"].as_str().ok_or("no webhook")?.to_owned())
    });
    stream::iter(made).buffer_unordered(CONCURRENT).try_collect().await
}

/// Repeats the existing event's item with its body, one every eight seconds into the past, for one webhook after the other.
pub(crate) async fn spread(dir: &Path, webhooks: &[String], events: u32) -> Outcome<()> {
    let tables = Client::new(Tables::open(&dir.join("hookstep.sqlite"))?);
    let found = tables.scan().table_name("events").send().await?;
    let is_body = |item: &&Item| item.get("sk").and_then(|sk| sk.as_s().ok()).is_some_and(|sk| sk == "body");
    let body = found.items().iter().find(is_body).ok_or("no body")?;
    let event = found.items().iter().find(|item| item.contains_key("status")).ok_or("no event")?;
    let mut writes = Vec::new();
    for (index, config_id) in (1..=events).zip(webhooks.iter().cycle()) {
        let mut event = copy(event, index);
        let mut body = body.clone();
        let event_id = event.get("sk").and_then(|sk| sk.as_s().ok()).ok_or("no id")?;
        let pk = format!("{ORG}#{config_id}");
        body.insert("pk".to_owned(), AttributeValue::S(format!("{pk}#{event_id}")));
        event.insert("pk".to_owned(), AttributeValue::S(pk));
        writes.extend(
            [event, body].map(|item| tables.put_item().table_name("events").set_item(Some(item)).send()),
        );
    }
    stream::iter(writes).buffer_unordered(CONCURRENT).try_for_each(|_| std::future::ready(Ok(()))).await?;
    Ok(())
}

/// What is measured: a name and a path each.
pub(crate) const PAGES: [(&str, &str); 7] = [
    ("the first 50", "/events"),
    ("the first 100", "/events?limit=100"),
    ("100 that failed, of which there are none", "/events?limit=100&status=failed"),
    ("50 of a correlation id", "/events?correlation_id=order-7"),
    ("one by its id, which nobody has", "/events?event_id=0190a000-0000-7000-8000-00000000000f"),
    ("those of one of the hosts", "/events?host=7.example.com"),
    ("a text that no body has", "/events?text=nothing"),
];
