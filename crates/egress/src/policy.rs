//! Which URLs may be called, and with which headers.

use std::collections::BTreeMap;
use std::net::IpAddr;

use thiserror::Error;
use url::{Host, Url};

use crate::address::{self, BlockedAddress};
use crate::headers::{self, HeaderRefusal};

/// The maximum length of a URL: every server and log accepts this much.
const MAX_URL_BYTES: usize = 2048;

/// Lower ports, except those of HTTP, belong to other services (SMTP, DNS, SSH, …).
const FIRST_FREE_PORT: u16 = 1024;

/// What the client may call. The default is for production; each field relaxes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Also allow `http` URLs: bodies and headers are then sent in the clear.
    pub allow_http_targets: bool,
    /// Also allow loopback and private addresses. For development only: tenants can then reach our own
    /// network.
    pub allow_private_targets: bool,
}

/// Why a request is not sent; written for whoever chose the URL and the headers.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PolicyRefusal {
    /// The URL is too long.
    #[error("the URL is longer than {MAX_URL_BYTES} bytes")]
    TooLong,
    /// The URL cannot be parsed.
    #[error("the URL is not valid: {0}")]
    Unreadable(#[source] url::ParseError),
    /// The URL has characters that must be escaped.
    #[error("the URL has characters that must be escaped")]
    Unescaped,
    /// The scheme is neither `https` nor an allowed `http`.
    #[error("the URL's scheme must be https, not {0}")]
    Scheme(String),
    /// The URL contains a user name or a password.
    #[error("the URL must not contain a user name or a password")]
    UserInfo,
    /// The URL has a fragment, which is never sent to a server.
    #[error("the URL must not have a fragment (#)")]
    Fragment,
    /// The URL has no host.
    #[error("the URL has no host")]
    NoHost,
    /// The port belongs to another service.
    #[error("the port {0} is not allowed; use 443 or one from {FIRST_FREE_PORT}")]
    Port(u16),
    /// The host name has a meaning only inside a network.
    #[error("the host name {0} is not a public name")]
    LocalName(String),
    /// The URL contains, or its host resolves to, a blocked address.
    #[error(transparent)]
    Address(#[from] BlockedAddress),
    /// A header is reserved or cannot be sent.
    #[error(transparent)]
    Header(#[from] HeaderRefusal),
}

impl Policy {
    /// Parses a URL and checks everything that can be checked without resolving its host.
    ///
    /// # Errors
    /// If the URL may not be called.
    pub fn check_url(&self, text: &str) -> Result<Url, PolicyRefusal> {
        if text.len() > MAX_URL_BYTES {
            return Err(PolicyRefusal::TooLong);
        }
        // The parser silently drops these characters, or takes `\` for a slash where other parsers continue
        // the user info: the URL shown would not be the URL called.
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(PolicyRefusal::Unescaped);
        }
        let url = Url::parse(text).map_err(PolicyRefusal::Unreadable)?;
        match url.scheme() {
            "https" => {}
            "http" if self.allow_http_targets => {}
            other => return Err(PolicyRefusal::Scheme(other.to_owned())),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(PolicyRefusal::UserInfo);
        }
        if url.fragment().is_some() {
            return Err(PolicyRefusal::Fragment);
        }
        self.check_host(&url)?;
        check_port(&url)?;
        // The HTTP library parses URLs differently; this detects the differences. Escaping can also have made
        // the URL longer.
        match url.as_str().parse::<http::Uri>() {
            Ok(_) if url.as_str().len() <= MAX_URL_BYTES => Ok(url),
            Ok(_) => Err(PolicyRefusal::TooLong),
            Err(_) => Err(PolicyRefusal::Unescaped),
        }
    }

    /// Checks whether an address may be called.
    ///
    /// # Errors
    /// If the address is blocked.
    pub fn allows(&self, address: IpAddr) -> Result<(), BlockedAddress> {
        address::check(address, self.allow_private_targets)
    }

    /// Checks whether a webhook's own headers may be sent.
    ///
    /// # Errors
    /// If a header may not be sent; the error names the first such header.
    pub fn check_headers(&self, headers: &BTreeMap<String, String>) -> Result<(), HeaderRefusal> {
        headers::check(headers)
    }

    /// Checks whether a webhook may have a header of this name, whatever its value.
    ///
    /// # Errors
    /// If a header of this name is reserved, carries a credential, or is invalid.
    pub fn check_header_name(&self, name: &str) -> Result<(), HeaderRefusal> {
        headers::check_name_of(name)
    }

    /// Checks whether a credential may be sent in a header of this name. Unlike for other headers,
    /// `Authorization` and `Cookie` are allowed.
    ///
    /// # Errors
    /// If a header of this name is reserved or invalid.
    pub fn check_credential_header(&self, name: &str) -> Result<(), HeaderRefusal> {
        headers::check_credential(name)
    }

    /// Checks whether [`Client::send`](crate::Client::send) accepts the headers. For headers that we create
    /// ourselves: a credential, or those of a token request.
    ///
    /// # Errors
    /// If a header is not accepted; the error names the first such header.
    pub fn check_own_headers(&self, headers: &BTreeMap<String, String>) -> Result<(), HeaderRefusal> {
        headers::to_map(headers).map(drop)
    }

    fn check_host(&self, url: &Url) -> Result<(), PolicyRefusal> {
        match url.host() {
            None => Err(PolicyRefusal::NoHost),
            Some(Host::Ipv4(address)) => Ok(self.allows(address.into())?),
            Some(Host::Ipv6(address)) => Ok(self.allows(address.into())?),
            Some(Host::Domain(name)) if self.allow_private_targets || is_public_name(name) => Ok(()),
            Some(Host::Domain(name)) => Err(PolicyRefusal::LocalName(name.to_owned())),
        }
    }
}

fn check_port(url: &Url) -> Result<(), PolicyRefusal> {
    match url.port_or_known_default() {
        Some(443 | FIRST_FREE_PORT..) => Ok(()),
        Some(80) if url.scheme() == "http" => Ok(()),
        other => Err(PolicyRefusal::Port(other.unwrap_or_default())),
    }
}

/// The machine's search domains complete a name without a dot, and these suffixes never leave a network. The
/// addresses are checked in any case; this check gives the owner an earlier and clearer error.
fn is_public_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_whole = name.split('.').all(|label| !label.is_empty());
    is_whole && name.contains('.') && !name.ends_with(".localhost") && !name.ends_with(".internal")
}
