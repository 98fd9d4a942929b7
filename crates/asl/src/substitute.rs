//! Fills in `${Name}` placeholders, like CloudFormation's `DefinitionSubstitutions`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::LoadError;

const OPEN: &str = "${";

/// The maximum length of the text quoted in an error message.
const SHOWN_CHARS: usize = 40;

/// Replaces every placeholder. Placeholders occur inside JSON strings, so values are escaped for JSON.
pub(crate) fn substitute(text: &str, values: &BTreeMap<String, String>) -> Result<String, LoadError> {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(OPEN) {
        let (before, placeholder) = rest.split_at(start);
        let Some((name, after)) = placeholder[OPEN.len()..].split_once('}') else {
            return Err(LoadError::OpenPlaceholder { text: placeholder.chars().take(SHOWN_CHARS).collect() });
        };
        let Some(value) = values.get(name) else {
            return Err(LoadError::NoSubstitution { name: name.to_owned() });
        };
        done.push_str(before);
        let quoted = Value::from(value.as_str()).to_string();
        done.push_str(&quoted[1..quoted.len() - 1]);
        rest = after;
    }
    done.push_str(rest);
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, value: &str) -> Result<String, LoadError> {
        substitute(text, &BTreeMap::from([("A".to_owned(), value.to_owned())]))
    }

    #[test]
    fn values_stay_one_json_string() {
        let text = filled(r#"["${A}", "a${A}b${A}"]"#, "\"q\" \\ \n").unwrap();
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json[0], "\"q\" \\ \n");
        assert_eq!(json[1], "a\"q\" \\ \nb\"q\" \\ \n");
    }

    #[test]
    fn a_value_is_not_searched_for_placeholders() {
        assert_eq!(filled("${A}", "${B}").unwrap(), "${B}");
    }

    #[test]
    fn a_missing_value_is_named() {
        let error = filled("${A} ${Other}", "").unwrap_err();
        assert_eq!(error.to_string(), "the placeholder `${Other}` has no value");
    }
}
