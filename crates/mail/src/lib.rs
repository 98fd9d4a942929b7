//! Mails to the owners of webhooks. On AWS they go out by SES, from one machine by an SMTP server: two features, because no
//! program needs both.

mod mail;
#[cfg(feature = "ses")]
mod ses;
#[cfg(feature = "smtp")]
mod smtp;

use std::fmt;

use futures_util::future::BoxFuture;
use thiserror::Error;

pub use mail::Mail;
#[cfg(feature = "ses")]
pub use ses::Ses;
#[cfg(feature = "smtp")]
pub use smtp::{Smtp, SmtpUrl, SmtpUrlError};

/// Tells automatic repliers, such as those about holidays, that nobody reads their answer (RFC 3834).
#[cfg(any(feature = "ses", feature = "smtp"))]
const AUTO_SUBMITTED: (&str, &str) = ("Auto-Submitted", "auto-generated");

/// What takes mails and brings them on their way.
pub trait Mailer: fmt::Debug + Send + Sync {
    /// Hands over a mail. A mail that was taken may still not arrive, of which only its sender's mailbox is told.
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>>;
}

/// A mail was not handed over.
#[derive(Debug, Error)]
pub enum MailError {
    /// It would be refused again.
    #[error("the mail was refused")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A later try may succeed.
    #[error("the mail could not be handed over for now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
