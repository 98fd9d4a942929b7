//! A webhook's own TLS settings: a client certificate to present, and authorities to trust instead of the
//! public ones.

use std::fmt;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use thiserror::Error;
use zeroize::Zeroizing;

/// The maximum size of a certificate with its chain, in bytes of PEM. A chain of four with RSA keys is half
/// of that.
const MAX_CHAIN_BYTES: usize = 16 * 1024;

/// The maximum size of a bundle of authorities, in bytes of PEM.
const MAX_CA_BYTES: usize = 32 * 1024;

/// The maximum size of a private key, in bytes of DER: what one call to KMS can encrypt. RSA with 4,096 bits
/// takes 2,400.
const MAX_KEY_BYTES: usize = 4096;

const BEGIN: &str = "-----BEGIN ";

/// The input of [`ClientTls::parse`]. Certificate and private key are given together or not at all.
#[derive(Clone, Copy, Default)]
pub struct TlsParts<'a> {
    /// The certificate to present, followed by the intermediate certificates up to an authority the receiver
    /// trusts; PEM, up to 16 KiB.
    pub certificate: Option<&'a str>,
    /// The certificate's key: PEM, or DER as returned by [`private_key_der`]; up to 4,096 bytes of DER.
    pub private_key: Option<&'a [u8]>,
    /// The authorities to trust; PEM, up to 32 KiB.
    pub ca: Option<&'a str>,
}

/// The part that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsPart {
    /// The certificate or its chain.
    Certificate,
    /// The private key.
    PrivateKey,
    /// The authorities.
    Ca,
}

impl TlsPart {
    /// The name of the config field.
    pub fn name(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::PrivateKey => "private_key",
            Self::Ca => "ca",
        }
    }
}

/// Which part cannot be used, and why. It reveals nothing of the part's content.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the {} {reason}", part.name())]
pub struct TlsRefusal {
    /// The part.
    pub part: TlsPart,
    /// The reason, phrased to follow the part's name.
    pub reason: &'static str,
}

/// A webhook's own TLS settings, for [`Client::with_tls`](crate::Client::with_tls).
#[derive(Clone)]
pub struct ClientTls {
    pub(crate) identity: Option<Arc<CertifiedKey>>,
    pub(crate) authorities: Option<Arc<RootCertStore>>,
}

impl ClientTls {
    /// Parses the parts. With `ca`, the receiver's certificate must be issued by one of these authorities,
    /// and the public ones are no longer trusted. Dates are not checked: a certificate may be saved before it
    /// is valid or after it has expired.
    ///
    /// The decoded key is wiped; the signer's copy and the caller's text are not.
    ///
    /// # Errors
    /// If a part cannot be used; the error names the first such part.
    pub fn parse(parts: TlsParts<'_>) -> Result<Self, TlsRefusal> {
        let identity = match (parts.certificate, parts.private_key) {
            (None, None) => None,
            (Some(chain), Some(key)) => Some(Arc::new(identity(chain, key)?)),
            (Some(_), None) => return Err(TlsPart::PrivateKey.refuse("is missing beside the certificate")),
            (None, Some(_)) => return Err(TlsPart::Certificate.refuse("is missing beside the private key")),
        };
        let authorities = parts.ca.map(authorities).transpose()?.map(Arc::new);
        Ok(Self { identity, authorities })
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls")
            .field("certificates", &self.identity.as_ref().map(|identity| identity.cert.len()))
            .field("authorities", &self.authorities.as_ref().map(|roots| roots.len()))
            .finish_non_exhaustive()
    }
}

