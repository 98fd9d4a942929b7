//! The events of the benchmark.

use std::path::Path;

use axum::Router;
use axum::http::StatusCode;
use dynoxide::Database;
use serde_json::{Value, json};
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

/// Repeats the existing event's item, one every eight seconds into the past; returns the item's size as JSON.
pub(crate) fn repeat(dir: &Path, events: u32) -> Outcome<usize> {
    let database = Database::new(dir.join("hookstep.sqlite").to_str().ok_or("not UTF-8")?)?;
    let scan = serde_json::from_value(json!({"TableName": "events"}))?;
    let found = serde_json::to_value(database.scan(scan)?)?;
    let item = found["Items"].as_array().and_then(|items| items.first()).ok_or("no event")?;
    for index in 1..events {
        let put = json!({"TableName": "events", "Item": copy(item, index)});
        database.put_item(serde_json::from_value(put)?)?;
    }
    Ok(item.to_string().len())
}

#[expect(clippy::disallowed_methods, reason = "a benchmark is about now")]
fn copy(item: &Value, index: u32) -> Value {
    let at = OffsetDateTime::now_utc() - Duration::seconds(8) * index;
    let time = Timestamp::from_unix(NoContext, at.unix_timestamp().unsigned_abs(), at.nanosecond());
    let mut copy = item.clone();
    copy["sk"] = json!({"S": Uuid::new_v7(time).to_string()});
    if index.is_multiple_of(100) {
        copy["correlation_id"] = json!({"S": CORRELATION_ID});
    }
    copy
}
