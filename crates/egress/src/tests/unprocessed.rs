//! Requests that the receiver did not act on.

use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

use super::client::{read_head, request, server_config, trusting_client};
use super::hostile::receiver;
use super::hostile_http2::{SETTINGS, frame, read_request};
use crate::SendFailure;

const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;

#[tokio::test]
async fn a_kept_alive_connection_that_was_closed_is_told_from_a_new_one() {
    for (answered_before, expected) in [(1, true), (0, false)] {
        let (port, peer) = receiver(async move |mut stream| {
            for _ in 0..answered_before {
                read_head(&mut stream).await;
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
            }
            read_head(&mut stream).await;
        })
        .await;
        let client = trusting_client();
        let send = || client.send(request(format!("http://receiver.test:{port}/")));
        for _ in 0..answered_before {
            assert_eq!(send().await.unwrap().status, 200);
        }
        assert_eq!(send().await.unwrap_err().is_unprocessed(), expected);
        peer.await.unwrap();
    }
}

/// The failure of a request to an HTTP/2 receiver that responds with `answer` and closes the connection.
async fn failure(answer: Vec<u8>) -> SendFailure {
    let mut config = server_config();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (port, peer) = receiver(async move |stream| {
        let mut stream = acceptor.accept(stream).await.unwrap();
        stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
        read_request(&mut stream).await;
        stream.write_all(&answer).await.unwrap();
        stream.shutdown().await.unwrap();
    })
    .await;
    let failure =
        trusting_client().send(request(format!("https://receiver.test:{port}/"))).await.unwrap_err();
    peer.await.unwrap();
    failure
}

#[tokio::test]
async fn a_stream_that_was_not_processed_is_told_from_one_that_may_have_been() {
    let reset = |code: u8| frame(RST_STREAM, 0, 1, &[0, 0, 0, code]);
    let go_away = |last: u8, code: u8| frame(GOAWAY, 0, 0, &[0, 0, 0, last, 0, 0, 0, code]);
    let cases = [
        ("REFUSED_STREAM", reset(7), true),
        ("INTERNAL_ERROR", reset(2), false),
        ("CANCEL", reset(8), false),
        ("GOAWAY below the stream", go_away(0, 0), true),
        ("GOAWAY with an error below the stream", go_away(0, 11), true),
        ("GOAWAY at the stream", go_away(1, 0), false),
        ("closed", Vec::new(), false),
    ];
    for (name, answer, expected) in cases {
        let failure = failure(answer).await;
        assert_eq!(failure.is_unprocessed(), expected, "{name}: {failure:?}");
    }
}