/// The private key as DER, the shorter form, to be encrypted and stored; wiped when dropped.
/// [`ClientTls::parse`] accepts it in place of PEM.
///
/// # Errors
/// If there is not exactly one private key that TLS can use.
pub fn private_key_der(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, TlsRefusal> {
    let key = private_key(text)?;
    any_supported_type(&key).map_err(|_| UNSUPPORTED_KEY)?;
    Ok(Zeroizing::new(key.secret_der().to_vec()))
}

const UNSUPPORTED_KEY: TlsRefusal = TlsPart::PrivateKey
    .refuse("is broken, or not of a supported kind: RSA from 2,048 bits, ECDSA on P-256 or P-384, Ed25519");

impl TlsPart {
    const fn refuse(self, reason: &'static str) -> TlsRefusal {
        TlsRefusal { part: self, reason }
    }
}

fn identity(chain: &str, key: &[u8]) -> Result<CertifiedKey, TlsRefusal> {
    let chain = certificate_chain(chain)?;
    let key = any_supported_type(&*private_key(key)?).map_err(|_| UNSUPPORTED_KEY)?;
    let identity = CertifiedKey::new(chain, key);
    let mismatch = "does not belong to the certificate, which must be the first in its text";
    identity.keys_match().map_err(|_| TlsPart::PrivateKey.refuse(mismatch))?;
    Ok(identity)
}

/// Parses the certificates of a chain, the one to present first; at least one.
pub(crate) fn certificate_chain(text: &str) -> Result<Vec<CertificateDer<'static>>, TlsRefusal> {
    let part = TlsPart::Certificate;
    if text.len() > MAX_CHAIN_BYTES {
        return Err(part.refuse("is longer than 16 KiB"));
    }
    let chain = certificates(part, text)?;
    for certificate in &chain {
        ParsedCertificate::try_from(certificate)
            .map_err(|_| part.refuse("is not an X.509 certificate that can be read"))?;
    }
    Ok(chain)
}

fn authorities(text: &str) -> Result<RootCertStore, TlsRefusal> {
    let part = TlsPart::Ca;
    if text.len() > MAX_CA_BYTES {
        return Err(part.refuse("is longer than 32 KiB"));
    }
    let mut roots = RootCertStore::empty();
    for certificate in certificates(part, text)? {
        roots
            .add(certificate)
            .map_err(|_| part.refuse("has a certificate that cannot be read as an authority's"))?;
    }
    Ok(roots)
}

fn certificates(part: TlsPart, text: &str) -> Result<Vec<CertificateDer<'static>>, TlsRefusal> {
    let sections = text.matches(BEGIN).count();
    if sections == 0 {
        return Err(part.refuse("is not PEM: it has no -----BEGIN line"));
    }
    let found = CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|_| part.refuse("is not PEM: a section of it is broken"))?;
    match found.len() {
        0 => Err(part.refuse("has no certificate in it")),
        // The PEM reader skips sections of other kinds. A key among the certificates would be stored as if it
        // were public.
        count if count != sections => Err(part.refuse("has something other than certificates in it")),
        _ => Ok(found),
    }
}

pub(crate) fn private_key(text: &[u8]) -> Result<Zeroizing<PrivateKeyDer<'static>>, TlsRefusal> {
    let refuse = |reason| TlsPart::PrivateKey.refuse(reason);
    let too_long = refuse("is longer than 4,096 bytes of DER");
    // Base64 turns three bytes into four; the rest of this limit is for line ends and sections beside the
    // key.
    if text.len() > 3 * MAX_KEY_BYTES {
        return Err(too_long);
    }
    if !contains(text, BEGIN) {
        let key = PrivateKeyDer::try_from(text).map_err(|_| refuse("is neither PEM nor DER"))?;
        return if text.len() > MAX_KEY_BYTES { Err(too_long) } else { Ok(Zeroizing::new(key.clone_key())) };
    }
    if contains(text, "-----BEGIN ENCRYPTED ") || contains(text, "Proc-Type: 4,ENCRYPTED") {
        return Err(refuse("is encrypted; save it without its passphrase"));
    }
    let mut keys = Vec::new();
    for key in PrivateKeyDer::pem_slice_iter(text) {
        keys.push(Zeroizing::new(key.map_err(|_| refuse("is not PEM: a section of it is broken"))?));
    }
    match keys.pop() {
        None => Err(refuse("has no private key in it (PKCS#8, PKCS#1 or SEC 1)")),
        Some(_) if !keys.is_empty() => Err(refuse("has several private keys in it")),
        Some(key) if key.secret_der().len() > MAX_KEY_BYTES => Err(too_long),
        Some(key) => Ok(key),
    }
}

fn contains(text: &[u8], part: &str) -> bool {
    text.windows(part.len()).any(|window| window == part.as_bytes())
}
