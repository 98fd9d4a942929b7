//! The AWS services over TLS: a first invocation pays for a handshake with each service that it calls.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;

use crate::Outcome;

/// The certificate authority that the functions trust; it signed the certificate below, for 127.0.0.1. All
/// keys are RSA with 2048 bits, like those of most AWS endpoints. The key is used only by this benchmark.
pub(crate) const AUTHORITY: &str = include_str!("fixtures/ca.pem");
const CERTIFICATE: &[u8] = include_bytes!("fixtures/aws.test.der");
const KEY: &[u8] = include_bytes!("fixtures/aws.test.key.der");

/// Accepts connections over TLS.
pub(crate) struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Tls {
    pub(crate) async fn bind() -> Outcome<Self> {
        let certificates = vec![CertificateDer::from_slice(CERTIFICATE)];
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(certificates, PrivatePkcs8KeyDer::from(KEY).into())?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        Ok(Self { listener, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.listener).await;
            // The next connection waits meanwhile; only `update-status` opens two at once here.
            if stream.set_nodelay(true).is_ok()
                && let Ok(stream) = self.acceptor.accept(stream).await
            {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
