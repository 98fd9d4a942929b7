//! Events: how they are listed, read and cancelled.

pub(crate) mod body;
pub mod cancel;
pub mod lookup;
pub(crate) mod publication;
