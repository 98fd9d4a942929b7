//! The screens: a file for each, with the handlers of its routes and the HTML that they show.

pub(crate) mod asset_files;
pub(crate) mod audit_page;
pub(crate) mod charts;
pub(crate) mod erasure_page;
pub(crate) mod event_page;
pub(crate) mod event_table;
pub(crate) mod event_type_choice;
pub(crate) mod event_type_pages;
pub(crate) mod lane;
pub(crate) mod notification_page;
pub(crate) mod org_events;
pub(crate) mod portal;
pub(crate) mod receiver;
pub(crate) mod replay_pages;
pub(crate) mod secret_page;
pub(crate) mod session_pages;
pub(crate) mod sign_in;
pub(crate) mod test_page;
pub(crate) mod token_pages;
pub(crate) mod verify_snippets;
pub(crate) mod webhook_actions;
pub(crate) mod webhook_edit;
pub(crate) mod webhook_list;
pub(crate) mod webhook_page;
