use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use http::Method;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig, ServerConnection, Stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::hostile::receiver as scripted;
use crate::resolver::Lookup;
use crate::{
    Body, Client, ClientTls, Keep, Policy, PolicyRefusal, Request, SendError, SendFailure, TlsFailureKind,
    TlsParts, Unreachable, tls,
};

const DEVELOPMENT: Policy = Policy { allow_http_targets: true, allow_private_targets: true };
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Resolves every name to this machine.
const HERE: Lookup = |_| Box::pin(async { Ok(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))]) });

/// The kind of a TLS failure.
fn tls_kind(failure: &SendFailure) -> Option<TlsFailureKind> {
    match &failure.error {
        SendError::Unreachable { kind: Unreachable::Tls(failure), .. } => Some(failure.kind),
        _ => None,
    }
}

pub(super) fn request(url: String) -> Request {
    Request {
        method: Method::POST,
        url,
        headers: BTreeMap::new(),
        body: Body::bytes("hello"),
        deadline: Duration::from_secs(5),
        keep: Keep { header_bytes: 1024, body_bytes: 1024 },
    }
}

fn certificate() -> CertificateDer<'static> {
    CertificateDer::from_slice(include_bytes!("fixtures/receiver.test.der"))
}

fn key() -> PrivateKeyDer<'static> {
    PrivateKeyDer::try_from(include_bytes!("fixtures/receiver.test.key.der").as_slice()).unwrap()
}

pub(super) fn server_config() -> ServerConfig {
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate()], key())
        .unwrap()
}

/// The receiver's certificate, repeated `times` times in its chain, and its key.
pub(super) fn large_chain(times: usize) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    (vec![certificate(); times], key())
}

/// Reads the head of a request; any body is ignored.
pub(super) async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        assert_ne!(stream.read_buf(&mut head).await.unwrap(), 0);
    }
    String::from_utf8(head).unwrap()
}

/// A client that trusts the receiver's certificate.
pub(super) fn trusting_client() -> Client {
    let mut roots = RootCertStore::empty();
    roots.add(certificate()).unwrap();
    Client::with(DEVELOPMENT, HERE, roots).unwrap()
}

/// Responds to `requests` requests on every connection, over TLS if `tls`.
fn receiver(requests: usize, tls: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Arc::new(server_config());
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut session = ServerConnection::new(config.clone()).unwrap();
            for _ in 0..requests {
                // A client that does not trust the certificate disconnects.
                let _ = if tls {
                    answer(&mut Stream::new(&mut session, &mut stream))
                } else {
                    answer(&mut stream)
                };
            }
        }
    });
    port
}

fn answer(stream: &mut (impl Read + Write)) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"hello") {
        let mut part = [0; 1024];
        match stream.read(&mut part)? {
            0 => return Ok(()),
            read => bytes.extend_from_slice(&part[..read]),
        }
    }
    stream.write_all(ANSWER)?;
    stream.flush()
}

#[tokio::test]
async fn a_name_that_resolves_inside_is_refused() {
    const MIXED: Lookup = |_| {
        let addresses = ["8.8.8.8:0", "10.0.0.1:0"].map(|address| address.parse().unwrap());
        Box::pin(async move { Ok(addresses.to_vec()) })
    };
    for (lookup, address) in [(HERE, "127.0.0.1 is loopback"), (MIXED, "10.0.0.1 is private")] {
        let client = Client::with(Policy::default(), lookup, tls::public_roots()).unwrap();
        let failure = client.send(request("https://rebound.example/".to_owned())).await.unwrap_err();
        assert_eq!(failure.error.to_string(), format!("the address {address}"));
        assert!(matches!(failure.error, SendError::Refused(PolicyRefusal::Address(_))));
    }
}

/// Names of targets that must not be reached, and their addresses.
const INSIDE: Lookup = |host| {
    let address = match host.as_str() {
        "runtime-api.example" => "127.0.0.1:0",
        "runtime-api-of-the-function.example" => "169.254.100.1:0",
        "metadata.example" => "169.254.169.254:0",
        "task-credentials.example" => "169.254.170.2:0",
        "metadata6.example" => "[fd00:ec2::254]:0",
        "scoped.example" => "[fe80::1%1]:0",
        "mapped.example" => "[::ffff:169.254.169.254]:0",
        "translated.example" => "[64:ff9b::a9fe:a9fe]:0",
        other => panic!("{other}"),
    };
    Box::pin(async { Ok(vec![address.parse().unwrap()]) })
};

