//! Events by their type: each goes to every webhook that subscribes to it.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use hookstep_ambient::Sources;
use http::Request;
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::{Value, json};

use crate::Outcome;
use crate::connection::trigger;
use crate::host::Host;

/// The type of the events.
pub(crate) const EVENT_TYPE: &str = "bench.event";

/// The org of the host's admin token.
const ORG: &str = "default";

/// How an event gets in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// By `POST /events`.
    Publish,
    /// On the host's bus, by `PutEvents`.
    Bus,
}

impl Way {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Publish => "POST /events",
            Self::Bus => "PutEvents",
        }
    }

    /// The status of the answer to an event that was accepted.
    pub(crate) fn accepted(self) -> u16 {
        match self {
            Self::Publish => 202,
            Self::Bus => 200,
        }
    }

    /// A request that may be sent again and again.
    pub(crate) fn request(self, host: &Host, sender: usize, bytes: usize) -> Outcome<Request<Full<Bytes>>> {
        match self {
            Self::Publish => {
                let event = json!({"event_type": EVENT_TYPE, "payload": payload(sender, bytes)});
                trigger("/events", &host.token, Bytes::from(event.to_string()))
            }
            Self::Bus => put_events(host, sender, bytes),
        }
    }
}

/// An event of this size. The receiver looks for the number at the beginning.
fn payload(sender: usize, bytes: usize) -> Value {
    let mut payload = json!({"a": format!("{sender:08}{:08}", 0), "org_id": ORG, "pad": ""});
    let missing = bytes.saturating_sub(payload.to_string().len());
    payload["pad"] = "x".repeat(missing).into();
    payload
}

/// A signed request that puts one event on the bus. It may be sent again and again for some minutes: a signature for each event
/// would cost the load generator more than it costs the host.
fn put_events(host: &Host, sender: usize, bytes: usize) -> Outcome<Request<Full<Bytes>>> {
    let detail = payload(sender, bytes);
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
