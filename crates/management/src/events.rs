//! Events: how they are listed, searched, read and cancelled.

pub(crate) mod body;
pub mod cancel;
pub mod lookup;
pub(crate) mod publication;
pub mod search;
pub mod search_query;
pub mod views;

pub(crate) use body::no_longer_kept;
