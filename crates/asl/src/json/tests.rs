//! What a `serde_json::Value` does, a `Json` does as well.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;

/// Any JSON, with numbers that JSONata writes otherwise.
pub(crate) fn values() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        (-3_i64..100).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-50_i32..50).prop_map(|half| Value::from(f64::from(half) / 2.0)),
        any::<f64>().prop_map(Value::from),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number,
        "[a-c\\PC\n\"]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c]|[a-c]{2}", inner, 0..4)
                .prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    absent: Option<String>,
    some: Option<u8>,
    nothing: (),
    list: Vec<i64>,
    pair: (bool, char),
    map: BTreeMap<Wrapped, f64>,
    variants: Vec<Variants>,
    tagged: Tagged,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Wrapped(String);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Variants {
    Unit,
    Newtype(u32),
    Tuple(u8, u8),
    Struct { a: bool },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    One { value: String },
}

fn everything() -> Everything {
    Everything {
        absent: None,
        some: Some(1),
        nothing: (),
        list: vec![-1, i64::MAX],
        pair: (true, 'é'),
        map: [(Wrapped("k".to_owned()), 1.5)].into(),
        variants: vec![
            Variants::Unit,
            Variants::Newtype(7),
            Variants::Tuple(1, 2),
            Variants::Struct { a: true },
        ],
        tagged: Tagged::One { value: "v".to_owned() },
        rest: [("other".to_owned(), json!([null, 1.0]))].into(),
    }
}

#[test]
fn types_are_written_and_read_as_by_serde_json() {
    let encoded = Json::encode(&everything()).unwrap();
    assert_eq!(encoded.to_string(), serde_json::to_value(everything()).unwrap().to_string());
    assert_eq!(encoded.decode::<Everything>().unwrap(), everything());
}

#[test]
fn an_unfit_value_is_refused_with_the_same_words() {
    for (field, unfit) in [
        ("some", json!("x")),
        ("list", json!([1, 1.5])),
        ("nothing", json!(1)),
        ("pair", json!([true])),
        ("map", json!({"k": null})),
        ("variants", json!(["Other"])),
        ("variants", json!([{"Unit": 1, "Newtype": 1}])),
        ("variants", json!([5])),
        ("variants", json!(["Newtype"])),
        ("tagged", json!({"kind": "Two"})),
    ] {
        let mut value = serde_json::to_value(everything()).unwrap();
        value[field] = unfit;
        let expected = serde_json::from_value::<Everything>(value.clone()).unwrap_err().to_string();
        let actual = Json::from(value).decode::<Everything>().unwrap_err().to_string();
        assert_eq!(actual, expected, "{field}");
    }
}

#[test]
fn of_fields_with_the_same_name_the_last_counts() {
    let many = (0..40).map(|number| format!("\"f{}\":{number}", number % 30)).collect::<Vec<_>>().join(",");
    for text in [r#"{"a":1,"b":2,"a":3}"#.to_owned(), format!("{{{many}}}")] {
        let value: Value = serde_json::from_str(&text).unwrap();
        let json: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(json.to_string(), value.to_string());
    }
}

proptest! {
    #[test]
    fn a_value_keeps_its_text(value in values()) {
        let text = value.to_string();
        let json = Json::from(value.clone());
        prop_assert_eq!(&json.to_string(), &text);
        prop_assert!(json.traits().max_bytes >= text.len());
        prop_assert_eq!(&json.to_value(), &value);
        let read: Json = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(read.to_value(), serde_json::from_str::<Value>(&text).unwrap());
        prop_assert_eq!(Json::encode(&value).unwrap(), json.clone());
        prop_assert_eq!(json.decode::<Value>().unwrap(), value);
    }
}
