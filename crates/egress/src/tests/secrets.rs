use std::error::Error;
use std::iter;
use std::net::TcpListener;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::client::{read_head, request, trusting_client};
use super::hostile::receiver;
use crate::{Body, Policy, Request, SendFailure};

const SECRET: &str = "s3cret";

/// A request with the secret in every place that can hold one.
fn secretive(origin: &str) -> Request {
    let mut request = request(format!("{origin}/path?client_secret={SECRET}"));
    request.headers.insert("authorization".to_owned(), format!("Bearer {SECRET}"));
    request.body = Body::bytes(format!("client_secret={SECRET}"));
    request
}

/// Everything that can be printed about a failure.
fn printed(failure: &SendFailure) -> String {
    let chain = iter::successors(Some(failure as &dyn Error), |&error| error.source());
    let chain: Vec<_> = chain.map(|error| format!("{error} {error:?}")).collect();
    format!("{failure:?} {failure:#?} {}", chain.join(" "))
}

async fn failure(request: Request) -> String {
    printed(&trusting_client().send(request).await.unwrap_err())
}

#[test]
fn a_request_shows_the_names_of_its_headers_and_no_query() {
    let shown = format!("{:?}", secretive("https://receiver.test"));
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(shown.contains("https://receiver.test/path") && shown.contains("authorization"));
}

#[tokio::test]
async fn no_failure_shows_a_secret() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (garbage, _) = receiver(async |mut stream| {
        stream.read_u8().await.unwrap();
        stream.write_all(b"garbage\r\n\r\n").await.unwrap();
    })
    .await;
    let (closes, _) = receiver(async |mut stream| stream.read_u8().await.unwrap()).await;
    let mut failures = Vec::new();
    for origin in [
        format!("http://receiver.test:{free}"),
        format!("http://receiver.test:{garbage}"),
        format!("https://receiver.test:{closes}"),
        "https://169.254.169.254".to_owned(),
        "https://user@receiver.test".to_owned(),
        "ftp://receiver.test".to_owned(),
        "https://[".to_owned(),
        "https://receiver.test /".to_owned(),
        format!("https://receiver.test/#{SECRET}"),
    ] {
        failures.push(failure(secretive(&origin)).await);
    }
    for (name, value) in [
        ("x-key", "s3cret\r\nx: y"),
        ("x key", SECRET),
        ("host", SECRET),
        ("Transfer-Encoding", SECRET),
        ("connection", SECRET),
    ] {
        let mut request = secretive("https://receiver.test");
        request.headers.insert(name.to_owned(), value.to_owned());
        let refused = Policy::default().check_own_headers(&request.headers).unwrap_err();
        assert_eq!(refused.name, name);
        failures.push(failure(request).await);
    }
    for failure in failures {
        assert!(!failure.contains(SECRET), "{failure}");
    }
}

#[tokio::test]
async fn an_answer_shows_neither_values_nor_body() {
    let (port, peer) = receiver(async |mut stream| {
        read_head(&mut stream).await;
        let answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: s3cret\r\nContent-Length: 25\r\n\r\n{\"access_token\":\"s3cret\"}";
        stream.write_all(answer).await.unwrap();
    })
    .await;
    let request = secretive(&format!("http://receiver.test:{port}"));
    assert_eq!(Policy::default().check_own_headers(&request.headers), Ok(()));
    let answer = trusting_client().send(request).await.unwrap();
    peer.await.unwrap();
    assert_eq!(answer.body, b"{\"access_token\":\"s3cret\"}");
    let shown = format!("{answer:?}");
    assert!(!shown.contains(SECRET) && shown.contains("set-cookie"), "{shown}");
}
