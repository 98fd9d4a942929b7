//! Tokens: what is sent to an authorisation server, how often, and how its responses are handled.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hookstep_ambient::Sources;
use hookstep_contract::{ClientAuthentication, Place, TokenMethod};
use hookstep_egress::{Client, Policy};
use hookstep_secrets::{ClientProof, Extra, OauthClient};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;
use url::form_urlencoded;

use super::{DEVELOPMENT, Receiver, header};
use crate::exchange::TokenFailure;
use crate::oauth::Tokens;

fn client(token_url: &str, method: TokenMethod) -> OauthClient {
    let extra =
        |place, name: &str, value: &str| Extra { place, name: name.to_owned(), value: value.to_owned() };
    OauthClient {
        token_url: token_url.to_owned(),
        client_id: "the client".to_owned(),
        proof: ClientProof::secret("its+secret".to_owned(), method, None),
        method,
        extras: vec![
            extra(Place::Body, "audience", "a&b"),
            extra(Place::Query, "tenant", "t 1"),
            extra(Place::Header, "X-Tenant", "blue"),
        ],
    }
}

fn http(policy: Policy) -> Client {
    Client::new(policy).unwrap()
}

async fn token(client: &OauthClient, policy: Policy) -> Result<Arc<str>, TokenFailure> {
    Tokens::default().header("arn", client, None, &http(policy), soon(), &Sources::system()).await
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

/// A server that numbers its tokens: `t1`, `t2`, … with this lifetime.
async fn counting(answer: impl Fn(usize) -> String + Copy + Send + Sync + 'static) -> Receiver {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    Receiver::new(move |mut stream| async move {
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let body = answer(number);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    })
    .await
}

/// A token response that ends when the connection closes.
const GRANTED: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"access_token\":\"a.b-c\",\"token_type\":\"bearer\",\"expires_in\":\"3600\"}";

#[tokio::test]
async fn a_form_carries_the_client_and_every_parameter_has_its_place() {
    for (method, name) in [(TokenMethod::Post, "POST"), (TokenMethod::Put, "PUT")] {
        let server = Receiver::answering(GRANTED).await;
        assert_eq!(token(&client(&server.url, method), DEVELOPMENT).await.as_deref(), Ok("Bearer a.b-c"));
        let seen = server.seen.lock().unwrap();
        let (head, body) = (&seen[0].head, String::from_utf8(seen[0].body.clone()).unwrap());
        assert!(head.starts_with(&format!("{name} /hook?tenant=t+1 HTTP/1.1\r\n")), "{head}");
        assert_eq!(header(head, "x-tenant"), "blue");
        assert_eq!(header(head, "content-type"), "application/x-www-form-urlencoded");
        assert_eq!(
            body,
            "grant_type=client_credentials&client_id=the+client&client_secret=its%2Bsecret&audience=a%26b"
        );
    }
}

