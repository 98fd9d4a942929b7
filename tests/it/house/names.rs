//! One vocabulary: abandoned names do not appear in the tree.

use super::tree::{read, tracked};

/// Abandoned names and their replacements. The changelog and the decisions may mention both.
const GIVEN_UP: [(&str, &str); 13] = [
    ("AT_ONCE", "MAX_CONCURRENT_… or CONCURRENCY"),
    ("EventHead", "EventMetadata"),
    ("IsDone", "RouteAfterAttempt"),
    ("IsShaped", "HasPayloadRules"),
    ("LOOK_AGAIN", "POLL_INTERVAL"),
    ("OneHost", "IgnoreEndpointPrefix"),
    ("PATIENCE", "WAIT_TIMEOUT"),
    ("Surroundings", "TaskHost"),
    ("believed", "cache_ttl"),
    ("is_shaped", "has_payload_rules"),
    ("plain_words", "advice"),
    ("shape_form", "payload_rules_form"),
    ("shape_words", "payload_rules_words"),
];

/// Prefixes of abandoned names.
const PREFIXES: [(&str, &str); 1] = [("MOST_", "MAX_")];

/// Abandoned crate folders.
const FOLDERS: [&str; 5] =
    ["crates/api/", "crates/boot/", "crates/cli/", "crates/local/", "crates/workflow/"];

#[test]
fn no_name_that_was_given_up_is_left() {
    let mut found = Vec::new();
    for file in tracked() {
        let name = file.to_string_lossy().replace('\\', "/");
        let is_history = name == "CHANGELOG.md" || name.starts_with("docs/adr/");
        let is_text = ["rs", "md", "toml", "json", "yaml", "yml", "sh", "ts", "mjs", "py"]
            .iter()
            .any(|extension| file.extension().is_some_and(|of| of == *extension));
        if is_history || !is_text || name.ends_with("house/names.rs") || name.ends_with("package-lock.json") {
            continue;
        }
        let text = read(&file);
        for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            let whole = GIVEN_UP.iter().find(|(old, _)| *old == word);
            let given_up = whole.or_else(|| PREFIXES.iter().find(|(old, _)| word.starts_with(old)));
            found.extend(given_up.map(|(_, now)| format!("{name}: {word} is now {now}")));
        }
        found.extend(
            FOLDERS.iter().filter(|old| text.contains(**old)).map(|old| format!("{name}: there is no {old}")),
        );
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}
