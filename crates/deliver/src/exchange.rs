//! One token request (RFC 6749 §4.4.2) and its response (§5).

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookstep_contract::{Place, TokenMethod};
use hookstep_egress::{Body, Client, Keep, Request, Response};
use hookstep_secrets::OauthClient;
use http::Method;
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::USER_AGENT;
use crate::mask::Mask;

/// A response with a token is small.
const KEEP: Keep = Keep { header_bytes: 1024, body_bytes: 64 * 1024 };

/// How much of an authorisation server's own text is passed on.
const MAX_DESCRIPTION_CHARS: usize = 200;

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
) -> Result<GrantedToken, TokenFailure> {
    let deadline = deadline.saturating_duration_since(Instant::now());
    let request = request(client, deadline).map_err(|detail| TokenFailure {
        detail,
        transient: false,
        status_code: None,
    })?;
    match http.send(request).await {
        Ok(response) => read(&response, client),
        Err(failure) => {
            let transient = !matches!(failure.error, hookstep_egress::SendError::Refused(_));
            let detail = format!("the token endpoint: {}", failure.error);
            Err(TokenFailure { detail, transient, status_code: None })
        }
    }
}

fn request(client: &OauthClient, deadline: Duration) -> Result<Request, String> {
    let mut url =
        Url::parse(&client.token_url).map_err(|error| format!("the token URL is not valid: {error}"))?;
    let mut headers = BTreeMap::from([
        ("accept".to_owned(), "application/json".to_owned()),
        ("user-agent".to_owned(), USER_AGENT.to_owned()),
    ]);
    let extras = |place| client.extras.iter().filter(move |extra| extra.place == place);
    headers.extend(extras(Place::Header).map(|extra| (extra.name.to_ascii_lowercase(), extra.value.clone())));
    let grant = ("grant_type".to_owned(), "client_credentials".to_owned());
    let mut parameters = BTreeMap::from([grant]);
    let in_a_header = headers.contains_key("authorization");
    if client.method == TokenMethod::Get {
        // A secret in a URL would appear in logs along the way.
        headers.entry("authorization".to_owned()).or_insert_with(|| basic(client));
    } else if !in_a_header {
        parameters.insert("client_id".to_owned(), client.client_id.clone());
        parameters.insert("client_secret".to_owned(), client.client_secret.clone());
    }
    parameters.extend(extras(Place::Body).map(|extra| (extra.name.clone(), extra.value.clone())));
    let mut query: Vec<(&str, &str)> =
        extras(Place::Query).map(|extra| (&*extra.name, &*extra.value)).collect();
    let body = match client.method {
        TokenMethod::Get => {
            query.extend(parameters.iter().map(|(name, value)| (&**name, &**value)));
            String::new()
        }
        TokenMethod::Post | TokenMethod::Put => form(&parameters, &mut headers)?,
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
fn form(
    parameters: &BTreeMap<String, String>,
    headers: &mut BTreeMap<String, String>,
) -> Result<String, String> {
    let kind =
        headers.entry("content-type".to_owned()).or_insert("application/x-www-form-urlencoded".to_owned());
    if kind.contains("json") {
        return serde_json::to_string(parameters).map_err(|error| error.to_string());
    }
    Ok(Serializer::new(String::new()).extend_pairs(parameters).finish())
}

/// RFC 6749 §2.3.1: both parts are form-encoded first.
fn basic(client: &OauthClient) -> String {
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(&client.client_id), encode(&client.client_secret));
    format!("Basic {}", STANDARD.encode(pair))
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default)]
    expires_in: Option<Seconds>,
}

/// Some servers send the number as a string.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
}

/// The body of a response that refuses a token (RFC 6749 §5.2).
#[derive(Default, Deserialize)]
struct ErrorAnswer {
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    error_description: Option<String>,
}

fn read(response: &Response, client: &OauthClient) -> Result<GrantedToken, TokenFailure> {
    let status = response.status;
    let failure =
        |detail: String, transient| TokenFailure { detail, transient, status_code: Some(status.as_u16()) };
    if !status.is_success() {
        let transient = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
        let said = server_words(&response.body, client);
        return Err(failure(format!("the token endpoint answered {}{said}", status.as_u16()), transient));
    }
    let header = serde_json::from_slice(&response.body).ok().and_then(|token: Token| {
        let kind = token.token_type.filter(|kind| !kind.eq_ignore_ascii_case("bearer"));
        let header = format!("{} {}", kind.as_deref().unwrap_or("Bearer"), token.access_token);
        let sendable =
            !token.access_token.is_empty() && header.bytes().all(|byte| matches!(byte, 0x20..=0x7e));
        let expires_in = token.expires_in.and_then(|seconds| match seconds {
            Seconds::Number(number) => Some(number as u64),
            Seconds::Text(text) => text.trim().parse().ok(),
        });
        sendable.then_some((header, expires_in))
    });
    let Some((header, expires_in)) = header else {
        let detail = format!("the token endpoint answered {} without a usable access_token", status.as_u16());
        return Err(failure(detail, false));
    };
    Ok(GrantedToken { header, expires_in, status_code: status.as_u16() })
}

/// The server's explanation of its refusal, with any secrets that it repeats masked.
fn server_words(body: &[u8], client: &OauthClient) -> String {
    let ErrorAnswer { error, error_description } = serde_json::from_slice(body).unwrap_or_default();
    let mask = Mask::of_client(client);
    let said = [error, error_description].into_iter().flatten().map(|text| {
        let shown: String = text.chars().filter(|c| !c.is_control()).collect();
        mask.text(&shown).chars().take(MAX_DESCRIPTION_CHARS).collect::<String>()
    });
    said.map(|text| format!(": {text}")).collect()
}
