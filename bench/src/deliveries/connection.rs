//! A minimal keep-alive HTTP connection: the load generator shares the machine with the host that it
//! measures.

use std::net::SocketAddr;

use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Outcome;

/// A connection to one server.
pub(crate) struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// Sends a request and returns the body of the response, which must have this status.
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>, status: u16) -> Outcome<Bytes> {
        self.0.ready().await?;
        let response = self.0.send_request(request).await?;
        let found = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        if found != status {
            return Err(format!("{found}: {}", String::from_utf8_lossy(&body)).into());
        }
        Ok(body)
    }
}

/// A request with a token and a body that is called JSON.
pub(crate) fn trigger(path: &str, token: &str, body: Bytes) -> Outcome<Request<Full<Bytes>>> {
    let request = Request::post(path)
        .header("host", "bench")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    Ok(request.body(Full::new(body))?)
}
