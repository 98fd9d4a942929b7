use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::server::WebPkiClientVerifier;
use rustls::{CertificateError, ServerConfig, SupportedProtocolVersion, version};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::client::{request, trusting_client};
use super::pki::{Authority, Signed};
use crate::{BoxError, Client, ClientTls, SendError, TlsFailure, TlsFailureKind, TlsParts, Unreachable};

/// A kind of receiver: the TLS version it speaks, and what it requires.
#[derive(Clone, Copy, Debug)]
struct Kind {
    version: &'static SupportedProtocolVersion,
    alpn: &'static str,
    demands_certificate: bool,
}

const KINDS: [Kind; 4] = [
    Kind { version: &version::TLS13, alpn: "http/1.1", demands_certificate: true },
    Kind { version: &version::TLS13, alpn: "h2", demands_certificate: true },
    Kind { version: &version::TLS12, alpn: "http/1.1", demands_certificate: true },
    Kind { version: &version::TLS12, alpn: "h2", demands_certificate: true },
];

async fn describe(request: http::Request<Incoming>) -> Result<http::Response<Full<Bytes>>, BoxError> {
    let version = request.version();
    request.into_body().collect().await?;
    Ok(http::Response::new(format!("{version:?}").into()))
}

fn server_config(kind: Kind, authority: &Authority) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[kind.version])
        .unwrap();
    let builder = if kind.demands_certificate {
        let roots = Arc::new(authority.roots());
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build().unwrap();
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let (certificate, key) = authority.sign("receiver.test").der;
    let mut config = builder.with_single_cert(vec![certificate], key).unwrap();
    config.alpn_protocols = vec![kind.alpn.into()];
    config
}

async fn receiver(kind: Kind, authority: &Authority) -> String {
    let acceptor = TlsAcceptor::from(Arc::new(server_config(kind, authority)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://receiver.test:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let (stream, service) = (TokioIo::new(stream), service_fn(describe));
            if kind.alpn == "h2" {
                tokio::spawn(http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service));
            } else {
                tokio::spawn(http1::Builder::new().serve_connection(stream, service));
            }
        }
    });
    url
}

fn client(identity: Option<&Signed>, ca: Option<&Authority>) -> Client {
    let ca = ca.map(Authority::pem);
    let tls = ClientTls::parse(TlsParts {
        certificate: identity.map(|identity| identity.certificate.as_str()),
        private_key: identity.map(|identity| identity.key.as_bytes()),
        ca: ca.as_deref(),
    });
    trusting_client().with_tls(&tls.unwrap()).unwrap()
}

async fn unreachable(client: &Client, url: &str) -> Unreachable {
    match client.send(request(url.to_owned())).await.unwrap_err().error {
        SendError::Unreachable { kind, .. } => kind,
        other => panic!("{other:?}"),
    }
}

/// The message of a failure that is due to a client certificate.
async fn client_certificate_fault(client: &Client, url: &str) -> String {
    match unreachable(client, url).await {
        Unreachable::Tls(failure) if failure.kind == TlsFailureKind::ClientCertificate => failure.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_receiver_that_demands_a_certificate_gets_the_right_one() {
    let (authority, stranger) = (Authority::new("own"), Authority::new("other"));
    let (right, wrong) = (authority.sign("sender.test"), stranger.sign("sender.test"));
    for kind in KINDS {
        let url = receiver(kind, &authority).await;
        let answer = client(Some(&right), Some(&authority)).send(request(url.clone())).await.unwrap();
        let version = if kind.alpn == "h2" { "HTTP/2.0" } else { "HTTP/1.1" };
        assert_eq!(String::from_utf8(answer.body).unwrap(), version);

        let without = client_certificate_fault(&client(None, Some(&authority)), &url).await;
        let refused = client_certificate_fault(&client(Some(&wrong), Some(&authority)), &url).await;
        if (kind.version, kind.alpn) == (&version::TLS13, "h2") {
            assert!(without.contains("demands a client certificate that it did not get"), "{without}");
            assert!(refused.contains("does not accept the one it got"), "{refused}");
        } else {
            assert!(without.contains("it demands a client certificate"), "{kind:?}: {without}");
            assert!(refused.contains("no client certificate that it accepts"), "{kind:?}: {refused}");
        }
    }
}

#[tokio::test]
async fn an_authority_of_ones_own_is_the_only_one() {
    let (own, other) = (Authority::new("own"), Authority::new("other"));
    let kind = Kind { demands_certificate: false, ..KINDS[0] };
    let url = receiver(kind, &own).await;
    assert_eq!(client(None, Some(&own)).send(request(url.clone())).await.unwrap().status, 200);

    let not_trusted = Unreachable::Tls(TlsFailure::of(&CertificateError::UnknownIssuer.into()));
    assert_eq!(unreachable(&client(None, Some(&other)), &url).await, not_trusted);
    // `trusting_client` represents the public roots: it trusts a receiver that the client with its own
    // authority does not.
    let public = super::http2::receiver().await;
    assert_eq!(trusting_client().send(request(public.clone())).await.unwrap().status, 200);
    assert_eq!(client(None, None).send(request(public.clone())).await.unwrap().status, 200);
    assert_eq!(unreachable(&client(None, Some(&own)), &public).await, not_trusted);
}
