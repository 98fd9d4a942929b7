//! The CPU time of the functions: measured once and recorded here, so that the model gives the same results
//! everywhere.

/// The source of the numbers.
pub(crate) const SOURCE: &str = "bench-cold-start of 2026-11-25 (Intel Xeon), medians of four runs, \
    a TLS handshake of 0.3 ms added to deliver";

/// The additional CPU milliseconds of `fetch-config` when it stores the body: it deflates the body and writes
/// it with a separate request.
pub(crate) const KEPT_BODY_CPU_MS: f64 = 0.3;

/// One function.
pub(crate) struct Measured {
    pub(crate) function: &'static str,
    /// CPU milliseconds of a warm invocation, on a whole core.
    pub(crate) cpu_ms: f64,
    /// Additional billed milliseconds of a cold invocation: INIT, and the first TLS connections to AWS. An
    /// estimate, because neither can be measured outside AWS.
    pub(crate) cold_ms: f64,
}

/// All functions that an event can invoke.
pub(crate) const FUNCTIONS: [Measured; 5] = [
    Measured { function: "trigger", cpu_ms: 0.83, cold_ms: 100.0 },
    Measured { function: "fetch-config", cpu_ms: 0.6, cold_ms: 100.0 },
    Measured { function: "hydrate", cpu_ms: 0.52, cold_ms: 100.0 },
    Measured { function: "deliver", cpu_ms: 0.72, cold_ms: 100.0 },
    Measured { function: "update-status", cpu_ms: 0.59, cold_ms: 100.0 },
];

/// A function's numbers. A function that is not in the table counts as the most expensive one.
pub(crate) fn of(function: &str) -> &'static Measured {
    FUNCTIONS.iter().find(|measured| measured.function == function).unwrap_or(&FUNCTIONS[0])
}
