//! JSONata's own functions, and how many arguments each one takes.

use std::ops::RangeInclusive;

/// Each function with its least and its greatest number of arguments. A function that can take the context in
/// place of its first argument takes one fewer.
const FUNCTIONS: [(&str, usize, usize); 64] = [
    ("abs", 0, 1),
    ("append", 2, 2),
    ("assert", 1, 2),
    ("average", 1, 1),
    ("base64decode", 0, 1),
    ("base64encode", 0, 1),
    ("boolean", 0, 1),
    ("ceil", 0, 1),
    ("contains", 1, 2),
    ("count", 1, 1),
    ("decodeUrl", 0, 1),
    ("decodeUrlComponent", 0, 1),
    ("distinct", 1, 1),
    ("each", 1, 2),
    ("encodeUrl", 0, 1),
    ("encodeUrlComponent", 0, 1),
    ("error", 0, 1),
    ("eval", 1, 2),
    ("exists", 1, 1),
    ("filter", 2, 2),
    ("floor", 0, 1),
    ("formatBase", 0, 2),
    ("formatInteger", 1, 2),
    ("formatNumber", 1, 3),
    ("fromMillis", 0, 3),
    ("join", 1, 2),
    ("keys", 0, 1),
    ("length", 0, 1),
    ("lookup", 1, 2),
    ("lowercase", 0, 1),
    ("map", 2, 2),
    ("match", 1, 3),
    ("max", 1, 1),
    ("merge", 1, 1),
    ("millis", 0, 0),
    ("min", 1, 1),
    ("not", 0, 1),
    ("now", 0, 2),
    ("number", 0, 1),
    ("pad", 1, 3),
    ("parseInteger", 1, 2),
    ("power", 1, 2),
    ("random", 0, 0),
    ("reduce", 2, 3),
    ("replace", 2, 4),
    ("reverse", 1, 1),
    ("round", 0, 2),
    ("shuffle", 1, 1),
    ("sift", 1, 2),
    ("single", 1, 2),
    ("sort", 1, 2),
    ("split", 1, 3),
    ("spread", 0, 1),
    ("sqrt", 0, 1),
    ("string", 0, 2),
    ("substring", 1, 3),
    ("substringAfter", 1, 2),
    ("substringBefore", 1, 2),
    ("sum", 1, 1),
    ("toMillis", 0, 2),
    ("trim", 0, 1),
    ("type", 1, 1),
    ("uppercase", 0, 1),
    ("zip", 1, usize::MAX),
];

/// How many arguments the function takes; `None` if JSONata has no function of this name.
pub(crate) fn arguments(name: &str) -> Option<RangeInclusive<usize>> {
    let (_, least, most) = FUNCTIONS.iter().find(|(known, ..)| *known == name)?;
    Some(*least..=*most)
}

#[cfg(test)]
mod tests {
    use jsonata_core::evaluator::Evaluator;
    use jsonata_core::parser;
    use jsonata_core::value::JValue;

    use super::*;

    /// The evaluator counts arguments by itself, so a new version of it shows here. It cannot be asked about
    /// functions that take functions, since they refuse a missing function with the same code, and about
    /// those that are corrected.
    #[test]
    fn the_evaluator_counts_arguments_likewise() {
        let others = ["each", "filter", "map", "match", "now", "random", "reduce", "replace", "sift"];
        for (name, least, most) in FUNCTIONS {
            let is_known = parser::parse(&format!("$exists(${name})")).unwrap();
            assert_eq!(
                Evaluator::new().evaluate(&is_known, &JValue::Null).unwrap(),
                JValue::Bool(true),
                "{name}"
            );
            if others.contains(&name) {
                continue;
            }
            for count in 0..6 {
                let call = format!("${name}({})", vec!["$none"; count].join(","));
                let result = Evaluator::new().evaluate(&parser::parse(&call).unwrap(), &JValue::string("x"));
                let is_miscounted = result.is_err_and(|error| error.code() == Some("T0410"));
                assert_eq!(is_miscounted, !(least..=most).contains(&count), "{call}");
            }
        }
    }
}
