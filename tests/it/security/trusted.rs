//! Whether a receiver can trust a request: signatures of real requests, verified by third-party code, and
//! both ends of TLS.
#![expect(clippy::unwrap_used, reason = "a receiver that cannot be built fails the test")]

use std::sync::{Arc, Mutex};

use hookstep_signing::Received;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::security::signatures::verify_elsewhere;
use crate::world::{ORG, Receiver, Seen, World};

/// Creates a webhook; returns its id and its signing secret.
async fn signed_webhook(world: &World, url: &str) -> (String, String) {
    let created = world.api.post("/webhook", &json!({"name": "test", "url": url})).await;
    assert_eq!(created.status, 201, "{created:?}");
    let created = created.json();
    let text = |field: &str| created[field].as_str().unwrap().to_owned();
    (text("config_id"), text("signing_secret"))
}

async fn public_key(world: &World) -> String {
    let path = format!("/.well-known/webhook-public-key?org_id={ORG}");
    world.api.get(&path).await.json()["pem"].as_str().unwrap().to_owned()
}

fn verify(seen: &Seen, secret: &str, pem: &str) {
    let header = |name| seen.header(name).unwrap();
    let received = Received {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
    };
    verify_elsewhere(received, &seen.body, secret, pem);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_verify_what_a_receiver_got_small_and_large() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let (config_id, secret) = signed_webhook(&world, &receiver.url).await;
    for body in ["{\"a\":  1.0, \"é\": 12345678901234567890}".to_owned(), "large ".repeat(100_000)] {
        world.api.trigger_sync(&config_id, body).await;
    }
    let pem = public_key(&world).await;
    assert_eq!(receiver.calls(), 2);
    receiver.seen().iter().for_each(|seen| verify(seen, &secret, &pem));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_secret_is_rotated_both_are_good_and_then_the_new_one_alone() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let (config_id, first) = signed_webhook(&world, &receiver.url).await;
    let rotate = async |overlap: u64| {
        let path = format!("/webhook/{config_id}/rotate-secret");
        let rotated = world.api.post(&path, &json!({"overlap_seconds": overlap})).await;
        assert_eq!(rotated.status, 200, "{rotated:?}");
        rotated.json()["signing_secret"].as_str().unwrap().to_owned()
    };
    let kinds = |seen: &Seen| seen.header("webhook-signature").unwrap().matches("v1,").count();
    let second = rotate(3600).await;
    world.api.trigger_sync(&config_id, "{}").await;
    let third = rotate(0).await;
    world.api.trigger_sync(&config_id, "{}").await;
    let (pem, seen) = (public_key(&world).await, receiver.seen());
    assert_eq!((kinds(&seen[0]), kinds(&seen[1])), (2, 1));
    for (seen, secret) in [(&seen[0], &first), (&seen[0], &second), (&seen[1], &third)] {
        verify(seen, secret, &pem);
    }
}

/// This test's certificate authority, and the certificates it has signed.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate for this name with its key, both as PEM and DER.
    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }
}

/// A receiver with a certificate from `authority` that accepts only clients with a certificate from the same
/// authority; returns its URL and the clients it saw.
async fn demanding(authority: &Authority) -> (String, Arc<Mutex<Vec<CertificateDer<'static>>>>) {
    let (certificate, key) = authority.issue("localhost");
    let mut roots = RootCertStore::empty();
    roots.add(authority.der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let clients =
        WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone()).build().unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let (acceptor, seen) = (TlsAcceptor::from(Arc::new(config)), Arc::<Mutex<Vec<_>>>::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/hook", listener.local_addr().unwrap().port());
    let log = seen.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let client = stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned();
            log.lock().unwrap().push(client);
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
            let _ = stream.shutdown().await;
        }
    });
    (url, seen)
}

#[tokio::test]
async fn a_client_certificate_and_a_private_authority_belong_to_their_webhook() {
    let (world, authority) = (World::with_histories().await, Authority::new());
    let (url, came) = demanding(&authority).await;
    let (certificate, key) = authority.issue("hookstep");
    let tls =
        json!({"certificate": certificate.pem(), "private_key": key.serialize_pem(), "ca": authority.pem()});
    let deliver = async |tls: Value| {
        let config_id = world.api.create_webhook(&url, json!({"tls": tls})).await;
        (world.api.trigger_sync(&config_id, "{}").await, config_id)
    };
    let (answer, config_id) = deliver(tls.clone()).await;
    assert_eq!(answer["status"], "succeeded", "{answer}");
    assert_eq!(*came.lock().unwrap(), [certificate.der().clone()]);
    let shown = world.api.get(&format!("/webhook/{config_id}")).await.json();
    assert_eq!((&shown["tls"]["private_key"], &shown["tls"]["ca"]), (&Value::Null, &tls["ca"]));
    assert!(shown["certificate"]["not_after"].is_string(), "{shown}");
    let event = world.api.event(&config_id, answer["event_id"].as_str().unwrap()).await;
    let kept = format!("{event}{}", world.history(event["event_id"].as_str().unwrap()).await);
    assert!(!kept.contains("PRIVATE KEY") && !kept.contains("CERTIFICATE"), "{kept}");

    let (without_certificate, _) = deliver(json!({"ca": authority.pem()})).await;
    assert_eq!(without_certificate["outcome"], "failed_unreachable", "{without_certificate}");
    let (not_trusted, _) = deliver(json!({"ca": Authority::new().pem()})).await;
    assert_eq!(not_trusted["reason"]["code"], "certificate_untrusted", "{not_trusted}");
    assert_eq!(came.lock().unwrap().len(), 1);
}
