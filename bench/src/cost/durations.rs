//! What the functions cost in CPU time: measured once, written down here, so that the model gives the same answer
//! everywhere.

/// Where the numbers are from.
pub(crate) const SOURCE: &str = "bench-cold-start of 2026-11-25 (Intel Xeon), medians of four runs, \
    a TLS handshake of 0.3 ms added to deliver";

/// CPU milliseconds that `fetch-config` takes more where it keeps the body, which is deflated, and written by a request of its
/// own.
pub(crate) const KEPT_BODY_CPU_MS: f64 = 0.3;

/// One function.
pub(crate) struct Measured {
    pub(crate) function: &'static str,
    /// CPU milliseconds of a warm invocation, on a whole core.
    pub(crate) cpu_ms: f64,
    /// Milliseconds that a cold invocation is billed more: INIT, and the first TLS connections to AWS. An estimate, for
    /// neither can be measured outside of AWS.
    pub(crate) cold_ms: f64,
}

/// All functions that an event meets.
pub(crate) const FUNCTIONS: [Measured; 5] = [
    Measured { function: "trigger", cpu_ms: 0.83, cold_ms: 100.0 },
    Measured { function: "fetch-config", cpu_ms: 0.6, cold_ms: 100.0 },
    Measured { function: "hydrate", cpu_ms: 0.52, cold_ms: 100.0 },
    Measured { function: "deliver", cpu_ms: 0.72, cold_ms: 100.0 },
    Measured { function: "update-status", cpu_ms: 0.59, cold_ms: 100.0 },
];

/// A function's numbers. One that is not in the table is taken for the dearest.
pub(crate) fn of(function: &str) -> &'static Measured {
    FUNCTIONS.iter().find(|measured| measured.function == function).unwrap_or(&FUNCTIONS[0])
}