#[tokio::test]
async fn a_get_keeps_the_secret_out_of_the_url() {
    let server = Receiver::raw(move |mut stream| async move {
        let mut head = vec![0; 4096];
        let read = tokio::io::AsyncReadExt::read(&mut stream, &mut head).await.unwrap();
        let head = String::from_utf8_lossy(&head[..read]).into_owned();
        // The base64 of `the+client:its%2Bsecret`.
        let right = head
            .starts_with("GET /hook?tenant=t+1&grant_type=client_credentials&audience=a%26b HTTP/1.1\r\n")
            && head.contains("authorization: Basic dGhlK2NsaWVudDppdHMlMkJzZWNyZXQ=\r\n")
            && !head.contains("its");
        let answer: &[u8] =
            if right { GRANTED } else { b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n" };
        stream.write_all(answer).await.unwrap();
    })
    .await;
    assert_eq!(
        token(&client(&server.url, TokenMethod::Get), DEVELOPMENT).await.as_deref(),
        Ok("Bearer a.b-c")
    );
}

#[tokio::test]
async fn a_header_that_says_who_the_client_is_or_wants_json_is_obeyed() {
    let server = Receiver::answering(GRANTED).await;
    let mut client = client(&server.url, TokenMethod::Post);
    for (name, value) in [("Authorization", "Basic own"), ("Content-Type", "application/json")] {
        client.extras.push(Extra { place: Place::Header, name: name.to_owned(), value: value.to_owned() });
    }
    token(&client, DEVELOPMENT).await.unwrap();
    let seen = server.seen.lock().unwrap();
    assert_eq!(header(&seen[0].head, "authorization"), "Basic own");
    let body: Value = serde_json::from_slice(&seen[0].body).unwrap();
    assert_eq!(body, json!({"audience": "a&b", "grant_type": "client_credentials"}));
}

#[tokio::test]
async fn a_client_authenticates_as_the_webhook_says() {
    let basic = Some(ClientAuthentication::ClientSecretBasic);
    let server = Receiver::answering(GRANTED).await;
    let mut client = client(&server.url, TokenMethod::Post);
    client.proof = ClientProof::secret("its+secret".to_owned(), TokenMethod::Post, basic);
    token(&client, DEVELOPMENT).await.unwrap();
    let seen = server.seen.lock().unwrap();
    assert_eq!(header(&seen[0].head, "authorization"), "Basic dGhlK2NsaWVudDppdHMlMkJzZWNyZXQ=");
    assert_eq!(seen[0].body, b"grant_type=client_credentials&audience=a%26b");
}

#[tokio::test]
async fn an_assertion_is_signed_and_good_for_one_request() {
    let pair = rcgen::KeyPair::generate().unwrap();
    let server = Receiver::answering(GRANTED).await;
    let mut client = client(&server.url, TokenMethod::Post);
    client.proof = ClientProof::Key { private_key: pair.serialize_pem(), key_id: Some("key-1".to_owned()) };
    for _ in 0..2 {
        token(&client, DEVELOPMENT).await.unwrap();
    }
    let forms: Vec<BTreeMap<String, String>> = {
        let seen = server.seen.lock().unwrap();
        seen.iter().map(|request| form_urlencoded::parse(&request.body).into_owned().collect()).collect()
    };
    let mut ids = Vec::new();
    for form in &forms {
        assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        assert_eq!((&*form["client_id"], form.get("client_secret")), ("the client", None));
        let (message, signature) = form["client_assertion"].rsplit_once('.').unwrap();
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
        let parts: Vec<Value> =
            message.split('.').map(|part| serde_json::from_slice(&decode(part)).unwrap()).collect();
        assert_eq!(parts[0], json!({"alg": "ES256", "typ": "JWT", "kid": "key-1"}));
        let claims = &parts[1];
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!("the client"), &json!("the client")));
        assert_eq!(claims["aud"], server.url);
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 120);
        ids.push(claims["jti"].as_str().unwrap().to_owned());
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key_raw());
        public.verify(message.as_bytes(), &decode(signature)).unwrap();
    }
    assert_ne!(ids[0], ids[1]);
    client.proof = ClientProof::Key { private_key: "planted".to_owned(), key_id: None };
    let failure = token(&client, DEVELOPMENT).await.unwrap_err();
    assert_eq!((&*failure.detail, failure.transient), ("the private key is neither PEM nor DER", false));
}

#[tokio::test]
async fn parameters_of_one_name_are_all_sent() {
    let resources = [
        (Place::Body, "resource", "https://a.example/"),
        (Place::Body, "resource", ""),
        (Place::Body, "grant_type", "own"),
    ];
    let sent = async |content_type: &str| {
        let server = Receiver::answering(GRANTED).await;
        let mut client = client(&server.url, TokenMethod::Post);
        let content_type = (Place::Header, "content-type", content_type);
        client.extras.extend(resources.into_iter().chain([content_type]).map(|(place, name, value)| Extra {
            place,
            name: name.to_owned(),
            value: value.to_owned(),
        }));
        token(&client, DEVELOPMENT).await.unwrap();
        let body = server.seen.lock().unwrap()[0].body.clone();
        String::from_utf8(body).unwrap()
    };
    assert_eq!(
        sent("application/x-www-form-urlencoded").await,
        "client_id=the+client&client_secret=its%2Bsecret&audience=a%26b&resource=https%3A%2F%2Fa.example%2F&resource=\
         &grant_type=own"
    );
    let body: Value = serde_json::from_str(&sent("application/json").await).unwrap();
    assert_eq!(body["resource"], json!(["https://a.example/", ""]));
    assert_eq!(body["grant_type"], "own");
}

/// Responds with `status` and `body`, and closes the connection.
async fn server(status: &str, body: &[u8]) -> Receiver {
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n\r\n");
    Receiver::answering([head.as_bytes(), body].concat().leak()).await
}

