//! A mail.

use hookstep_contract::EmailAddress;

/// A plain-text mail to one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    to: EmailAddress,
    subject: String,
    text: String,
}

impl Mail {
    /// A mail. The subject is a header, which ends with its line: what would end it is a space instead.
    pub fn new(to: EmailAddress, subject: &str, text: impl Into<String>) -> Self {
        let subject = subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Self { to, subject, text: text.into() }
    }

    /// Whom it is to.
    pub fn to(&self) -> &EmailAddress {
        &self.to
    }

    /// Its subject, on one line.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_cannot_begin_another_header() {
        let to = "ops@example.com".parse().unwrap();
        let mail = Mail::new(to, "orders\r\nBcc: you@example.com\u{85}\u{b}", "");
        assert_eq!(mail.subject(), "orders  Bcc: you@example.com  ");
    }
}