#[tokio::test]
async fn names_of_what_is_inside_are_refused() {
    for (host, kind) in [
        ("runtime-api.example:9001", "loopback"),
        ("runtime-api-of-the-function.example:9001", "link-local"),
        ("metadata.example", "a metadata service"),
        ("task-credentials.example", "link-local"),
        ("metadata6.example", "a metadata service"),
        ("scoped.example", "link-local"),
        ("mapped.example", "a metadata service"),
        ("translated.example", "translated (NAT64)"),
    ] {
        let client = Client::with(Policy::default(), INSIDE, tls::public_roots()).unwrap();
        // A webhook's own TLS settings change none of this.
        let own = client.with_tls(&ClientTls::parse(TlsParts::default()).unwrap()).unwrap();
        for client in [client, own] {
            let failure = client.send(request(format!("https://{host}/"))).await.unwrap_err();
            let SendError::Refused(PolicyRefusal::Address(blocked)) = failure.error else {
                panic!("{failure:?}")
            };
            assert_eq!(blocked.kind, kind);
        }
    }
}

#[tokio::test]
async fn tls_is_verified_and_timed() {
    let port = receiver(2, true);
    let client = trusting_client();
    let url = format!("https://receiver.test:{port}/");
    let first = client.send(request(url.clone())).await.unwrap();
    assert_eq!((first.body.as_slice(), first.truncated), (b"ok".as_slice(), false));
    let timings = first.timings;
    assert!(timings.dns.is_some() && timings.connect.is_some() && timings.tls.is_some(), "{timings:?}");
    assert!(timings.dns.max(timings.tls) <= timings.first_byte);

    let kept_alive = client.send(request(url.clone())).await.unwrap().timings;
    assert_eq!((kept_alive.dns, kept_alive.connect, kept_alive.tls), (None, None, None));

    let wrong_name = client.send(request(format!("https://other.test:{port}/"))).await.unwrap_err();
    assert!(
        wrong_name
            .error
            .to_string()
            .starts_with("the certificate is not valid: certificate not valid for name \"other.test\"")
    );

    let stranger = Client::with(DEVELOPMENT, HERE, tls::public_roots()).unwrap();
    let failure = stranger.send(request(url)).await.unwrap_err();
    assert_eq!(tls_kind(&failure), Some(TlsFailureKind::CertificateUntrusted));
}

#[tokio::test]
async fn a_request_arrives() {
    let url = format!("http://receiver.test:{}/", receiver(1, false));
    let client = Client::with(DEVELOPMENT, HERE, tls::public_roots()).unwrap();
    assert_eq!(client.send(request(url)).await.unwrap().status, 200);
}

#[test]
fn proxies_of_the_environment_are_ignored() {
    // Runs the same test again with nothing listening where the proxy variables point.
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "tests::client::a_request_arrives"]);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        again.env(name, "http://127.0.0.1:9");
    }
    let output = again.output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

#[test]
fn plain_text_where_tls_is_expected_is_told() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://receiver.test:{}/", listener.local_addr().unwrap().port());
    thread::spawn(move || listener.accept().unwrap().0.write_all(ANSWER));
    let client = Client::with(DEVELOPMENT, HERE, tls::public_roots()).unwrap();
    let failure = runtime.block_on(client.send(request(url))).unwrap_err();
    assert_eq!(tls_kind(&failure), Some(TlsFailureKind::Other), "{failure:?}");
    assert!(failure.timings.connect.is_some() && failure.timings.tls.is_none());
}

#[tokio::test]
async fn a_get_without_a_body_announces_none() {
    for (method, body, announced) in [
        (Method::GET, "", None),
        (Method::DELETE, "", Some("0")),
        (Method::GET, "hello", Some("5")),
        (Method::POST, "", Some("0")),
        (Method::PUT, "", Some("0")),
    ] {
        let (port, peer) = scripted(async |mut stream| {
            let head = read_head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            head
        })
        .await;
        let mut token = request(format!("http://receiver.test:{port}/token?a=b"));
        token.headers.insert("authorization".to_owned(), "Basic s3cret".to_owned());
        // As `deliver` sets it; our value replaces it.
        token.headers.insert("content-length".to_owned(), "99".to_owned());
        let token = Request { method, body: Body::bytes(body), ..token };
        assert_eq!(trusting_client().send(token).await.unwrap().status, 204);
        let head = peer.await.unwrap();
        assert!(head.contains("\r\nauthorization: Basic s3cret\r\n"));
        let lengths: Vec<_> = head.lines().filter_map(|line| line.strip_prefix("content-length: ")).collect();
        assert_eq!(lengths, Vec::from_iter(announced), "{head}");
    }
}
