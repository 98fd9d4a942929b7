//! Who is told about changes of an org's webhooks.

use std::fmt;
use std::str::FromStr;

use email_address::Options;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::FieldError;
use crate::limits::{EMAIL_BYTES, MAX_EMAILS};

/// The address of a mailbox, without a name: `ops@example.com`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

/// The text is not an [`EmailAddress`].
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum InvalidEmailAddress {
    /// It is longer than mail servers take.
    #[error("must be at most {EMAIL_BYTES} bytes")]
    TooLong,
    /// It has characters that not every mail server takes, or that would end a line.
    #[error("must be printable ASCII characters; a domain with others is written in Punycode (xn--…)")]
    NotAscii,
    /// It is something else.
    #[error("must be an e-mail address, such as ops@example.com")]
    Malformed,
}

impl FromStr for EmailAddress {
    type Err = InvalidEmailAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > EMAIL_BYTES {
            return Err(InvalidEmailAddress::TooLong);
        }
        if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(InvalidEmailAddress::NotAscii);
        }
        let form = Options::default().without_display_text().without_domain_literal().with_required_tld();
        email_address::EmailAddress::parse_with_options(text, form)
            .map_err(|_| InvalidEmailAddress::Malformed)?;
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = InvalidEmailAddress;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl EmailAddress {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who is told about changes of an org's webhooks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationSettings {
    /// Who gets a mail about each change.
    pub emails: Vec<EmailAddress>,
}

impl NotificationSettings {
    /// Settings from what a person wrote.
    ///
    /// # Errors
    /// If an address is invalid or given twice, or if there are too many: the first such address, by its position.
    pub fn parse(emails: &[String]) -> Result<Self, FieldError> {
        if emails.len() > MAX_EMAILS {
            return Err(FieldError::new("emails", format!("must be at most {MAX_EMAILS}")));
        }
        let mut parsed: Vec<EmailAddress> = Vec::new();
        for (index, text) in emails.iter().enumerate() {
            let wrong = |reason: String| FieldError::new(format!("emails[{index}]"), reason);
            let email: EmailAddress =
                text.parse().map_err(|error: InvalidEmailAddress| wrong(error.to_string()))?;
            if parsed.iter().any(|other| other.0.eq_ignore_ascii_case(&email.0)) {
                return Err(wrong("must not be given twice".to_owned()));
            }
            parsed.push(email);
        }
        Ok(Self { emails: parsed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_mailbox_and_nothing_around_it() {
        for good in
            ["ops@example.com", "a.b+c@mail.example.co.uk", "o'neil@example.com", "x@xn--bcher-kva.example"]
        {
            assert_eq!(good.parse::<EmailAddress>().map(String::from), Ok(good.to_owned()));
        }
        for (bad, error) in [
            ("", InvalidEmailAddress::Malformed),
            ("ops", InvalidEmailAddress::Malformed),
            ("ops@", InvalidEmailAddress::Malformed),
            ("@example.com", InvalidEmailAddress::Malformed),
            ("ops@localhost", InvalidEmailAddress::Malformed),
            ("ops@[127.0.0.1]", InvalidEmailAddress::Malformed),
            ("Ops <ops@example.com>", InvalidEmailAddress::Malformed),
            ("ops@example.com, you@example.com", InvalidEmailAddress::Malformed),
            ("o ps@example.com", InvalidEmailAddress::Malformed),
            ("ops@example.com\r\nBcc: you@example.com", InvalidEmailAddress::NotAscii),
            ("ops@bücher.example", InvalidEmailAddress::NotAscii),
            (&format!("{}@example.com", "a".repeat(243)), InvalidEmailAddress::TooLong),
        ] {
            assert_eq!(bad.parse::<EmailAddress>(), Err(error), "{bad}");
        }
    }

    #[test]
    fn settings_name_the_address_that_is_wrong() {
        let of = |emails: &[&str]| {
            NotificationSettings::parse(&emails.iter().map(|email| (*email).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(of(&[]), Ok(NotificationSettings::default()));
        assert_eq!(of(&["a@example.com", "b@example.com"]).unwrap().emails.len(), 2);
        for (emails, field) in [
            (&["a@example.com", "b"][..], "emails[1]"),
            (&["a@example.com", "b@example.com", "A@Example.com"], "emails[2]"),
            (&["a@example.com"; 6], "emails"),
        ] {
            assert_eq!(of(emails).unwrap_err().field, field, "{emails:?}");
        }
    }
}
