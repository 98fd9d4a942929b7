//! One binary. What a machine does is a case under `conformance/`, if another engine could run it too; what the
//! host is told is in `history`; what is refused is in `load`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "the helpers of a test may panic, too")]

mod conformance;
mod history;
mod load;
mod support;
