//! Claim checks: bodies in S3 that are too large for the state. [`Claims`] stores them, resolves a claim
//! check to the object that was accepted, and reads exactly that object or fails.

mod bucket;
mod erase;
mod object_body;
mod resolve;

pub use bucket::{Claims, Upload};
pub use object_body::ObjectBody;
pub use resolve::OpenError;
