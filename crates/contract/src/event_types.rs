//! Which event types on the bus a webhook subscribes to.

use std::collections::BTreeMap;

use crate::limits::{EVENT_TYPE_CHARS, MAX_EVENT_TYPES, MAX_PINNED_TYPES};
use crate::{FieldError, check_type_name, check_version, is_ours};

/// The wildcard: alone, or as the last part of a type, after a dot.
const ANY: &str = "*";

/// Checks a webhook's subscriptions.
///
/// # Errors
/// If an entry is invalid: the first such entry, identified by its position.
pub(crate) fn check(subscribed: &[String]) -> Result<(), FieldError> {
    if subscribed.len() > MAX_EVENT_TYPES {
        return Err(FieldError::new("event_types", format!("must be at most {MAX_EVENT_TYPES}")));
    }
    for (index, pattern) in subscribed.iter().enumerate() {
        let wrong = |reason: &str| Err(FieldError::new(format!("event_types[{index}]"), reason));
        let chars = pattern.chars().count();
        if !(1..=EVENT_TYPE_CHARS).contains(&chars) || pattern.chars().any(char::is_control) {
            return wrong("must be 1 to 128 characters, without control characters");
        }
        if pattern.trim() != pattern {
            return wrong("must not begin or end with a space");
        }
        let rest = pattern.strip_suffix(ANY).unwrap_or(pattern);
        if rest.contains(ANY) || (rest.len() < pattern.len() && !rest.is_empty() && !rest.ends_with('.')) {
            return wrong("may have a * only at the end, behind a dot, or alone");
        }
    }
    Ok(())
}

/// Checks the versions that a webhook pins. Whether there are such types and versions is in the catalogue.
///
/// # Errors
/// If an entry is invalid: the first such entry, identified by the name of its type.
pub(crate) fn check_pins(pinned: &BTreeMap<String, String>) -> Result<(), FieldError> {
    if pinned.len() > MAX_PINNED_TYPES {
        return Err(FieldError::new("event_type_versions", format!("must be at most {MAX_PINNED_TYPES}")));
    }
    for (event_type, version) in pinned {
        check_type_name(event_type)
            .and_then(|()| check_version(version))
            .map_err(|fault| FieldError::new(format!("event_type_versions.{event_type}"), fault.reason))?;
    }
    Ok(())
}

/// Whether a webhook that subscribes to `subscribed` gets an event of this type.
///
/// A type matches its own name, `order.created` also matches `order.*`, and every type matches `*`.
/// Hookstep's own events (`Webhook …`) match only by their full name: see docs/adr/0019.
pub fn subscribes(subscribed: &[String], event_type: &str) -> bool {
    subscribed.iter().any(|pattern| match pattern.strip_suffix(ANY) {
        Some(prefix) => event_type.starts_with(prefix) && !is_ours(event_type),
        None => pattern == event_type,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn patterns(patterns: &[&str]) -> Vec<String> {
        patterns.iter().map(|pattern| (*pattern).to_owned()).collect()
    }

    #[test]
    fn a_type_is_matched_by_its_name_its_prefix_or_by_anything() {
        for (pattern, event_type, expected) in [
            ("order.created", "order.created", true),
            ("order.created", "order.created.v2", false),
            ("order.created", "Order.created", false),
            ("order.*", "order.created", true),
            ("order.*", "order.created.v2", true),
            ("order.*", "order", false),
            ("order.*", "orders.created", false),
            ("*", "anything at all", true),
            ("*", "Webhook Delivery Failed", false),
            ("Webhook Delivery Failed", "Webhook Delivery Failed", true),
        ] {
            assert_eq!(subscribes(&patterns(&[pattern]), event_type), expected, "{pattern} {event_type}");
        }
        assert!(!subscribes(&[], "order.created"));
        assert!(subscribes(&patterns(&["a", "order.*"]), "order.created"));
    }

    #[test]
    fn a_wrong_entry_is_named() {
        for wrong in ["", " a", "a ", "a\n", "order*", "*.created", "or*der.*", "**", &"x".repeat(129)] {
            let error = check(&patterns(&["fine", wrong])).unwrap_err();
            assert_eq!(error.field, "event_types[1]", "{wrong:?}");
        }
        let fine = patterns(&["order.*", "*", "Webhook Disabled", "bestellung.geändert", "a.*"]);
        assert_eq!(check(&fine), Ok(()));
        assert_eq!(check(&vec!["a".to_owned(); 101]).unwrap_err().field, "event_types");
    }

    proptest! {
        #[test]
        fn a_prefix_matches_what_begins_with_it_and_nothing_else(prefix in "[a-z.]{1,5}", event_type in "[a-z.]{0,9}") {
            let pattern = format!("{prefix}.*");
            prop_assert_eq!(check(std::slice::from_ref(&pattern)), Ok(()));
            let expected = event_type.len() > prefix.len()
                && event_type.is_char_boundary(prefix.len())
                && event_type[..prefix.len()] == prefix
                && event_type.as_bytes()[prefix.len()] == b'.';
            prop_assert_eq!(subscribes(&[pattern], &event_type), expected);
        }

        #[test]
        fn what_is_fine_matches_itself_unless_it_is_a_pattern(event_type in "\\PC{1,128}") {
            if check(std::slice::from_ref(&event_type)).is_ok() && !event_type.ends_with('*') {
                prop_assert!(subscribes(std::slice::from_ref(&event_type), &event_type));
            }
        }
    }
}
