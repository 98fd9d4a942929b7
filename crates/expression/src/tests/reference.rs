//! The reference implementation of JSONata. `reference/make.mjs` writes the table.

use super::*;

/// Where we differ from the reference, and why.
const DIFFERENT: [(&str, &str); 6] = [
    ("$base64encode(\"ä\")", "the reference encodes Latin-1, which loses most of Unicode; here it is UTF-8"),
    ("$base64decode(\"w6Q=\")", "likewise"),
    ("$number(\" 1\")", "blanks around a number are ignored"),
    ("$fromMillis(8.64e15)", "the reference miscalculates years above 9999"),
    ("$fromMillis(8.65e15)", "the reference makes NaN of what is no moment"),
    ("$fromMillis(1e300)", "likewise"),
];

#[test]
fn expressions_yield_what_the_reference_implementation_yields() {
    let table: Value = serde_json::from_str(include_str!("../reference/table.json")).unwrap();
    let body = table["body"].to_string();
    let rows = table["table"].as_array().unwrap();
    assert!(rows.len() > 300);
    let mut wrong = Vec::new();
    for row in rows {
        let expression = row["expression"].as_str().unwrap();
        if DIFFERENT.iter().any(|(known, _)| *known == expression) {
            continue;
        }
        let outside = Outside { deadline: Instant::now() + RULES_TIMEOUT, random: || 0.5 };
        let result = jsonata::evaluate(Expression::Transform, expression, &body, outside);
        let is_same = match (&result, row) {
            (Ok(jsonata::Made::Json(json)), row) => row["json"] == *json,
            (Ok(jsonata::Made::Text(text)), row) => {
                row["json"].as_str().and_then(|json| serde_json::from_str::<String>(json).ok()).as_ref()
                    == Some(text)
            }
            (Err(fault), row) if row["nothing"] == true => fault.reason.starts_with("makes nothing"),
            (Err(fault), row) => match row.get("code") {
                Some(Value::String(code)) => fault.reason.starts_with(code),
                Some(_) => true,
                None => false,
            },
        };
        if !is_same {
            wrong.push(format!("{row}: {result:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
