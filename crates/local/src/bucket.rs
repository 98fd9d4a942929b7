//! S3 on this machine: s3s-fs on a folder, and what of it is open to the network: presigned uploads and downloads.

use std::path::Path;

use aws_sdk_dynamodb::config::Credentials;
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hookstep_contract::limits::UPLOAD_BYTES;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;

use crate::OpenError;

/// The bucket of claim checks. Short: s3s-fs makes file names of the bucket and the key.
pub(crate) const CLAIMS: &str = "hookstep-claims";

/// Opens the store with its bucket. `credentials` are what requests must be signed with.
pub(crate) fn open(folder: &Path, credentials: &Credentials) -> Result<S3Service, OpenError> {
    std::fs::create_dir_all(folder.join(CLAIMS))
        .map_err(OpenError::during("create the claim-check folder"))?;
    let files = FileSystem::new(folder)
        .map_err(|error| format!("{error:?}"))
        .map_err(OpenError::during("open the claim-check folder"))?;
    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(SimpleAuth::from_single(credentials.access_key_id(), credentials.secret_access_key()));
    Ok(builder.build())
}

/// The route that presigned URLs point to. The signature in the query is the only way in; it names the method and the key.
pub(crate) fn presigned(bucket: S3Service) -> Router {
    Router::new()
        .route(&format!("/{CLAIMS}/{{*key}}"), get(download).put(upload))
        .layer(DefaultBodyLimit::disable())
        .with_state(bucket)
}

async fn download(State(bucket): State<S3Service>, request: Request) -> Response {
    let mut response = call(bucket, request).await;
    // This is the console's origin: a body that somebody uploaded must not run here.
    let sandbox = HeaderValue::from_static("sandbox; default-src 'none'");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, sandbox);
    response
}

async fn upload(State(bucket): State<S3Service>, request: Request) -> Response {
    // As on AWS: a header that steers S3 (a copy of another object, say) counts only when it was signed, and we sign none.
    if request.headers().keys().any(|name| name.as_str().starts_with("x-amz-")) {
        return (StatusCode::FORBIDDEN, "headers of x-amz- must be signed, and this URL signs none")
            .into_response();
    }
    match request.body().size_hint().exact() {
        None => return (StatusCode::LENGTH_REQUIRED, "an upload needs a Content-Length").into_response(),
        Some(length) if length > UPLOAD_BYTES => {
            return (StatusCode::PAYLOAD_TOO_LARGE, "an upload has at most 5 GB").into_response();
        }
        Some(_) => {}
    }
    call(bucket, request).await
}

async fn call(bucket: S3Service, request: Request) -> Response {
    let request = request.map(s3s::Body::http_body_unsync);
    match bucket.call(request).await {
        Ok(response) => response.map(Body::new).into_response(),
        Err(error) => {
            tracing::warn!(error = ?error, "a transfer broke off");
            StatusCode::BAD_REQUEST.into_response()
        }
    }
}
