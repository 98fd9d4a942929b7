//! HTTPS to AWS services, with little cost at cold start (docs/adr/0008).

use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::Error;

/// Amazon Root CA 1 to 4 and Starfield Services Root CA - G2: the five
/// roots that <https://www.amazontrust.com/repository> recommends for a
/// custom trust store. They are valid until at least the end of 2037.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-trust-services.pem");

/// The HTTP client that all AWS clients share.
///
/// It trusts only Amazon's own certificate authorities: reading the machine's trust
/// store, with 140 others, took more than half of a cold start. An endpoint outside
/// Amazon (`AWS_ENDPOINT_URL`) may use any authority that the machine trusts.
pub(crate) fn client(endpoint: Option<&str>) -> Result<SharedHttpClient, Error> {
    let trusted = if endpoint.is_some_and(|url| url.starts_with("https:")) {
        TrustStore::default()
    } else {
        TrustStore::empty().with_pem_certificate(AMAZON_ROOTS)
    };
    let tls = TlsContext::builder().with_trust_store(trusted).build()?;
    let client = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls);
    Ok(SharedHttpClient::new(LazyConnector(client.build_https())))
}

/// Creates its connector at the first request. The SDK's own client creates and discards an extra connector
/// for every AWS client, in order to load the machine's trust store early.
#[derive(Debug)]
struct LazyConnector(SharedHttpClient);

impl HttpClient for LazyConnector {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}
