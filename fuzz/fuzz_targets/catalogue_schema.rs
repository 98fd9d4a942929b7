//! No schema and no payload panic, or take more steps than there are; and a schema that is taken says the same of the same value. The first line is
//! the schema, the second one the payload.

#![no_main]

use hookstep_catalogue::Schema;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let (schema, payload) = text.split_once('\n').unwrap_or((text, "{}"));
    let Ok(schema) = serde_json::from_str(schema) else { return };
    let Ok(compiled) = Schema::compile(&schema) else { return };
    let checked = compiled.check(payload.as_bytes());
    if let Ok(value) = serde_json::from_str::<Value>(payload) {
        assert_eq!(checked, compiled.check_value(&value), "a text is what it says");
    }
});
