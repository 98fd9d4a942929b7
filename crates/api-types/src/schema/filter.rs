//! Filters and transforms.

use utoipa::ToSchema;

use super::{FieldKind, LogicalOperator, Operator};

/// Which events to send: those that meet all conditions, or one of them; or those for which an expression is true.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Up to ten conditions; not together with `jsonata`.
    #[schema(required = false, max_items = 10)]
    pub conditions: Vec<Condition>,
    /// Whether all conditions must be met, or one is enough.
    #[schema(required = false)]
    pub logical_operator: LogicalOperator,
    /// A JSONata expression on the body. An event is sent if the result is true, as `$boolean` defines it.
    #[schema(min_length = 1, max_length = 15000, examples("amount > 100 and status = \"paid\""))]
    pub jsonata: Option<String>,
}

/// A condition on one field of a JSON body.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The path of the field: `order.items[0].price`, or `order.items.0.price`. A list without an index means each of its items.
    #[schema(min_length = 1, max_length = 512, examples("order.status"))]
    pub field: String,
    /// How it is compared.
    pub operator: Operator,
    /// The values to compare with, as text: any number for `any_of` and `none_of`, none for `is_empty` and `is_not_empty`, one for
    /// all others.
    #[schema(required = false, max_items = 100, examples(json!(["paid"])))]
    pub values: Vec<String>,
    /// As which type the field and the values are compared.
    #[schema(rename = "type", required = false)]
    pub kind: FieldKind,
}

/// What to send instead of the body.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Transform {
    /// A JSONata expression on the body. If the result is a text, it is sent as it is, otherwise as JSON.
    #[schema(
        min_length = 1,
        max_length = 15000,
        examples("{\"id\": order.id, \"total\": $sum(order.items.price)}")
    )]
    pub jsonata: String,
    /// The `Content-Type` of the result; by default `application/json`, or `text/plain; charset=utf-8` for a text.
    #[schema(min_length = 1, max_length = 255, examples("text/xml"))]
    pub content_type: Option<String>,
}
