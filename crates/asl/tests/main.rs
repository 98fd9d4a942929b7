//! One test binary. A machine's behaviour is tested by cases under `conformance/` if another engine could run
//! them too; calls to the host in `history`; rejected definitions in `load`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "the helpers of a test may panic, too")]

mod conformance;
mod history;
mod load;
mod support;
