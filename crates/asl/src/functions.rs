//! The JSONata functions that run alike on both engines.

/// Functions of JSONata 2.0.6 that Step Functions supports, `jsonata-core` has, and that depend on nothing but
/// their arguments. Absent on purpose:
///
/// - `eval`: Step Functions does not have it;
/// - `hash`, `parse`, `partition`, `range`, `uuid`, `random` with a seed: Step Functions' own, not in `jsonata-core`;
/// - `now`, `millis`, `shuffle`: they would go past the host's clock and dice. `$states.context.State.EnteredTime`
///   is the time.
#[rustfmt::skip]
const SUPPORTED: [&str; 59] = [
    "abs", "append", "assert", "average", "base64decode", "base64encode", "boolean", "ceil", "contains", "count",
    "decodeUrl", "decodeUrlComponent", "distinct", "each", "encodeUrl", "encodeUrlComponent", "error", "exists",
    "filter", "floor", "formatBase", "formatInteger", "formatNumber", "fromMillis", "join", "keys", "length",
    "lookup", "lowercase", "map", "match", "max", "merge", "min", "not", "number", "pad", "parseInteger", "power",
    "reduce", "replace", "reverse", "round", "sift", "single", "sort", "split", "spread", "sqrt", "string",
    "substring", "substringAfter", "substringBefore", "sum", "toMillis", "trim", "type", "uppercase", "zip",
];

/// Whether both engines have this function and it gives the same result on each.
pub(crate) fn is_supported(name: &str) -> bool {
    SUPPORTED.binary_search(&name).is_ok()
}
