//! Mails by an SMTP server.

use std::fmt;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hookstep_contract::EmailAddress;
use lettre::address::AddressError;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::Error as SmtpError;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use thiserror::Error;
use url::Url;

use crate::{AUTO_SUBMITTED, Mail, MailError, Mailer};

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// How long the server has for each of its answers.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The URL of an SMTP server. It has a password, so it is neither shown nor checked before [`Smtp::new`]: programs repeat a
/// setting that they refuse.
#[derive(Clone)]
pub struct SmtpUrl(String);

impl From<String> for SmtpUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmtpUrl(***)")
    }
}

/// A URL of an SMTP server cannot be used. The message does not repeat it.
#[derive(Debug, Error)]
pub enum SmtpUrlError {
    /// It is not a URL.
    #[error("the URL of the SMTP server cannot be read")]
    Unreadable(#[from] url::ParseError),
    /// It does not lead to an SMTP server.
    #[error(
        "the URL of the SMTP server must be smtps://host, smtp://host?tls=required or smtp://host, with user:password@ and a port if they are needed"
    )]
    Unknown,
    /// Anybody on the way could read the password.
    #[error(
        "a password is sent to the SMTP server over TLS only: use smtps://, or smtp:// with ?tls=required"
    )]
    PasswordInTheClear,
    /// TLS cannot be set up.
    #[error("the SMTP server cannot be used")]
    Unusable(#[source] SmtpError),
}

/// An SMTP server.
#[derive(Clone)]
pub struct Smtp {
    transport: Transport,
    from: EmailAddress,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Smtp {
    /// Mails from this address, by the server with this URL.
    ///
    /// # Errors
    /// If the URL cannot be used.
    pub fn new(url: &SmtpUrl, from: EmailAddress) -> Result<Self, SmtpUrlError> {
        check(&url.0.parse()?)?;
        let transport = Transport::from_url(&url.0).map_err(SmtpUrlError::Unusable)?;
        Ok(Self { transport: transport.timeout(Some(TIMEOUT)).build(), from })
    }

    async fn hand_over(&self, mail: &Mail) -> Result<(), MailError> {
        let message = message(&self.from, mail).map_err(MailError::Refused)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(MailError::Refused(error.into())),
            Err(error) => Err(MailError::Unavailable(error.into())),
        }
    }
}

impl Mailer for Smtp {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
        self.hand_over(mail).boxed()
    }
}

fn check(url: &Url) -> Result<(), SmtpUrlError> {
    let tls = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
    let is_safe = match (url.scheme(), tls.as_deref()) {
        ("smtps", None) | ("smtp", Some("required")) => true,
        ("smtp", None | Some("opportunistic")) => false,
        _ => return Err(SmtpUrlError::Unknown),
    };
    if !url.has_host() {
        return Err(SmtpUrlError::Unknown);
    }
    if url.password().is_some() && !is_safe {
        return Err(SmtpUrlError::PasswordInTheClear);
    }
    Ok(())
}

fn message(from: &EmailAddress, mail: &Mail) -> Result<Message, Box<dyn std::error::Error + Send + Sync>> {
    let message = Message::builder()
        .from(mailbox(from)?)
        .to(mailbox(mail.to())?)
        .subject(mail.subject())
        .message_id(None)
        .header(AutoSubmitted)
        .header(ContentType::TEXT_PLAIN);
    Ok(message.body(mail.text().to_owned())?)
}

fn mailbox(address: &EmailAddress) -> Result<Mailbox, AddressError> {
    Ok(Mailbox::new(None, address.as_str().parse()?))
}

/// [`AUTO_SUBMITTED`].
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str(AUTO_SUBMITTED.0)
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), AUTO_SUBMITTED.1.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from() -> EmailAddress {
        "hookstep@example.com".parse().unwrap()
    }

    fn server(url: &str) -> Result<Smtp, SmtpUrlError> {
        Smtp::new(&SmtpUrl::from(url.to_owned()), from())
    }

    #[test]
    fn a_password_is_neither_shown_nor_sent_in_the_clear() {
        for url in
            ["smtps://me:needle@mail.example.com", "smtp://me:needle@mail.example.com:587?tls=required"]
        {
            let shown = format!("{:?} {:?}", SmtpUrl::from(url.to_owned()), server(url).unwrap());
            assert!(!shown.contains("needle"), "{shown}");
        }
        for url in [
            "smtp://me:needle@mail.example.com",
            "smtp://me:needle@mail.example.com?tls=opportunistic",
            "smtps://me:needle@",
            "smtps://me:needle@mail.example.com?tls=never",
            "http://me:needle@mail.example.com",
            "mail.example.com:needle",
            "needle",
        ] {
            let error = server(url).unwrap_err();
            let shown = hookstep_contract::error_chain(&error);
            assert!(!shown.contains("needle"), "{shown}");
        }
        server("smtp://127.0.0.1:25").unwrap();
    }

    #[test]
    fn a_message_is_text_that_no_program_answers() {
        let mail =
            Mail::new("ops@example.com".parse().unwrap(), "Webhook “é”\r\nBcc: you@example.com", "Grüße\n");
        let message = String::from_utf8(message(&from(), &mail).unwrap().formatted()).unwrap();
        for line in ["From: hookstep@example.com", "To: ops@example.com", "Auto-Submitted: auto-generated"] {
            assert!(message.lines().any(|other| other == line), "{line}: {message}");
        }
        assert!(!message.contains("\nBcc"), "{message}");
    }
}
