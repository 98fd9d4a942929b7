//! The catalogue as a document for others. What is exported and imported again changes nothing.

use hookstep_contract::{EventType, TypeContent};
use serde_json::{Value, json};

use super::refs::{Names, each_reference, plain};
use super::{DEPRECATED, ON_INVALID, VERSION};

/// What a catalogue is exported as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentFormat {
    /// OpenAPI 3.1, with `webhooks`.
    OpenApi,
    /// AsyncAPI 3.0.
    AsyncApi,
}

/// The format of the schemas in an AsyncAPI document.
const SCHEMA_FORMAT: &str = "application/schema+json;version=draft-2020-12";

/// Where both formats have their schemas.
const SCHEMAS: &str = "/components/schemas";

/// A document that is being written.
#[derive(Debug)]
pub struct Export {
    format: DocumentFormat,
    document: Value,
    keys: Names,
    bytes: usize,
}

impl Export {
    /// A document without types.
    pub fn new(format: DocumentFormat, title: &str) -> Self {
        let info = json!({"title": title, "version": "1"});
        let document = match format {
            DocumentFormat::OpenApi => {
                json!({"openapi": "3.1.0", "info": info, "webhooks": {}, "components": {"schemas": {}}})
            }
            DocumentFormat::AsyncApi => json!({
                "asyncapi": "3.0.0", "info": info, "defaultContentType": "application/json", "channels": {}, "operations": {},
                "components": {"messages": {}, "schemas": {}},
            }),
        };
        Self { format, bytes: document.to_string().len(), document, keys: Names::default() }
    }

    /// Adds a type, as its current version is.
    pub fn add(&mut self, event_type: &EventType, content: TypeContent) {
        let key = self.keys.unused(plain(&event_type.name));
        match self.format {
            DocumentFormat::OpenApi => self.add_webhook(&key, event_type, content),
            DocumentFormat::AsyncApi => self.add_message(&key, event_type, content),
        }
    }

    /// How long the document is so far, as JSON without white space, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The document.
    pub fn finish(self) -> Value {
        self.document
    }

    fn put(&mut self, section: &str, name: &str, value: Value) {
        // Two quotes, a colon and a comma go with it.
        self.bytes += Value::from(name).to_string().len() + value.to_string().len() + 2;
        if let Some(section) = self.document.pointer_mut(section) {
            section[name] = value;
        }
    }

    fn add_webhook(
        &mut self,
        key: &str,
        event_type: &EventType,
        TypeContent { schema, sample }: TypeContent,
    ) {
        let mut media = json!({});
        if let Some(schema) = schema {
            let place = format!("/components/schemas/{key}");
            media["schema"] = json!({"$ref": format!("#{place}")});
            self.put(SCHEMAS, key, moved(schema, &place));
        }
        if let Some(sample) = sample {
            media["examples"] = json!({"sample": {"value": sample}});
        }
        let mut operation = json!({
            "deprecated": event_type.fields.deprecated,
            "requestBody": {"required": true, "content": {"application/json": media}},
            "responses": {"2XX": {"description": "The event was received."}},
        });
        describe(&mut operation, event_type);
        if let Some(group) = &event_type.fields.group {
            operation["tags"] = json!([group]);
        }
        self.put("/webhooks", &event_type.name, json!({"post": operation}));
    }

    fn add_message(
        &mut self,
        key: &str,
        event_type: &EventType,
        TypeContent { schema, sample }: TypeContent,
    ) {
        let mut message = json!({"name": event_type.name, DEPRECATED: event_type.fields.deprecated});
        describe(&mut message, event_type);
        if let Some(group) = &event_type.fields.group {
            message["tags"] = json!([{"name": group}]);
        }
        if let Some(schema) = schema {
            let place = format!("/components/schemas/{key}");
            message["payload"] = json!({"$ref": format!("#{place}")});
            let schema = moved(schema, &format!("{place}/schema"));
            self.put(SCHEMAS, key, json!({"schemaFormat": SCHEMA_FORMAT, "schema": schema}));
        }
        if let Some(sample) = sample {
            message["examples"] = json!([{"payload": sample}]);
        }
        self.put("/components/messages", key, message);
        let message = json!({"$ref": format!("#/components/messages/{key}")});
        self.put("/channels", key, json!({"address": event_type.name, "messages": {"event": message}}));
        let channel = json!({"$ref": format!("#/channels/{key}")});
        self.put("/operations", key, json!({"action": "send", "channel": channel}));
    }
}

/// What both formats have.
fn describe(value: &mut Value, event_type: &EventType) {
    if !event_type.fields.description.is_empty() {
        value["description"] = json!(event_type.fields.description);
    }
    if let Some(current) = event_type.current() {
        value[VERSION] = json!(current.version);
    }
    value[ON_INVALID] = json!(event_type.fields.on_invalid);
}

/// A schema whose references are those of the document in which it is at this place.
fn moved(mut schema: Value, place: &str) -> Value {
    // With an identifier of its own, references stay within it.
    if schema.get("$id").is_none() {
        each_reference(&mut schema, &mut |reference| {
            let fragment = reference.strip_prefix('#');
            if let Some(fragment) = fragment.filter(|inner| inner.is_empty() || inner.starts_with('/')) {
                *reference = format!("#{place}{fragment}");
            }
        });
    }
    schema
}