#[tokio::test]
async fn a_token_is_read_however_it_is_written() {
    let cases: [&[u8]; 14] = [
        br#"{"access_token":"t","token_type":"BearerToken"}"#,
        br#"{"access_token":"t","token_type":""}"#,
        br#"{"access_token":"t","token_type":"bearer "}"#,
        br#"{"access_token":"t","token_type":null}"#,
        br#"{"access_token":"t","token_type":7}"#,
        br#"{"access_token":" t\n","token_type":"Bearer Token"}"#,
        br#"{"access_token":"t","expires_in":9223372036854775807}"#,
        br#"{"access_token":"t","expires_in":1e400}"#,
        br#"{"access_token":"t","expires_in":{"seconds":1}}"#,
        b"\xef\xbb\xbf{\"access_token\":\"t\"}",
        b"\xff\xfe{\0\"\0a\0c\0c\0e\0s\0s\0_\0t\0o\0k\0e\0n\0\"\0:\0\"\0t\0\"\0}\0",
        b"{\"access_token\":\"t\",\"name\":\"M\xfcller\"}",
        b"access_token=t&token_type=bearer&expires_in=3600\n",
        br#"{"access_token":"t","error":""}"#,
    ];
    for body in cases {
        let server = server("200 OK", body).await;
        let header = token(&client(&server.url, TokenMethod::Post), DEVELOPMENT).await;
        assert_eq!(header.as_deref(), Ok("Bearer t"), "{}", String::from_utf8_lossy(body));
    }
    let other = server("200 OK", br#"{"access_token":"t","token_type":"DPoP"}"#).await;
    assert_eq!(token(&client(&other.url, TokenMethod::Post), DEVELOPMENT).await.as_deref(), Ok("DPoP t"));
}

#[tokio::test]
async fn a_lifetime_is_bounded_and_used() {
    let ten_years = 315_360_000;
    for (lifetime, expected, requests) in [
        ("3600", Some(3600), 1),
        ("\"3600\"", Some(3600), 1),
        ("3600.9", Some(3600), 1),
        ("9223372036854775807", Some(ten_years), 1),
        ("1e300", Some(ten_years), 1),
        ("\"1e400\"", Some(ten_years), 1),
        ("-1", None, 1),
        ("\"soon\"", None, 1),
        ("null", None, 1),
        ("0", Some(0), 3),
    ] {
        let body = format!("{{\"access_token\":\"t\",\"expires_in\":{lifetime}}}");
        let server = server("200 OK", body.as_bytes()).await;
        let (client, tokens, http) =
            (client(&server.url, TokenMethod::Post), Tokens::default(), http(DEVELOPMENT));
        let granted = crate::exchange::exchange(&client, &http, soon(), &Sources::system()).await.unwrap();
        assert_eq!(granted.expires_in, expected, "{lifetime}");
        server.seen.lock().unwrap().clear();
        for _ in 0..3 {
            tokens.header("arn", &client, None, &http, soon(), &Sources::system()).await.unwrap();
        }
        assert_eq!(server.seen.lock().unwrap().len(), requests, "{lifetime}");
    }
}

#[tokio::test]
async fn an_error_is_told_whatever_the_status_and_the_format() {
    let long = format!("error=invalid_scope&error_description={}", "x".repeat(1000));
    let cut = format!("200: invalid_scope: {}", "x".repeat(200));
    let cases: [(&str, &[u8], &str, bool); 6] = [
        (
            "200 OK",
            br#"{"error":"invalid_client","error_description":"its+secret is not right"}"#,
            "200: invalid_client: *** is not right",
            false,
        ),
        ("200 OK", br#"{"error":"temporarily_unavailable"}"#, "200: temporarily_unavailable", true),
        (
            "400 No",
            b"error=invalid_scope&error_description=no+such+scope",
            "400: invalid_scope: no such scope",
            false,
        ),
        ("200 OK", long.as_bytes(), &cut, false),
        ("400 No", br#"{"error":{"message":"its\u200b+secret","code":1}}"#, "400: ***", false),
        ("200 OK", b"<html>a=b</html>", "200 without a usable access_token", false),
    ];
    for (status, body, detail, transient) in cases {
        let server = server(status, body).await;
        let failure = token(&client(&server.url, TokenMethod::Post), DEVELOPMENT).await.unwrap_err();
        let expected = format!("the token endpoint answered {detail}");
        assert_eq!((failure.detail, failure.transient), (expected, transient));
    }
}

#[tokio::test]
async fn a_refusal_is_told_without_the_secrets_it_repeats() {
    let cases: [(&[u8], &str, bool); 6] = [
        (
            b"HTTP/1.1 401 No\r\nConnection: close\r\n\r\n{\"error\":\"invalid_client\",\"error_description\":\"its+secret is not right\\u0007\"}",
            "the token endpoint answered 401: invalid_client: *** is not right",
            false,
        ),
        (b"HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n", "the token endpoint answered 503", true),
        (b"HTTP/1.1 302 No\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", "the token endpoint answered 302", false),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            "the token endpoint answered 200 without a usable access_token",
            false,
        ),
        (
            b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"access_token\":\"a\\r\\nX: y\"}",
            "the token endpoint answered 200 without a usable access_token",
            false,
        ),
        (b"", "the token endpoint: the connection was closed before an answer came", true),
    ];
    for (answer, reason, transient) in cases {
        let server = Receiver::answering(answer).await;
        let failure = token(&client(&server.url, TokenMethod::Post), DEVELOPMENT).await.unwrap_err();
        assert_eq!((failure.detail.as_str(), failure.transient), (reason, transient));
    }
}

#[tokio::test]
async fn a_token_endpoint_is_under_the_egress_policy() {
    for (url, reason) in [
        (
            "https://169.254.169.254/token",
            "the token endpoint: the address 169.254.169.254 is a metadata service",
        ),
        ("https://127.0.0.1/token", "the token endpoint: the address 127.0.0.1 is loopback"),
        ("http://example.com/token", "the token endpoint: the URL's scheme must be https, not http"),
    ] {
        let failure = token(&client(url, TokenMethod::Post), Policy::default()).await.unwrap_err();
        assert_eq!((failure.detail.as_str(), failure.transient), (reason, false));
    }
}

#[tokio::test]
async fn a_token_is_shared_until_it_is_about_to_expire_or_is_refused() {
    let server =
        counting(|n| format!(r#"{{"access_token":"t{n}","expires_in":{}}}"#, [3600, 0, 60][n.min(2)])).await;
    let (tokens, http) = (Tokens::default(), http(DEVELOPMENT));
    let client = client(&server.url, TokenMethod::Post);
    let ask = async |refused: Option<&str>| {
        tokens.header("arn", &client, refused, &http, soon(), &Sources::system()).await.unwrap()
    };
    assert_eq!(&*ask(None).await, "Bearer t0");
    assert_eq!(&*ask(None).await, "Bearer t0");
    assert_eq!(&*ask(Some("Bearer t0")).await, "Bearer t1", "refused");
    assert_eq!(&*ask(None).await, "Bearer t2", "expired at once");
    assert_eq!(&*ask(None).await, "Bearer t2", "not in its last tenth yet");
    let mut changed = client.clone();
    changed.proof = ClientProof::SecretInForm("another".to_owned());
    assert_eq!(
        &*tokens.header("arn", &changed, None, &http, soon(), &Sources::system()).await.unwrap(),
        "Bearer t3",
        "changed"
    );
}

#[tokio::test]
async fn one_exchange_serves_all_who_wait_whether_it_works_or_not() {
    for (answer, works) in
        [(GRANTED, true), (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n" as &[u8], false)]
    {
        let server = Receiver::new(move |mut stream| async move {
            // By now, all attempts are waiting: on this single thread, they request a token before the
            // response is read.
            tokio::task::yield_now().await;
            stream.write_all(answer).await.unwrap();
        })
        .await;
        let (tokens, http) = (Tokens::default(), http(DEVELOPMENT));
        let client = client(&server.url, TokenMethod::Post);
        let sources = Sources::system();
        let asking = (0..20).map(|_| tokens.header("arn", &client, None, &http, soon(), &sources));
        let answers = futures_util::future::join_all(asking).await;
        assert!(answers.iter().all(|answer| answer.is_ok() == works), "{answers:?}");
        assert_eq!(server.seen.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_waited_for_no_longer_than_the_attempt() {
    let server = Receiver::new(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let client = client(&server.url, TokenMethod::Post);
    let deadline = Instant::now() + Duration::from_millis(200);
    let failure = Tokens::default()
        .header("arn", &client, None, &http(DEVELOPMENT), deadline, &Sources::system())
        .await
        .unwrap_err();
    assert!(failure.transient && failure.status_code.is_none(), "{failure:?}");
}
