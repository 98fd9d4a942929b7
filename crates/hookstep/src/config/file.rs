//! Reading the file.

use std::path::Path;

use super::node::{self, Node, Tree};
use crate::settings::BoxError;

/// Reads the webhooks of a file, with environment variables replaced. Each has a name or an id, and none is listed twice.
pub(super) fn read(path: &Path) -> Result<Vec<Node>, BoxError> {
    let at = path.display();
    let text = if path == Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.map_err(|error| format!("cannot read {at}: {error}"))?;
    let mut node = node::parse(&text).map_err(|error| format!("{at}: {error}"))?;
    node.fill(&env).map_err(|error| format!("{at}: {error}"))?;
    webhooks(node).map_err(|(line, reason)| format!("{at}:{line}: {reason}").into())
}

fn webhooks(node: Node) -> Result<Vec<Node>, (u64, String)> {
    let Tree::Map(fields) = node.tree else {
        return Err((node.line, "the file must have a field webhooks".to_owned()));
    };
    let mut webhooks = None;
    for (name, node) in fields {
        match (name.as_str(), node.tree) {
            ("webhooks", Tree::List(nodes)) => webhooks = Some(nodes),
            ("webhooks", _) => return Err((node.line, "webhooks must be a list".to_owned())),
            _ => return Err((node.line, format!("unknown field {name:?}, expected webhooks"))),
        }
    }
    let webhooks = webhooks.ok_or_else(|| (node.line, "the file must have a field webhooks".to_owned()))?;
    let mut seen = Vec::new();
    for webhook in &webhooks {
        let key = ["config_id", "name"].into_iter().find_map(|field| Some((field, webhook.text(field)?)));
        let (field, key) = key.ok_or_else(|| (webhook.line, "a webhook must have a name".to_owned()))?;
        if seen.contains(&key) {
            return Err((webhook.line_of(field), format!("there are two webhooks with the {field} {key:?}")));
        }
        seen.push(key);
    }
    Ok(webhooks)
}

#[expect(clippy::disallowed_methods, reason = "the file names the variables that it needs")]
fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
