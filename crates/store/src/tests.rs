//! What the tables are asked for, without a table: keys, and when an item may go.

mod items;
mod record;
mod redelivery;
mod table;
