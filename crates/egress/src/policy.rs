//! What may be called, and with which headers.

use std::collections::BTreeMap;
use std::net::IpAddr;

use thiserror::Error;
use url::{Host, Url};

use crate::address::{self, BlockedAddress};
use crate::headers::{self, HeaderRefusal};

/// The longest URL: what every server and log takes.
const MAX_URL_BYTES: usize = 2048;

/// Ports below belong to services that are not receivers (SMTP, DNS, SSH, …), but for those of HTTP.
const FIRST_FREE_PORT: u16 = 1024;

/// What the client may call. The default is what production wants; the fields are the ways out of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Also call `http` URLs: bodies and headers then travel in the clear.
    pub allow_http_targets: bool,
    /// Also call loopback and private addresses. For development: tenants can then reach our own network.
    pub allow_private_targets: bool,
}

/// Why a request is not sent; for the one who chose the URL and the headers.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PolicyRefusal {
    /// The URL is too long.
    #[error("the URL is longer than {MAX_URL_BYTES} bytes")]
    TooLong,
    /// The URL cannot be read.
    #[error("the URL is not valid: {0}")]
    Unreadable(#[source] url::ParseError),
    /// The URL has characters that must be escaped.
    #[error("the URL has characters that must be escaped")]
    Unescaped,
    /// Neither `https` nor an allowed `http`.
    #[error("the URL's scheme must be https, not {0}")]
    Scheme(String),
    /// A user name or a password in the URL.
    #[error("the URL must not contain a user name or a password")]
    UserInfo,
    /// A fragment, which no server ever sees.
    #[error("the URL must not have a fragment (#)")]
    Fragment,
    /// No host.
    #[error("the URL has no host")]
    NoHost,
    /// A port that is another service's.
    #[error("the port {0} is not allowed; use 443 or one from {FIRST_FREE_PORT}")]
    Port(u16),
    /// A name that only means something inside a network.
    #[error("the host name {0} is not a public name")]
    LocalName(String),
    /// A blocked address: written in the URL, or what its host resolves to.
    #[error(transparent)]
    Address(#[from] BlockedAddress),
    /// A header that is ours to set, or cannot be sent.
    #[error(transparent)]
    Header(#[from] HeaderRefusal),
}

impl Policy {
    /// The URL, when it may be called as far as can be told without resolving its host.
    ///
    /// # Errors
    /// Why it may not.
    pub fn check_url(&self, text: &str) -> Result<Url, PolicyRefusal> {
        if text.len() > MAX_URL_BYTES {
            return Err(PolicyRefusal::TooLong);
        }
        // The parser drops these without a word, or takes `\` for a slash where others see the user info go on: what is
        // shown would not be what is called.
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
        // The HTTP library has its own idea of a URL: find out here where they differ. Escaping can also have made it longer.
        match url.as_str().parse::<http::Uri>() {
            Ok(_) if url.as_str().len() <= MAX_URL_BYTES => Ok(url),
            Ok(_) => Err(PolicyRefusal::TooLong),
            Err(_) => Err(PolicyRefusal::Unescaped),
        }
    }

    /// Whether an address may be called.
    ///
    /// # Errors
    /// What the address is, when it may not.
    pub fn allows(&self, address: IpAddr) -> Result<(), BlockedAddress> {
        address::check(address, self.allow_private_targets)
    }

    /// Whether a webhook's own headers may be sent.
    ///
    /// # Errors
    /// The first that may not.
    pub fn check_headers(&self, headers: &BTreeMap<String, String>) -> Result<(), HeaderRefusal> {
        headers::check(headers)
    }

    /// Whether a credential may be sent in a header of this name: `Authorization` and `Cookie`, unlike other headers, may.
    ///
    /// # Errors
    /// Why it may not.
    pub fn check_credential_header(&self, name: &str) -> Result<(), HeaderRefusal> {
        headers::check_credential(name)
    }

    /// Whether [`Client::send`](crate::Client::send) takes the headers. For those of our own making: a credential, a token
    /// endpoint's.
    ///
    /// # Errors
    /// The first that it does not.
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

/// A name without a dot is completed by the machine's search domains, and the suffixes never leave a network. The
/// addresses are checked in any case; this tells the owner sooner and more clearly.
fn is_public_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_whole = name.split('.').all(|label| !label.is_empty());
    is_whole && name.contains('.') && !name.ends_with(".localhost") && !name.ends_with(".internal")
}
