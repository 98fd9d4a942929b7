//! Receivers: real sockets, hand-written HTTP, every byte recorded.
#![expect(clippy::unwrap_used, reason = "a receiver that cannot be built fails the test")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How much of a body is kept; the hash covers all of it.
const KEPT_BYTES: usize = 8 * 1024 * 1024;

/// A request as received.
#[derive(Clone)]
pub(crate) struct Seen {
    /// When the last byte arrived.
    pub(crate) at: Instant,
    /// The request line and the headers, as sent.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    pub(crate) length: u64,
    pub(crate) sha256: String,
    /// Whether the complete announced body arrived.
    pub(crate) is_whole: bool,
}

impl Seen {
    pub(crate) fn request_line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    /// All headers, with names in lower case.
    pub(crate) fn headers(&self) -> Vec<(String, &str)> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
    }

    /// The value of a header that occurs at most once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let values: Vec<_> = self.headers().into_iter().filter(|(key, _)| key == name).collect();
        assert!(values.len() <= 1, "{name} is there {} times", values.len());
        values.first().map(|&(_, value)| value)
    }
}

/// A response of a scripted receiver.
#[derive(Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    delay: Duration,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), delay: Duration::ZERO }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    pub(crate) fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    fn into_bytes(self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Scripted\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", self.body.len()));
        [head.into_bytes(), self.body].concat()
    }
}

/// A receiver on a free port.
pub(crate) struct Receiver {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Receiver {
    /// Answers every request with success.
    pub(crate) async fn ok() -> Self {
        Self::answering([Reply::status(200)]).await
    }

    /// Gives these responses in turn, repeating the last one, and keeps connections alive.
    pub(crate) async fn answering(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Vec<Reply> = replies.into_iter().collect();
        Self::start(move |number, mut stream| {
            let reply = replies[number.min(replies.len() - 1)].clone();
            async move {
                tokio::time::sleep(reply.delay).await;
                stream.write_all(&reply.into_bytes()).await.ok().map(|()| stream)
            }
        })
        .await
    }

    /// Gives the response that `decide` has when a request has come, and keeps connections alive.
    pub(crate) async fn deciding(decide: impl Fn() -> Reply + Send + Sync + 'static) -> Self {
        Self::start(move |_, mut stream| {
            let reply = decide();
            async move {
                tokio::time::sleep(reply.delay).await;
                stream.write_all(&reply.into_bytes()).await.ok().map(|()| stream)
            }
        })
        .await
    }

    /// Reads a request, then leaves the connection to `behave`, which closes it.
    pub(crate) async fn raw<F>(behave: impl Fn(TcpStream) -> F + Copy + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::start(move |_, stream| async move {
            behave(stream).await;
            None
        })
        .await
    }

    /// Responds with these raw bytes and closes the connection.
    pub(crate) async fn bytes(answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<[u8]> = answer.into().into();
        Self::start(move |_, mut stream| {
            let answer = answer.clone();
            async move {
                // The client may hang up early; the test decides whether that is right.
                let _ = stream.write_all(&answer).await;
                None
            }
        })
        .await
    }

    async fn start<F>(behave: impl Fn(usize, TcpStream) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<TcpStream>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let (log, behave) = (seen.clone(), Arc::new(behave));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, behave) = (log.clone(), behave.clone());
                tokio::spawn(async move {
                    let mut open = Some(stream);
                    while let Some(mut stream) = open.take() {
                        let Some(request) = read_request(&mut stream).await else { return };
                        let is_whole = request.is_whole;
                        let number = {
                            let mut log = log.lock().unwrap();
                            log.push(request);
                            log.len() - 1
                        };
                        if is_whole {
                            open = behave(number, stream).await;
                        }
                    }
                });
            }
        });
        Self { url, seen }
    }

    /// All requests so far, including incomplete ones.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The only request.
    pub(crate) fn only(&self) -> Seen {
        let mut seen = self.seen();
        assert_eq!(seen.len(), 1, "requests");
        seen.remove(0)
    }

    /// The number of requests, including incomplete ones.
    pub(crate) fn calls(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

/// A URL where nothing listens.
pub(crate) async fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

/// A request, or `None` if the connection ended before its head was complete.
async fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        stream.read_buf(&mut bytes).await.ok().filter(|&read| read > 0)?;
    };
    let mut body = bytes.split_off(head_end);
    let mut seen = Seen {
        at: Instant::now(),
        head: String::from_utf8(bytes).unwrap(),
        body: Vec::new(),
        length: 0,
        sha256: String::new(),
        is_whole: false,
    };
    // Without a length there is no body: we never send chunked bodies, and a test that checks the body would
    // notice.
    let announced: u64 = seen.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut hash = Sha256::new();
    loop {
        seen.length += body.len() as u64;
        hash.update(&body);
        let room = KEPT_BYTES.saturating_sub(seen.body.len());
        seen.body.extend_from_slice(&body[..body.len().min(room)]);
        body.clear();
        body.reserve(64 * 1024);
        if seen.length >= announced || !matches!(stream.read_buf(&mut body).await, Ok(1..)) {
            break;
        }
    }
    seen.is_whole = seen.length == announced;
    seen.sha256 = hex::encode(hash.finalize());
    seen.at = Instant::now();
    Some(seen)
}
