//! The local S3: s3s-fs on a folder. Only presigned uploads and downloads are open to the network.

mod durable;

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use aws_credential_types::Credentials;
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hookstep_ambient::Sources;
use hookstep_contract::limits::UPLOAD_BYTES;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;

use crate::{StandInError, private};
pub(crate) use durable::sync_dir;

/// The bucket of claim checks. The name is short because
/// s3s-fs builds file names from the bucket and the key.
pub const CLAIMS: &str = "hookstep-claims";

/// The file in the data directory that holds the key for presigned URLs.
const KEY_FILE: &str = "upload-key";
/// The folder of the objects in the data directory.
pub const OBJECTS: &str = "s3";

/// The object store.
#[derive(Clone)]
pub struct Bucket {
    service: S3Service,
    folder: PathBuf,
    credentials: Credentials,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Bucket {
    /// Opens a data directory's object store with its bucket, [`CLAIMS`].
    ///
    /// # Errors
    /// If the folder or the key for presigned URLs cannot be read or created.
    pub fn open(data_dir: &Path, sources: &Sources) -> Result<Self, StandInError> {
        let credentials = credentials(data_dir, sources)?;
        let folder = data_dir.join(OBJECTS);
        std::fs::create_dir_all(folder.join(CLAIMS))
            .and_then(|()| sync_dir(data_dir))
            .and_then(|()| sync_dir(&folder))
            .map_err(StandInError::during("create the claim-check folder"))?;
        let files = FileSystem::new(&folder)
            .map_err(|error| format!("{error:?}"))
            .map_err(StandInError::during("open the claim-check folder"))?;
        let mut builder = S3ServiceBuilder::new(files);
        builder
            .set_auth(SimpleAuth::from_single(credentials.access_key_id(), credentials.secret_access_key()));
        Ok(Self { service: builder.build(), folder, credentials })
    }

    /// The credentials that requests must be signed with.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The folder of the objects.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The route for presigned URLs. Access requires the signature
    /// in the query, which covers the method and the key.
    pub fn presigned(&self) -> Router {
        Router::new()
            .route(&format!("/{CLAIMS}/{{*key}}"), get(download).put(upload))
            .layer(DefaultBodyLimit::disable())
            .with_state(Presigned { bucket: self.clone(), uploads: Uploads::default() })
    }

    pub(crate) fn service(&self) -> &S3Service {
        &self.service
    }

    /// Returns once the object that a request to this path has written is durable.
    pub(crate) async fn written(&self, path: &str) -> io::Result<()> {
        let (folder, path) = (self.folder.clone(), path.to_owned());
        let synced = tokio::task::spawn_blocking(move || durable::sync_object(&folder, &path)).await;
        synced.unwrap_or_else(|error| Err(io::Error::other(error)))
    }
}

/// The credentials for presigned URLs. They are created once, so that URLs stay valid across restarts.
fn credentials(data_dir: &Path, sources: &Sources) -> Result<Credentials, StandInError> {
    let key = private::read_or_make(&data_dir.join(KEY_FILE), || private::random_text(sources))
        .map_err(StandInError::during("read or write the upload key"))?;
    Ok(Credentials::from_keys("hookstep", key, None))
}

/// What the route for presigned URLs needs.
#[derive(Clone)]
struct Presigned {
    bucket: Bucket,
    uploads: Uploads,
}

/// The paths of the uploads that are in progress: s3s-fs looks for an existing object only when an upload begins.
#[derive(Clone, Default)]
struct Uploads(Arc<Mutex<HashSet<String>>>);

/// An upload in progress; it ends when this is dropped.
struct UploadInProgress {
    uploads: Uploads,
    path: String,
}

impl Uploads {
    /// Begins an upload, unless there is one to the same path.
    fn begin(&self, path: &str) -> Option<UploadInProgress> {
        let is_first = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
        is_first.then(|| UploadInProgress { uploads: self.clone(), path: path.to_owned() })
    }
}

impl Drop for UploadInProgress {
    fn drop(&mut self) {
        self.uploads.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.path);
    }
}

async fn download(State(presigned): State<Presigned>, request: Request) -> Response {
    let mut response = call(presigned.bucket.service, request).await;
    // The console has the same origin, so scripts in an uploaded body must not run here.
    let sandbox = HeaderValue::from_static("sandbox; default-src 'none'");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, sandbox);
    response
}

async fn upload(State(presigned): State<Presigned>, request: Request) -> Response {
    // As on AWS, a header that controls S3 (to copy another object, for
    // example) takes effect only if it is signed, and our URLs sign none.
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
    let Some(_in_progress) = presigned.uploads.begin(request.uri().path()) else {
        return (StatusCode::CONFLICT, "another upload to this URL is in progress").into_response();
    };
    // Our URLs sign `if-none-match: *`, so that an object, which events refer to, is written once.
    let path = request.uri().path().to_owned();
    let response = call(presigned.bucket.service.clone(), request).await;
    if response.status().is_success()
        && let Err(error) = presigned.bucket.written(&path).await
    {
        tracing::error!(%error, "an upload could not be synced to the disk");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    response
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
