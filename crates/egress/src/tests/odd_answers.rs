//! Answers that no standard allows and that receivers give all the same. The receiver has processed the
//! request, so its status counts.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::client::{read_head, request, trusting_client};
use super::hostile::receiver;
use crate::{Response, SendError, SendFailure, Unreachable};

/// The lines of a response head, and the header that is made of them.
type OddLines = (&'static [u8], Option<(&'static str, &'static str)>);

async fn answered(answer: &'static [u8]) -> Result<Response, SendFailure> {
    let (port, peer) = receiver(async move |mut stream| {
        read_head(&mut stream).await;
        stream.write_all(answer).await.unwrap();
        stream.shutdown().await.unwrap();
        let _closed_by_the_client = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let result = trusting_client().send(request(format!("http://receiver.test:{port}/"))).await;
    peer.await.unwrap();
    result
}

#[tokio::test]
async fn an_odd_header_line_does_not_change_the_status() {
    let cases: [OddLines; 14] = [
        (b"X-Long: a\r\n  b\r\n\tc\r\n", Some(("x-long", "a b c"))),
        (b"X-Blank : a\r\n", Some(("x-blank", "a"))),
        (b"X-Control: a\x01b\r\nX-Next: 1\r\n", Some(("x-next", "1"))),
        (b"X-Delete: a\x7fb\r\nX-Next: 1\r\n", Some(("x-next", "1"))),
        (b"no colon at all\r\nX-Next: 1\r\n", Some(("x-next", "1"))),
        (b"X Y: a\r\nX-Next: 1\r\n", Some(("x-next", "1"))),
        (b": nameless\r\nX-Next: 1\r\n", Some(("x-next", "1"))),
        (b"X-\xc3\xa4: a\r\nX-Next: 1\r\n", Some(("x-next", "1"))),
        (b"X-Latin: caf\xe9\r\nX-Next: 1\r\n", Some(("x-next", "1"))),
        (b"X-Empty:\r\nX-Next: 1\r\n", Some(("x-empty", ""))),
        (b" X-Indented: a\r\nX-Next: 1\r\n", Some(("x-next", "1"))),
        (b"X-Bare: a\nX-Next: 1\n", Some(("x-next", "1"))),
        (b"Content-Length: 2\r\nContent-Length: 2\r\n", Some(("content-length", "2, 2"))),
        (b"Content-Length: 2, 2\r\n", None),
    ];
    for (lines, kept) in cases {
        let answer = [b"HTTP/1.1 200 OK\r\n", lines, b"\r\nok"].concat().leak();
        let shown = String::from_utf8_lossy(lines).into_owned();
        let response = answered(answer).await.unwrap_or_else(|failure| panic!("{shown:?}: {failure:?}"));
        assert_eq!((response.status.as_u16(), &*response.body), (200, &b"ok"[..]), "{shown:?}");
        if let Some((name, value)) = kept {
            assert_eq!(response.headers.get(name).map(String::as_str), Some(value), "{shown:?}");
        }
    }
}

#[tokio::test]
async fn an_odd_start_does_not_change_the_status() {
    let starts: [&[u8]; 8] = [
        b"HTTP/1.1 200\r\n",
        b"HTTP/1.1 200 \r\n",
        b"HTTP/1.1 200 caf\xe9\r\n",
        b"HTTP/1.0 200 OK\r\n",
        b"HTTP/1.1 200 OK\n",
        b"\r\nHTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n",
    ];
    for start in starts {
        let answer = [start, b"\r\nok"].concat().leak();
        let shown = String::from_utf8_lossy(start).into_owned();
        let response = answered(answer).await.unwrap_or_else(|failure| panic!("{shown:?}: {failure:?}"));
        assert_eq!((response.status.as_u16(), &*response.body), (200, &b"ok"[..]), "{shown:?}");
    }
}

#[tokio::test]
async fn a_message_without_a_certain_end_is_no_answer() {
    for lines in
        [&b"Content-Length: 2\r\nContent-Length: 3\r\n"[..], b"Content-Length: two\r\n", b"X-Null: a\0b\r\n"]
    {
        let answer = [b"HTTP/1.1 200 OK\r\n", lines, b"\r\nok"].concat().leak();
        let failure = answered(answer).await.unwrap_err();
        let is_protocol = matches!(failure.error, SendError::Unreachable { kind: Unreachable::Protocol, .. });
        assert!(is_protocol && !failure.is_unprocessed(), "{failure:?}");
    }
}
