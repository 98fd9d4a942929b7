//! The settings for mails to the owners of webhooks.

use std::sync::Arc;

use clap::Args;
use hookstep_contract::EmailAddress;
use hookstep_mail::{Mailer, Smtp, SmtpUrl};

use crate::settings::BoxError;

/// How mails are sent.
#[derive(Clone, Debug, Args)]
pub(crate) struct MailArgs {
    /// The SMTP server by which orgs are told about their webhooks; without it, nobody gets a mail. Flags show in the process
    /// list, so set the environment variable if there is a password.
    #[arg(
        long,
        env = "HOOKSTEP_SMTP_URL",
        hide_env_values = true,
        value_name = "smtps://USER:PASSWORD@HOST"
    )]
    smtp_url: Option<SmtpUrl>,

    /// The address from which these mails come.
    #[arg(long, env = "HOOKSTEP_MAIL_FROM")]
    mail_from: Option<EmailAddress>,
}

impl MailArgs {
    /// What sends the mails, if any are to be sent.
    ///
    /// # Errors
    /// If one of the two settings is missing, or the URL cannot be used.
    pub(crate) fn mailer(&self) -> Result<Option<Arc<dyn Mailer>>, BoxError> {
        match (&self.smtp_url, &self.mail_from) {
            (Some(url), Some(from)) => Ok(Some(Arc::new(Smtp::new(url, from.clone())?))),
            (None, None) => Ok(None),
            _ => Err("--smtp-url and --mail-from belong together: set both, or neither".into()),
        }
    }
}
