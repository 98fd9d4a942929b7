//! The numbers in the schemas are those that are enforced.

use hookstep_contract::limits;
use serde_json::json;

use super::schema;
use crate::{KeyRotation, MAX_OVERLAP_SECS, ReplayRequest, Rotation, UploadFields, schema};

#[test]
fn limits_are_the_contracts() {
    let fields = schema::<schema::ConfigFields>();
    let (filter, transform) = (schema::<schema::Filter>(), schema::<schema::Transform>());
    let rate = schema::<schema::RateLimit>();
    let condition = schema::<schema::Condition>();
    for (schema, name, keyword, limit) in [
        (&fields, "url", "maxLength", limits::URL_BYTES),
        (&fields, "timeout_seconds", "maximum", limits::MAX_TIMEOUT_SECS as usize),
        (&fields, "timeout_seconds", "default", limits::DEFAULT_TIMEOUT_SECS as usize),
        (&rate, "events", "maximum", limits::MAX_RATE_EVENTS as usize),
        (&rate, "burst", "maximum", limits::MAX_BURST as usize),
        (&fields, "shards", "maximum", usize::from(limits::MAX_SHARDS)),
        (&fields, "event_types", "maxItems", limits::MAX_EVENT_TYPES),
        (&filter, "conditions", "maxItems", limits::MAX_CONDITIONS),
        (&filter, "jsonata", "maxLength", limits::EXPRESSION_CHARS),
        (&transform, "jsonata", "maxLength", limits::EXPRESSION_CHARS),
        (&transform, "content_type", "maxLength", limits::CONTENT_TYPE_CHARS),
        (&condition, "field", "maxLength", limits::FIELD_CHARS),
        (&condition, "values", "maxItems", limits::CONDITION_VALUES),
        (&schema::<ReplayRequest>(), "event_ids", "maxItems", limits::MAX_REPLAYS),
        (&schema::<UploadFields>(), "size", "maximum", limits::UPLOAD_BYTES as usize),
        (&schema::<Rotation>(), "overlap_seconds", "maximum", MAX_OVERLAP_SECS as usize),
        (&schema::<KeyRotation>(), "overlap_seconds", "maximum", MAX_OVERLAP_SECS as usize),
    ] {
        assert_eq!(schema["properties"][name][keyword], json!(limit), "{name} {keyword}");
    }
    let most = &fields["properties"]["max_in_flight"]["oneOf"][0]["maximum"];
    assert_eq!(most, &json!(limits::MAX_IN_FLIGHT));
}
