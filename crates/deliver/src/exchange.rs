//! One token request (RFC 6749 §4.4.2).

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookstep_ambient::Sources;
use hookstep_contract::{Place, TokenMethod};
use hookstep_egress::{Body, Client, Keep, Request};
use hookstep_secrets::{ClientProof, OauthClient};
use http::Method;
use serde_json::{Map, Value};
use tokio::time::Instant;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::attempt::MAX_SENDS;
use crate::token_answer;
use crate::{USER_AGENT, assertion};

/// A response with a token is small.
const KEEP: Keep = Keep { header_bytes: 8 * 1024, body_bytes: 64 * 1024 };

/// A token issued by the authorisation server.
pub(crate) struct GrantedToken {
    /// The complete value of the `Authorization` header.
    pub(crate) header: String,
    /// How long the token is valid, in seconds, if the server says so.
    pub(crate) expires_in: Option<u64>,
    pub(crate) status_code: u16,
}

/// Why there is no token; for the owner of the webhook. Contains no secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenFailure {
    pub(crate) detail: String,
    /// Whether a later request may succeed.
    pub(crate) transient: bool,
    /// The status of the token endpoint's response, if there was one.
    pub(crate) status_code: Option<u16>,
}

impl TokenFailure {
    /// The attempt's deadline passed.
    pub(crate) fn late() -> Self {
        let detail = "the authorisation server gave no token within the webhook's timeout".to_owned();
        Self { detail, transient: true, status_code: None }
    }
}

/// Requests a token.
pub(crate) async fn exchange(
    client: &OauthClient,
    http: &Client,
    deadline: Instant,
    sources: &Sources,
) -> Result<GrantedToken, TokenFailure> {
    let mut sends = 1;
    let result = loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let failed = |detail| TokenFailure { detail, transient: false, status_code: None };
        let request = request(client, left, sources).map_err(failed)?;
        match http.send(request).await {
            Err(failure) if failure.is_unprocessed() && sends < MAX_SENDS => sends += 1,
            result => break result,
        }
    };
    match result {
        Ok(response) => token_answer::read(response, client),
        Err(failure) => {
            let transient = !matches!(failure.error, hookstep_egress::SendError::Refused(_));
            let detail = format!("the token endpoint: {}", failure.error);
            Err(TokenFailure { detail, transient, status_code: None })
        }
    }
}

fn request(client: &OauthClient, deadline: Duration, sources: &Sources) -> Result<Request, String> {
    let mut url =
        Url::parse(&client.token_url).map_err(|error| format!("the token URL is not valid: {error}"))?;
    let mut headers = BTreeMap::from([
        ("accept".to_owned(), "application/json".to_owned()),
        ("user-agent".to_owned(), USER_AGENT.to_owned()),
    ]);
    let extras = |place| client.extras.iter().filter(move |extra| extra.place == place);
    headers.extend(extras(Place::Header).map(|extra| (extra.name.to_ascii_lowercase(), extra.value.clone())));
    let mut own = vec![("grant_type", "client_credentials")];
    // A webhook can have a header of its own in place of the client's.
    let in_a_header = headers.contains_key("authorization");
    let assertion;
    match &client.proof {
        ClientProof::SecretInHeader(secret) if !in_a_header => {
            headers.insert("authorization".to_owned(), basic(&client.client_id, secret));
        }
        ClientProof::SecretInForm(secret) if !in_a_header => {
            own.extend([("client_id", &*client.client_id), ("client_secret", secret)]);
        }
        ClientProof::SecretInHeader(_) | ClientProof::SecretInForm(_) => {}
        ClientProof::Key { private_key, key_id } => {
            let OauthClient { client_id, token_url, .. } = client;
            assertion = assertion::make(client_id, token_url, private_key, key_id.as_deref(), sources)?;
            own.extend([
                ("client_id", &**client_id),
                ("client_assertion_type", assertion::TYPE),
                ("client_assertion", &assertion),
            ]);
        }
    }
    let added: Vec<_> = extras(Place::Body).map(|extra| (&*extra.name, &*extra.value)).collect();
    // A parameter of the webhook replaces ours of the same name; several of one name are all sent (RFC 8707).
    own.retain(|(name, _)| added.iter().all(|(added, _)| added != name));
    let parameters = [own, added].concat();
    let mut query: Vec<(&str, &str)> =
        extras(Place::Query).map(|extra| (&*extra.name, &*extra.value)).collect();
    let body = match client.method {
        TokenMethod::Get => {
            query.extend(parameters);
            String::new()
        }
        TokenMethod::Post | TokenMethod::Put => form(&parameters, &mut headers),
    };
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    let method = match client.method {
        TokenMethod::Get => Method::GET,
        TokenMethod::Post => Method::POST,
        TokenMethod::Put => Method::PUT,
    };
    Ok(Request { method, url: url.into(), headers, body: Body::bytes(body), deadline, keep: KEEP })
}

/// The parameters as a form, or as JSON if a header parameter sets that content type.
fn form(parameters: &[(&str, &str)], headers: &mut BTreeMap<String, String>) -> String {
    let kind =
        headers.entry("content-type".to_owned()).or_insert("application/x-www-form-urlencoded".to_owned());
    if !kind.contains("json") {
        return Serializer::new(String::new()).extend_pairs(parameters).finish();
    }
    let mut object = Map::new();
    for (name, value) in parameters {
        match object.get_mut(*name) {
            Some(Value::Array(values)) => values.push((*value).into()),
            Some(first) => *first = Value::Array(vec![first.take(), (*value).into()]),
            None => _ = object.insert((*name).to_owned(), (*value).into()),
        }
    }
    Value::Object(object).to_string()
}

/// RFC 6749 §2.3.1: both parts are form-encoded first.
fn basic(client_id: &str, secret: &str) -> String {
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(client_id), encode(secret));
    format!("Basic {}", STANDARD.encode(pair))
}
