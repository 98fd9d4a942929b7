//! Creates the tables of `infra/template.yaml`.

use dynoxide::{Database, DynoxideError};
use hookstep_store::{Events, Tokens};
use serde_json::{Value, json};

use crate::StandInError;
use crate::tables::{CONFIGS, CONNECTIONS, EVENTS, PROBES, SCHEDULES, TOKENS};

/// Creates missing tables and indexes. A data directory may be older than an index.
pub(crate) fn make(database: &Database) -> Result<(), StandInError> {
    create(database, CONFIGS, &["org_id", "config_id"])?;
    create(database, EVENTS, &["pk", "sk"])?;
    create(database, TOKENS, &["token_hash"])?;
    create(database, CONNECTIONS, &["name"])?;
    create(database, SCHEDULES, &["name"])?;
    create(database, PROBES, &["name"])?;
    index(database, EVENTS, Events::BY_CORRELATION_ID, &["pk", "correlation_id"], "KEYS_ONLY")?;
    index(database, TOKENS, Tokens::BY_ORG, &["org_id", "token_id"], "ALL")
}

/// Creates a table with a partition key and, if `keys` has two names, a sort key.
fn create(database: &Database, table: &str, keys: &[&str]) -> Result<(), StandInError> {
    let request = json!({
        "TableName": table,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": key_schema(keys),
        "AttributeDefinitions": definitions(keys),
    });
    let request = serde_json::from_value(request).map_err(StandInError::during("describe a table"))?;
    match database.create_table(request) {
        Ok(_) => {
            let request = json!({"TableName": table,
                "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": true}});
            let request =
                serde_json::from_value(request).map_err(StandInError::during("describe a table"))?;
            database
                .update_time_to_live(request)
                .map(drop)
                .map_err(StandInError::during("set a table's expiry"))
        }
        Err(DynoxideError::ResourceInUseException(_)) => Ok(()),
        Err(error) => Err(StandInError::during("create a table")(error)),
    }
}

/// Adds an index to a table, including the existing items.
fn index(
    database: &Database,
    table: &str,
    name: &str,
    keys: &[&str],
    projection: &str,
) -> Result<(), StandInError> {
    let request = serde_json::from_value(json!({"TableName": table}))
        .map_err(StandInError::during("describe a table"))?;
    let described = database.describe_table(request).map_err(StandInError::during("look at a table"))?;
    let indexes = described.table.global_secondary_indexes.unwrap_or_default();
    if indexes.iter().any(|index| index.index_name == name) {
        return Ok(());
    }
    let create = json!({
        "IndexName": name,
        "KeySchema": key_schema(keys),
        "Projection": {"ProjectionType": projection},
    });
    let request = json!({
        "TableName": table,
        "AttributeDefinitions": definitions(keys),
        "GlobalSecondaryIndexUpdates": [{"Create": create}],
    });
    let request = serde_json::from_value(request).map_err(StandInError::during("describe an index"))?;
    database.update_table(request).map(drop).map_err(StandInError::during("make an index"))
}

fn key_schema(keys: &[&str]) -> Value {
    let kinds = ["HASH", "RANGE"];
    keys.iter().zip(kinds).map(|(name, kind)| json!({"AttributeName": name, "KeyType": kind})).collect()
}

fn definitions(keys: &[&str]) -> Value {
    keys.iter().map(|name| json!({"AttributeName": name, "AttributeType": "S"})).collect()
}
