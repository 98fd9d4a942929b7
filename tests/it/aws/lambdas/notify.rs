//! The mails of `notify`, as SES gets them.

use std::sync::Arc;
use std::sync::Mutex;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{ID, Running, event, serve};

/// A table in which an org names two addresses, and SES, which refuses what it is told to.
#[derive(Clone, Default)]
struct Services {
    /// The requests to SES.
    mails: Arc<Mutex<Vec<Value>>>,
    /// The operations on the table, with the keys that they write or delete.
    operations: Arc<Mutex<Vec<String>>>,
}

impl Services {
    /// `refusal` is what SES answers, if it takes no mails.
    async fn start(&self, refusal: Option<(u16, &'static str)>) -> String {
        let services = self.clone();
        let answer = async move |uri: Uri, headers: HeaderMap, body: Bytes| {
            services.answer(&uri, &headers, &body, refusal)
        };
        format!("http://{}", serve(Router::new().fallback(answer)).await)
    }

    fn answer(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
        refusal: Option<(u16, &'static str)>,
    ) -> Response {
        let request: Value = serde_json::from_slice(body).unwrap();
        if uri.path() == "/v2/email/outbound-emails" {
            self.mails.lock().unwrap().push(request);
            return match refusal {
                None => axum::Json(json!({"MessageId": "1"})).into_response(),
                Some((status, name)) => {
                    let status = StatusCode::from_u16(status).unwrap();
                    (status, [("x-amzn-errortype", name)], r#"{"message": "no"}"#).into_response()
                }
            };
        }
        let operation = headers["x-amz-target"].to_str().unwrap().rsplit('.').next().unwrap();
        let key = &request[if operation == "PutItem" { "Item" } else { "Key" }]["sk"]["S"];
        self.operations.lock().unwrap().push(format!("{operation} {}", key.as_str().unwrap_or_default()));
        let emails = ["ops@example.com", "dev@example.com"].map(|email| json!({"S": email}));
        let item = json!({"org_id": {"S": "acme"}, "emails": {"L": emails}});
        let answer = if operation == "GetItem" { json!({"Item": item}) } else { json!({}) };
        ([("content-type", "application/x-amz-json-1.0")], answer.to_string()).into_response()
    }
}

/// What the bus hands over; fields that are not needed are left out.
fn failing() -> Value {
    let webhook = json!({"name": "orders", "host": "example.com", "health": "failing", "failures": 10});
    let mut detail = event();
    for (name, value) in
        [("webhook", webhook), ("attempts", json!(1)), ("ended_at", json!("2026-01-02T03:04:05Z"))]
    {
        detail[name] = value;
    }
    json!({"version": "0", "id": ID, "source": "hookstep", "detail-type": "Webhook Failing", "detail": detail})
}

#[tokio::test]
async fn ses_gets_a_mail_for_each_address() {
    let services = Services::default();
    let url = services.start(None).await;
    let mut function = Running::start("notify", &url).await;
    assert_eq!(function.invoke(failing()).await.response(), &json!({"sent": 2}));
    let mails = services.mails.lock().unwrap().clone();
    assert_eq!(mails.len(), 2);
    let mail = &mails[0];
    assert_eq!(mail["FromEmailAddress"], "hookstep@example.com");
    assert_eq!(mail["Destination"], json!({"ToAddresses": ["ops@example.com"]}));
    let message = &mail["Content"]["Simple"];
    assert_eq!(message["Subject"], json!({"Data": "Webhook “orders” is failing", "Charset": "UTF-8"}));
    assert_eq!(message["Headers"], json!([{"Name": "Auto-Submitted", "Value": "auto-generated"}]));
    let text = message["Body"]["Text"]["Data"].as_str().unwrap();
    assert!(text.contains("its receiver at example.com takes no events"), "{text}");
    assert_eq!(mails[1]["Destination"], json!({"ToAddresses": ["dev@example.com"]}));
}

#[tokio::test]
async fn what_ses_cannot_take_now_is_given_back_and_what_it_refuses_is_not() {
    for (status, name, is_given_back) in [
        (429, "TooManyRequestsException", true),
        (400, "MailFromDomainNotVerifiedException", true),
        (400, "MessageRejected", false),
    ] {
        let services = Services::default();
        let url = services.start(Some((status, name))).await;
        let mut function = Running::start("notify", &url).await;
        let answer = function.invoke(failing()).await;
        if is_given_back {
            assert_eq!(answer.error_type(), "MailUnavailable", "{name}");
        } else {
            assert_eq!(answer.response(), &json!({"sent": 0}), "{name}");
        }
        let operations = services.operations.lock().unwrap().clone();
        for email in ["ops@example.com", "dev@example.com"] {
            let of = |operation: &str| operations.contains(&format!("{operation} Webhook Failing#{email}"));
            assert_eq!((of("PutItem"), of("DeleteItem")), (true, is_given_back), "{name}: {operations:?}");
        }
    }
}
