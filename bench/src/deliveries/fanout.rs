//! Events on the host's bus, by `PutEvents`: each goes to every webhook that subscribes to its type.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use hookstep_ambient::Sources;
use http::Request;
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::json;

use crate::Outcome;
use crate::host::Host;

/// The type of the events.
pub(crate) const EVENT_TYPE: &str = "bench.event";

/// The org of the host's admin token.
const ORG: &str = "default";

/// A signed request that puts one event on the bus. It may be sent again and again for some minutes: a signature for each event
/// would cost the load generator more than it costs the host.
pub(crate) fn put_events(host: &Host, sender: usize, bytes: usize) -> Outcome<Request<Full<Bytes>>> {
    // The receiver looks for the number at the beginning.
    let mut detail = json!({"a": format!("{sender:08}{:08}", 0), "org_id": ORG, "pad": ""});
    let missing = bytes.saturating_sub(detail.to_string().len());
    detail["pad"] = "x".repeat(missing).into();
    let entry = json!({"Source": "bench", "DetailType": EVENT_TYPE, "Detail": detail.to_string()});
    let body = json!({"Entries": [entry]}).to_string();

    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "AWSEvents.PutEvents")];
    let key = hookstep_host::aws_credentials(host.data_dir(), &Sources::system())?;
    let identity = Credentials::new(key.access_key_id, key.secret_access_key, None, None, "bench").into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("events")
        .time((Sources::system().clock)().into())
        .settings(SigningSettings::default())
        .build()?
        .into();
    let url = format!("http://{}/aws", host.address);
    let signable =
        SignableRequest::new("POST", &url, headers.iter().copied(), SignableBody::Bytes(body.as_bytes()))?;
    let (instructions, _) = sign(signable, &params)?.into_parts();
    let request =
        headers.iter().fold(Request::post("/aws"), |request, (name, value)| request.header(*name, *value));
    let mut request = request.header("host", host.address.to_string()).body(Full::new(Bytes::from(body)))?;
    instructions.apply_to_request_http1x(&mut request);
    Ok(request)
}
