//! Webhooks: how they are saved, shown, tried and deleted.

pub(crate) mod allowance;
pub(crate) mod certificates;
pub(crate) mod connection;
pub(crate) mod crud;
mod event_headers;
mod extra_signature;
mod key_client;
pub mod lane;
pub mod overview;
pub(crate) mod patch;
mod pins;
pub mod preview;
pub mod rotate_secret;
pub mod save;
pub(crate) mod stored_webhook;
pub mod test_auth;
pub mod test_send;
pub mod webhook_view;
pub mod write;
