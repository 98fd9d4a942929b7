//! No document panics; and a type that one describes is described by an export in the same way.

#![no_main]

use std::collections::BTreeMap;

use hookstep_catalogue::{Description, Document, DocumentFormat, Export};
use hookstep_contract::{EventType, EventTypeFields, Timestamp, TypeContent, TypeVersion};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let Ok(document) = serde_json::from_str(text) else { return };
    let found = described(&document);
    for format in [DocumentFormat::OpenApi, DocumentFormat::AsyncApi] {
        let mut export = Export::new(format, "Events");
        for (name, said) in &found {
            export.add(&event_type(name, said), TypeContent { schema: said.schema.clone(), sample: said.sample.clone() });
        }
        let again = described(&export.finish());
        for (name, said) in &found {
            // What cannot be a schema is refused later, and what refers to nothing here.
            if let Some(again) = again.get(name).filter(|_| said.schema.is_none()) {
                assert_eq!((&again.group, &again.sample), (&said.group, &said.sample));
            }
        }
    }
});

/// What a document says of its types, as far as it can be understood.
fn described(document: &Value) -> BTreeMap<String, Description> {
    let Ok(document) = Document::read(document) else { return BTreeMap::new() };
    let types = document.types().unwrap_or_default().into_iter().flatten();
    types.filter_map(|found| Some((found.name.clone(), document.describe(&found).ok()?))).collect()
}

fn event_type(name: &str, said: &Description) -> EventType {
    let at: Timestamp = "2026-01-02T03:04:05Z".parse().expect("a time");
    let version = said.version.clone().unwrap_or_else(|| "1".to_owned());
    EventType {
        name: name.to_owned(),
        created_at: at,
        updated_at: at,
        last_number: 0,
        revision: 1,
        versions: vec![TypeVersion { version, created_at: at, schema_hash: None }],
        fields: EventTypeFields {
            description: said.description.clone().unwrap_or_default(),
            group: said.group.clone(),
            deprecated: said.deprecated.unwrap_or_default(),
            on_invalid: said.on_invalid.unwrap_or_default(),
        },
    }
}
