//! A real SMTP server: aiosmtpd, in Python. It needs Python 3.11 and a package index; without them, its tests are skipped,
//! unless the environment variable `CI` is set.
#![expect(clippy::unwrap_used, reason = "a mail server that does not start fails the test")]

use std::path::Path;
use std::sync::Arc;

use hookstep_mail::{Mailer, Smtp, SmtpUrl};
use serde_json::Value;
use tokio::process::Command;

use super::process::{Process, workspace};
use super::python;

/// The sender of all mails.
pub(crate) const SENDER: &str = "hookstep@example.com";

/// A mail server, and the mails that it took.
pub(crate) struct MailServer {
    process: Process,
    pub(crate) port: u16,
}

/// What a server demands of its clients.
pub(crate) struct Secured<'a> {
    pub(crate) certificate: &'a Path,
    pub(crate) key: &'a Path,
    pub(crate) user: &'a str,
    pub(crate) password: &'a str,
}

impl MailServer {
    /// A server on any port that takes mails from everybody; `None` if there can be none.
    pub(crate) async fn start() -> Option<Self> {
        Self::at(0, None).await
    }

    /// A server on this port.
    pub(crate) async fn at(port: u16, secured: Option<Secured<'_>>) -> Option<Self> {
        let python = python::environment("smtp", "no mail is sent to a real server")?;
        let mut command = Command::new(python);
        command.arg(workspace().join("tests/smtp/server.py")).arg(port.to_string());
        if let Some(Secured { certificate, key, user, password }) = secured {
            command.args([certificate, key]).args([user, password]);
        }
        let mut process = Process::start(&mut command);
        let line = process.line("listening on ").await;
        Some(Self { port: line.rsplit(' ').next().unwrap().parse().unwrap(), process })
    }

    /// What sends mails by this server.
    pub(crate) fn mailer(&self) -> Option<Arc<dyn Mailer>> {
        mailer(&format!("smtp://127.0.0.1:{}", self.port))
    }

    /// The mails so far, in their order.
    pub(crate) fn mails(&self) -> Vec<Value> {
        let said = self.process.stdout();
        said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The subjects of the mails to an address, in their order.
    pub(crate) fn subjects(&self, address: &str) -> Vec<String> {
        let mails = self.mails().into_iter().filter(|mail| mail["to"] == serde_json::json!([address]));
        mails.map(|mail| mail["headers"]["subject"].as_str().unwrap().to_owned()).collect()
    }
}

/// What sends mails by the server with this URL.
pub(crate) fn mailer(url: &str) -> Option<Arc<dyn Mailer>> {
    Some(Arc::new(Smtp::new(&SmtpUrl::from(url.to_owned()), SENDER.parse().unwrap()).unwrap()))
}
