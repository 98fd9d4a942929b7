//! The events of the benchmark.

use std::path::Path;

use axum::Router;
use axum::http::StatusCode;
use hookstep_aws_local::Tables;
use hookstep_tables::{AttributeValue, Client, Item};
use serde_json::json;
use time::{Duration, OffsetDateTime};
use tokio::net::TcpListener;
use uuid::{NoContext, Timestamp, Uuid};

use crate::{Asker, Outcome};

/// The correlation id that every hundredth event carries.
pub(crate) const CORRELATION_ID: &str = "order-7";

/// Delivers an event to a receiver that accepts it; returns the id of its webhook.
pub(crate) async fn deliver_one(asker: &Asker<'_>) -> Outcome<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let config = json!({"name": "bench", "url": format!("http://{}/", listener.local_addr()?)});
    let receiver =
        tokio::spawn(axum::serve(listener, Router::new().fallback(async || StatusCode::OK)).into_future());
    let created = asker.ask("POST", "/webhook", config.to_string()).await?;
    let config_id = created["config_id"].as_str().ok_or("no webhook")?.to_owned();
    let answer =
        asker.ask("POST", &format!("/webhook/{config_id}/trigger?sync=true"), "{}".to_owned()).await?;
    receiver.abort();
    if answer["status"] == "succeeded" {
        Ok(config_id)
    } else {
        Err(format!("not delivered: {answer}").into())
    }
}

/// Repeats the existing event's item, one every eight seconds into the past; returns the item's size in bytes.
pub(crate) async fn repeat(dir: &Path, events: u32) -> Outcome<usize> {
    let tables = Client::new(Tables::open(&dir.join("hookstep.sqlite"))?);
    let found = tables.scan().table_name("events").send().await?;
    let item = found.items().first().ok_or("no event")?;
    for index in 1..events {
        tables.put_item().table_name("events").set_item(Some(copy(item, index))).send().await?;
    }
    Ok(hookstep_tables::size(item))
}

/// The same event, so many times eight seconds ago.
#[expect(clippy::disallowed_methods, reason = "a benchmark is about now")]
pub(crate) fn copy(item: &Item, index: u32) -> Item {
    let at = OffsetDateTime::now_utc() - Duration::seconds(8) * index;
    let time = Timestamp::from_unix(NoContext, at.unix_timestamp().unsigned_abs(), at.nanosecond());
    let mut copy = item.clone();
    copy.insert("sk".to_owned(), AttributeValue::S(Uuid::new_v7(time).to_string()));
    if index.is_multiple_of(100) {
        copy.insert("correlation_id".to_owned(), AttributeValue::S(CORRELATION_ID.to_owned()));
    }
    copy
}
