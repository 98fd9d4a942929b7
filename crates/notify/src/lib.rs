//! Tells the owners of a webhook that it is degraded or failing, has recovered, was disabled, or has a client certificate that
//! expires: one mail about each change to
//! each address that the org has named (docs/adr/0050).

mod bus_event;
mod context;
mod message;

use hookstep_contract::{ErrorName, StepError, error_chain};
use hookstep_mail::{Mail, MailError};
use hookstep_store::Notification;
use serde::Serialize;

pub use bus_event::BusEvent;
pub use context::Context;
use message::{Change, Message, Subject};

/// How many mails were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Notified {
    /// One for each address that had not been told yet.
    pub sent: usize,
}

/// Sends the mails about an event.
///
/// All addresses are tried. If one cannot be told for now, the event is to be handled again; who was told already is not told
/// again.
///
/// # Errors
/// `StorageUnavailable` if a table does not respond; `MailUnavailable` if at least one mail could not be handed over for now.
pub async fn handle(event: BusEvent, ctx: &Context) -> Result<Notified, StepError> {
    let mut notified = Notified { sent: 0 };
    let Some(change) = Change::of(event.detail_type) else { return Ok(notified) };
    let settings = ctx.configs.notification_settings(&event.detail.org_id).await?;
    if settings.emails.is_empty() {
        return Ok(notified);
    }
    let message =
        Message::about(change, &event.detail, &subject(&event, ctx).await?, ctx.console_url.as_deref());
    let mut failed = None;
    for email in settings.emails {
        let mail = Mail::new(email, &message.subject, message.text.clone());
        match tell(&event, &mail, ctx).await? {
            Told::Now => notified.sent += 1,
            Told::Before | Told::Never => {}
            Told::Later(error) => failed = Some(error),
        }
    }
    match failed {
        None => Ok(notified),
        Some(error) => Err(StepError::because(
            ErrorName::MailUnavailable,
            "not every mail about a change could be handed over",
            error,
        )),
    }
}

/// What became of a mail.
enum Told {
    /// It was sent.
    Now,
    /// It was sent when the event was handled before.
    Before,
    /// It was refused.
    Never,
    /// It may be sent when the event is handled again.
    Later(MailError),
}

/// Sends a mail unless it was sent before.
async fn tell(event: &BusEvent, mail: &Mail, ctx: &Context) -> Result<Told, StepError> {
    let detail = &event.detail;
    let notification = Notification {
        org_id: &detail.org_id,
        config_id: detail.config_id,
        event_id: detail.event_id,
        detail_type: event.detail_type,
        email: mail.to(),
    };
    if !ctx.notifications.claim(notification, ctx.sources.now()).await? {
        return Ok(Told::Before);
    }
    match ctx.mailer.send(mail).await {
        Ok(()) => Ok(Told::Now),
        Err(error @ MailError::Refused(_)) => {
            tracing::warn!(
                org.id = %detail.org_id,
                config.id = %detail.config_id,
                error.chain = error_chain(&error),
                "an owner of a webhook could not be told about it"
            );
            Ok(Told::Never)
        }
        Err(error @ MailError::Unavailable(_)) => {
            ctx.notifications.release(notification).await?;
            Ok(Told::Later(error))
        }
    }
}

/// The webhook's name and host: from the event or, if it does not say, from the webhook itself.
async fn subject(event: &BusEvent, ctx: &Context) -> Result<Subject, StepError> {
    let detail = &event.detail;
    if let Some(news) = &detail.webhook {
        return Ok(Subject::of_news(news));
    }
    let config = ctx.configs.get(&detail.org_id, detail.config_id).await?;
    Ok(config.map_or_else(|| Subject::unnamed(detail.config_id), |config| Subject::of_config(&config)))
}
