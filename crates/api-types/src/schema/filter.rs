//! Filters and transforms.

use utoipa::ToSchema;

use super::{FieldKind, LogicalOperator, Operator};

/// Which events are sent: those for which all conditions, or one of them, hold; or those for which an expression is true.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Up to ten conditions; not together with `jsonata`.
    #[schema(required = false, max_items = 10)]
    pub conditions: Vec<Condition>,
    /// Whether all conditions must hold, or one is enough.
    #[schema(required = false)]
    pub logical_operator: LogicalOperator,
    /// A JSONata expression over the body; an event is sent when it is true, as `$boolean` has it.
    #[schema(min_length = 1, max_length = 15000, examples("amount > 100 and status = \"paid\""))]
    pub jsonata: Option<String>,
}

/// A condition on one field of a JSON body.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The path of the field: `order.items[0].price`, the same as `order.items.0.price`. Without an index, a list stands for
    /// each of its items.
    #[schema(min_length = 1, max_length = 512, examples("order.status"))]
    pub field: String,
    /// How it is compared.
    pub operator: Operator,
    /// What it is compared with, as text; `any_of` and `none_of` take several, `is_empty` and `is_not_empty` none, all others
    /// one.
    #[schema(required = false, max_items = 100, examples(json!(["paid"])))]
    pub values: Vec<String>,
    /// As what the field and the values are read.
    #[schema(rename = "type", required = false)]
    pub kind: FieldKind,
}

/// What is sent in the place of the body.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Transform {
    /// A JSONata expression over the body. A text is sent as it is, anything else as JSON.
    #[schema(
        min_length = 1,
        max_length = 15000,
        examples("{\"id\": order.id, \"total\": $sum(order.items.price)}")
    )]
    pub jsonata: String,
    /// The `Content-Type` of the result: by default `application/json`, or `text/plain; charset=utf-8` of a text.
    #[schema(min_length = 1, max_length = 255, examples("text/xml"))]
    pub content_type: Option<String>,
}
