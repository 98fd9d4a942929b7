//! Claim checks: the bodies in S3 that are too large for the state. [`Claims`] keeps them, resolves a claim check to the object
//! that was accepted, and reads that object or none.

mod bucket;
mod object_body;
mod resolve;

pub use bucket::{Claims, Upload};
pub use object_body::ObjectBody;
pub use resolve::OpenError;
