//! The `webhooks` of an OpenAPI document.

use hookstep_contract::MAX_CATALOGUED_TYPES;
use serde_json::{Map, Value};

use super::refs::{inside, resolved, schema};
use super::{DescribedType, Description, Types, Unusable, extended, text};

/// The webhooks of the document; of too many, one more than a catalogue may have.
pub(super) fn types(root: &Value) -> Types<'_> {
    let webhooks = root["webhooks"].as_object().into_iter().flatten();
    let described = |(name, value): (&String, _)| {
        inside("/webhooks", name).map(|at| DescribedType { name: name.clone(), at, value })
    };
    webhooks.take(MAX_CATALOGUED_TYPES + 1).map(described).collect()
}

/// What is said of a webhook: by its operation POST or PUT.
pub(super) fn describe<'a>(root: &'a Value, described: &DescribedType<'a>) -> Result<Description, Unusable> {
    let (at, item) = resolved(root, (described.at.clone(), described.value))?;
    let method = ["post", "put"].into_iter().find_map(|method| Some((method, item.get(method)?)));
    let Some((method, operation)) = method else {
        return Err(Unusable::new(at, "must have a request: post or put"));
    };
    let at = format!("{at}/{method}");
    let said = Description {
        description: text(operation, "description").or_else(|| text(operation, "summary")),
        group: operation["tags"][0].as_str().map(str::to_owned),
        ..extended(operation, &at)?
    };
    let said = Description { deprecated: operation["deprecated"].as_bool(), ..said };
    let Some(body) = operation.get("requestBody") else { return Ok(said) };
    let (at, body) = resolved(root, (format!("{at}/requestBody"), body))?;
    let Some((kind, media)) = body["content"].as_object().and_then(json) else {
        return Err(Unusable::new(at, "must have JSON as its content: application/json, or …+json"));
    };
    let at = inside(&format!("{at}/content"), kind)?;
    let found = media.get("schema").map(|found| schema(root, (format!("{at}/schema"), found)));
    Ok(Description { schema: found.transpose()?, sample: sample(root, &at, media)?, ..said })
}

/// The content that is JSON.
fn json(content: &Map<String, Value>) -> Option<(&String, &Value)> {
    let essence = |kind: &str| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let mut kinds = content.iter();
    kinds
        .clone()
        .find(|(kind, _)| essence(kind) == "application/json")
        .or_else(|| kinds.find(|(kind, _)| essence(kind).ends_with("+json")))
}

fn sample<'a>(root: &'a Value, at: &str, media: &'a Value) -> Result<Option<Value>, Unusable> {
    if let Some(example) = media.get("example") {
        return Ok(Some(example.clone()));
    }
    let Some((name, first)) = media["examples"].as_object().and_then(|examples| examples.iter().next())
    else {
        return Ok(None);
    };
    let (_, first) = resolved(root, (inside(&format!("{at}/examples"), name)?, first))?;
    Ok(first.get("value").cloned())
}
