use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::client::{request, server_config, trusting_client};
use crate::{Body, BoxError, Request, SendError};

/// Responds with the request's version, announced length and actual length.
async fn describe(request: http::Request<Incoming>) -> Result<http::Response<Full<Bytes>>, BoxError> {
    let version = request.version();
    let announced = request.headers()["content-length"].to_str()?.to_owned();
    let length = request.into_body().collect().await?.to_bytes().len();
    Ok(http::Response::new(format!("{version:?} {announced} {length}").into()))
}

pub(super) async fn receiver() -> String {
    let mut config = server_config();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://receiver.test:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let stream = acceptor.accept(stream).await.unwrap();
            let connection = http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service_fn(describe));
            tokio::spawn(connection);
        }
    });
    url
}

/// Yields a thousand bytes at a time; fails or ends when it runs out.
struct Source {
    parts: usize,
    fails: bool,
}

impl http_body::Body for Source {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(match self.parts.checked_sub(1) {
            Some(left) => {
                self.parts = left;
                Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 1000]))))
            }
            None if self.fails => Some(Err("the source broke".into())),
            None => None,
        })
    }
}

#[tokio::test]
async fn http2_sends_the_length_and_tells_a_broken_source() {
    let client = trusting_client();
    let url = receiver().await;
    let send = |body| client.send(Request { body, ..request(url.clone()) });

    let answer = send(Body::stream(300_000, Source { parts: 300, fails: false })).await.unwrap();
    assert_eq!(String::from_utf8(answer.body).unwrap(), "HTTP/2.0 300000 300000");
    assert!(answer.timings.tls.is_some());
    assert_eq!(send(Body::bytes("")).await.unwrap().body, b"HTTP/2.0 0 0");

    let broken = send(Body::stream(300_000, Source { parts: 2, fails: true })).await.unwrap_err();
    assert!(matches!(&broken.error, SendError::Body(source) if source.to_string() == "the source broke"));
    let short = send(Body::stream(300_000, Source { parts: 2, fails: false })).await.unwrap_err();
    assert!(matches!(short.error, SendError::Body(_)), "{short:?}");
}
