//! What the tables are asked for, without a table: keys, and when an item may go.

mod items;
mod redelivery;
mod table;
