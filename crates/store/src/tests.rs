//! The requests to the tables, tested without a table: their keys and expiry times.

mod config_cache;
mod items;
mod record;
mod redelivery;
mod table;
