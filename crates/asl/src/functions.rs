//! The JSONata functions that behave the same on both engines.

/// Functions of JSONata 2.0.6 that Step Functions supports, that `jsonata-core`
/// has, and that depend only on their arguments. Deliberately absent:
///
/// - `eval`: Step Functions does not have it;
/// - `hash`, `parse`, `partition`, `range`, `uuid`, `random` with a seed: specific to Step Functions, not in
///   `jsonata-core`;
/// - `now`, `millis`, `shuffle`: they would bypass the host's clock and random numbers. Use
///   `$states.context.State.EnteredTime` for the time.
#[rustfmt::skip]
const SUPPORTED: [&str; 59] = [
    "abs", "append", "assert", "average", "base64decode", "base64encode", "boolean", "ceil", "contains", "count",
    "decodeUrl", "decodeUrlComponent", "distinct", "each", "encodeUrl", "encodeUrlComponent", "error", "exists",
    "filter", "floor", "formatBase", "formatInteger", "formatNumber", "fromMillis", "join", "keys", "length",
    "lookup", "lowercase", "map", "match", "max", "merge", "min", "not", "number", "pad", "parseInteger", "power",
    "reduce", "replace", "reverse", "round", "sift", "single", "sort", "split", "spread", "sqrt", "string",
    "substring", "substringAfter", "substringBefore", "sum", "toMillis", "trim", "type", "uppercase", "zip",
];

/// The functions of JSONata that are absent from [`SUPPORTED`].
const OTHERS: [&str; 6] = ["clone", "eval", "millis", "now", "random", "shuffle"];

/// Whether JSONata has a function of this name, so that a variable without a value would be that function.
pub(crate) fn is_known(name: &str) -> bool {
    is_supported(name) || OTHERS.contains(&name)
}

/// Whether both engines support this function with the same results.
pub(crate) fn is_supported(name: &str) -> bool {
    SUPPORTED.binary_search(&name).is_ok()
}
