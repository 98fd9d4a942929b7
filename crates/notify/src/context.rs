//! The function's dependencies.

use std::sync::Arc;

use hookstep_ambient::Sources;
use hookstep_mail::Mailer;
use hookstep_store::{Configs, Notifications};

/// The tables, clients and settings that the function uses.
#[derive(Clone, Debug)]
pub struct Context {
    /// The table of webhooks, and of those who want to be told about them.
    pub configs: Configs,
    /// Who was told what.
    pub notifications: Notifications,
    /// What takes the mails.
    pub mailer: Arc<dyn Mailer>,
    /// The address at which people open the console, for the links in mails.
    pub console_url: Option<String>,
    /// The clock.
    pub sources: Sources,
}
