//! Random requests get the same answers from this crate and from dynoxide, another implementation of DynamoDB.
#![expect(clippy::unwrap_used, reason = "an unexpected answer in a helper fails the test")]

mod support;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use proptest::prelude::*;
use serde_json::{Value, json};

use support::{Both, attributes, key};

/// Conditions of writes and filters, of all the forms that the product has. `:n` is a number, `:s` a text. The first two look at a
/// key, which a filter may not.
const CONDITIONS: [&str; 13] = [
    "attribute_not_exists(sk)",
    "attribute_exists(sk)",
    "a = :s",
    "#n < :n OR attribute_not_exists(#n)",
    "#n <= :n AND NOT a IN (:s, :t)",
    "#n > :n",
    "#n >= :n AND attribute_not_exists(gone)",
    "begins_with(a, :s)",
    "a BETWEEN :s AND :t",
    "size(a) > :n",
    "m.deep = :s",
    "contains(a, :s) OR contains(m, :s)",
    "(a = :s OR a = :t) AND (attribute_exists(m) OR #n = :n)",
];

/// Projections.
const PROJECTIONS: [&str; 3] = ["a", "sk, #n, m", "pk, nothing"];

/// Updates.
const UPDATES: [&str; 5] = [
    "SET a = :s",
    "SET a = if_not_exists(a, :s), #n = :n",
    "REMOVE a, gone",
    "SET #n = :n, b = if_not_exists(#n, :n) REMOVE m",
    "SET a = :t REMOVE #n",
];

/// Conditions of keys.
const RANGES: [&str; 8] = [
    "pk = :pk",
    "pk = :pk AND sk = :s",
    "pk = :pk AND sk < :s",
    "pk = :pk AND sk <= :s",
    "pk = :pk AND sk > :s",
    "pk = :pk AND sk >= :s",
    "pk = :pk AND sk BETWEEN :s AND :t",
    "pk = :pk AND begins_with(sk, :s)",
];

#[derive(Clone, Debug)]
enum Request {
    Put {
        item: Value,
        condition: Option<usize>,
        values: (String, String, i8),
    },
    Update {
        key: Value,
        update: usize,
        condition: Option<usize>,
        values: (String, String, i8),
    },
    Delete {
        key: Value,
        condition: Option<usize>,
        values: (String, String, i8),
    },
    Get {
        key: Value,
    },
    Query {
        pk: String,
        range: usize,
        values: (String, String),
        forward: bool,
        limit: Option<u8>,
        filter: Option<usize>,
        projection: Option<usize>,
        number: i8,
    },
    Indexed {
        pk: String,
        a: String,
    },
}

fn word() -> impl Strategy<Value = String> {
    "[a-c]{1,2}"
}

fn values() -> impl Strategy<Value = (String, String, i8)> {
    // The limits of BETWEEN must be in order.
    (word(), word(), any::<i8>()).prop_map(|(s, t, n)| (s.clone().min(t.clone()), s.max(t), n))
}

fn request() -> impl Strategy<Value = Request> {
    let condition = || prop::option::of(0..CONDITIONS.len());
    prop_oneof![
        (key(), attributes(), condition(), values()).prop_map(|(key, attributes, condition, values)| {
            let mut item = key;
            item.as_object_mut().unwrap().extend(attributes);
            Request::Put { item, condition, values }
        }),
        (key(), 0..UPDATES.len(), condition(), values())
            .prop_map(|(key, update, condition, values)| Request::Update { key, update, condition, values }),
        (key(), condition(), values()).prop_map(|(key, condition, values)| Request::Delete {
            key,
            condition,
            values
        }),
        key().prop_map(|key| Request::Get { key }),
        (
            (word(), 0..RANGES.len(), (word(), word()), any::<bool>(), prop::option::of(1..4_u8)),
            prop::option::of(2..CONDITIONS.len()),
            prop::option::of(0..PROJECTIONS.len()),
            any::<i8>()
        )
            .prop_map(|((pk, range, values, forward, limit), filter, projection, number)| {
                Request::Query { pk, range, values, forward, limit, filter, projection, number }
            }),
        (word(), word()).prop_map(|(pk, a)| Request::Indexed { pk, a }),
    ]
}

