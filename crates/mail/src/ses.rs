//! Mails by the Simple Email Service of AWS.

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::{BuildError, SdkError};
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageHeader};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hookstep_ambient::OnDemand;
use hookstep_contract::EmailAddress;

use crate::{AUTO_SUBMITTED, Mail, MailError, Mailer};

/// SES, with an identity of the account as the sender.
#[derive(Clone, Debug)]
pub struct Ses {
    client: OnDemand<Client>,
    from: EmailAddress,
}

impl Ses {
    /// Mails from this address, which the account must have verified. `client` is called once, for the first mail.
    pub fn new(client: impl FnOnce() -> Client + Send + 'static, from: EmailAddress) -> Self {
        Self { client: OnDemand::new(client), from }
    }

    async fn hand_over(&self, mail: &Mail) -> Result<(), MailError> {
        let content = content(mail).map_err(|error| MailError::Refused(error.into()))?;
        let request = self
            .client
            .send_email()
            .from_email_address(self.from.as_str())
            .destination(Destination::builder().to_addresses(mail.to().as_str()).build())
            .content(content);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_final(&error) => Err(MailError::Refused(error.into())),
            Err(error) => Err(MailError::Unavailable(error.into())),
        }
    }
}

impl Mailer for Ses {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), MailError>> {
        self.hand_over(mail).boxed()
    }
}

fn content(mail: &Mail) -> Result<EmailContent, BuildError> {
    let text = |data: &str| Content::builder().data(data).charset("UTF-8").build();
    let (name, value) = AUTO_SUBMITTED;
    let message = Message::builder()
        .subject(text(mail.subject())?)
        .body(Body::builder().text(text(mail.text())?).build())
        .headers(MessageHeader::builder().name(name).value(value).build()?);
    Ok(EmailContent::builder().simple(message.build()).build())
}

/// Whether SES refuses this very mail. What it refuses because of the account may work again once a person has seen to it.
fn is_final<R>(error: &SdkError<SendEmailError, R>) -> bool {
    use SendEmailError::{BadRequestException, MessageRejected};
    matches!(error.as_service_error(), Some(BadRequestException(_) | MessageRejected(_)))
}
