//! Replays: events that are sent again, one by one or many at once.

pub mod bulk;
pub mod forecast;
pub mod single;
