//! HTTPS to the AWS services, as a cold start can bear it (docs/adr/0008).

use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::Error;

/// Amazon Root CA 1 to 4 and Starfield Services Root CA - G2: the five roots that <https://www.amazontrust.com/repository>
/// recommends for a trust store of one's own. They are valid until the end of 2037 at least.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-trust-services.pem");

/// The HTTP client of all AWS clients.
///
/// It trusts Amazon's own authorities: to read the machine's trust store, with 140 others, took more than half of a cold start.
/// An endpoint that is not Amazon's (`AWS_ENDPOINT_URL`) may have a certificate of any authority that the machine trusts.
pub(crate) fn client(endpoint: Option<&str>) -> Result<SharedHttpClient, Error> {
    let trusted = if endpoint.is_some_and(|url| url.starts_with("https:")) {
        TrustStore::default()
    } else {
        TrustStore::empty().with_pem_certificate(AMAZON_ROOTS)
    };
    let tls = TlsContext::builder().with_trust_store(trusted).build()?;
    Ok(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls).build_https())
}
