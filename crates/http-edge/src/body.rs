//! Bodies of requests, as extractors.

use axum::body::Bytes;
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use serde::de::DeserializeOwned;

use crate::{Problem, read_json};

/// The body as it came; 413 when it is larger than the route takes.
#[derive(Clone, Debug)]
pub struct ApiBytes(pub Bytes);

/// A JSON body; 400 that names the field when it cannot be read. `Option<ApiJson<T>>` is for a body that may be empty.
#[derive(Clone, Copy, Debug)]
pub struct ApiJson<T>(pub T);

impl<S: Send + Sync> FromRequest<S> for ApiBytes {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        Ok(Self(Bytes::from_request(request, state).await?))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for ApiJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let ApiBytes(body) = ApiBytes::from_request(request, state).await?;
        read_json(&body).map(Self)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for ApiJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        let ApiBytes(body) = ApiBytes::from_request(request, state).await?;
        if body.is_empty() { Ok(None) } else { read_json(&body).map(Self).map(Some) }
    }
}
