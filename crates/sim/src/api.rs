//! Calls of the host's API, in process.

use axum::Router;
use axum::body::Body;
use http::{Method, Request, header};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

/// The API of a host.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    /// The routes of the host.
    pub(crate) router: Router,
    /// Its bus.
    pub(crate) bus: aws_sdk_eventbridge::Client,
    /// A token.
    pub(crate) token: String,
}

/// An answer of the API.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    /// The status.
    pub(crate) status: u16,
    /// The body; null if it is empty or not JSON.
    pub(crate) body: Value,
}

impl Api {
    /// Sends a request with these headers in addition to the token. Answers 0 if the request cannot be made.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, String)],
        body: &Value,
    ) -> Answered {
        let nothing = Answered { status: 0, body: Value::Null };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let Ok(request) = request.body(body) else { return nothing };
        let Ok(response) = self.router.clone().oneshot(request).await;
        let status = response.status().as_u16();
        let Ok(body) = response.into_body().collect().await else { return nothing };
        Answered { status, body: serde_json::from_slice(&body.to_bytes()).unwrap_or(Value::Null) }
    }

    /// Reads something.
    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.call(Method::GET, path, &[], &Value::Null).await
    }

    /// Sends something.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answered {
        self.call(Method::POST, path, &[], body).await
    }
}

impl Answered {
    /// Whether the request was carried out.
    pub(crate) fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether it is open what was carried out.
    pub(crate) fn is_open(&self) -> bool {
        self.status >= 500 || self.status == 0
    }

    /// A text of the body.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name)?.as_str()
    }
}