/// Adds a condition and whatever placeholders the expressions use, as DynamoDB refuses those that are unused.
fn with_placeholders(mut request: Value, condition: Option<usize>, values: &(String, String, i8)) -> Value {
    if let Some(condition) = condition {
        request["ConditionExpression"] = CONDITIONS[condition].into();
    }
    let used: String = request
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| name.ends_with("Expression"))
        .map(|(_, text)| text.to_string())
        .collect();
    if used.contains("#n") {
        request["ExpressionAttributeNames"] = json!({"#n": "number"});
    }
    let (s, t, n) = values;
    for (name, value) in
        [(":s", json!({"S": s})), (":t", json!({"S": t})), (":n", json!({"N": n.to_string()}))]
    {
        if used.contains(name) {
            request["ExpressionAttributeValues"][name] = value;
        }
    }
    request
}

fn json(request: &Request) -> (&'static str, Value) {
    match request {
        Request::Put { item, condition, values } => {
            ("PutItem", with_placeholders(json!({"TableName": "things", "Item": item}), *condition, values))
        }
        Request::Update { key, update, condition, values } => {
            let request = json!({"TableName": "things", "Key": key, "UpdateExpression": UPDATES[*update], "ReturnValues": "ALL_NEW"});
            ("UpdateItem", with_placeholders(request, *condition, values))
        }
        Request::Delete { key, condition, values } => {
            let request = json!({"TableName": "things", "Key": key});
            ("DeleteItem", with_placeholders(request, *condition, values))
        }
        Request::Get { key } => ("GetItem", json!({"TableName": "things", "Key": key})),
        Request::Query { pk, range, values: (s, t), forward, limit, filter, projection, number } => {
            let mut request = json!({"TableName": "things", "KeyConditionExpression": RANGES[*range], "ScanIndexForward": forward});
            if let Some(filter) = filter {
                request["FilterExpression"] = CONDITIONS[*filter].into();
            }
            if let Some(projection) = projection {
                request["ProjectionExpression"] = PROJECTIONS[*projection].into();
            }
            if let Some(limit) = limit {
                request["Limit"] = (*limit).into();
            }
            let mut request =
                with_placeholders(request, None, &(s.min(t).clone(), s.max(t).clone(), *number));
            request["ExpressionAttributeValues"][":pk"] = json!({"S": pk});
            ("Query", request)
        }
        Request::Indexed { pk, a } => (
            "Query",
            json!({"TableName": "things", "IndexName": "by-a", "KeyConditionExpression": "pk = :pk AND a = :a",
                "ExpressionAttributeValues": {":pk": {"S": pk}, ":a": {"S": a}}}),
        ),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_answer_alike(requests in prop::collection::vec(request(), 1..60)) {
        let both = Both::new();
        for request in &requests {
            let (operation, request) = json(request);
            let (ours, theirs) = (both.ours(operation, request.clone()), both.theirs(operation, request.clone()));
            prop_assert_eq!(ours, theirs, "{} {}", operation, request);
        }
    }
}

#[test]
fn what_is_not_supported_is_refused() {
    let both = Both::new();
    let key = json!({"pk": {"S": "a"}, "sk": {"S": "b"}});
    for update in
        ["ADD a :n", "SET a = a + :n", "SET m.deep = :n", "SET sk = :n", "SET a", "SET a = :missing", ""]
    {
        let request = json!({"TableName": "things", "Key": key, "UpdateExpression": update,
            "ExpressionAttributeValues": {":n": {"N": "1"}}});
        assert_eq!(both.ours("UpdateItem", request), Err("ValidationException".to_owned()), "{update}");
    }
    for condition in
        ["a <> :n", "a =", "(a = :n", "a = :n)", "attribute_type(a, :n)", "a[0] = :n", "a ! b", "#x = :n"]
    {
        let request = json!({"TableName": "things", "Item": key, "ConditionExpression": condition,
            "ExpressionAttributeValues": {":n": {"N": "1"}}});
        assert_eq!(both.ours("PutItem", request), Err("ValidationException".to_owned()), "{condition}");
    }
    assert_eq!(
        both.ours("GetItem", json!({"TableName": "other", "Key": key})),
        Err("ResourceNotFoundException".to_owned())
    );
    assert_eq!(
        both.ours("GetItem", json!({"TableName": "things", "Key": {"pk": {"S": "a"}}})),
        Err("ValidationException".to_owned())
    );
}

/// The name of an error.
pub(crate) fn name(error: &impl ProvideErrorMetadata) -> String {
    error.code().unwrap_or_default().to_owned()
}
