use super::*;

const OPENAPI: &str = include_str!("../../../../../management/openapi.json");

/// A webhook with all fields.
const STORED: &str = r#"{"org_id":"acme","config_id":"0190a000-0000-7000-8000-00000000000a","created_at":"2026-01-01T00:00:00Z",
        "updated_at":"2026-01-01T00:00:00Z","revision":3,"name":"n","url":"https://example.com/","method":"PUT","enabled":false,
        "headers":{"X-A":"1","X-B":"2"},"event_headers":{"X-C":"{{attempt}}"},"timeout_seconds":12,"retry":{"schedule_seconds":[1,60]},"shards":8,
        "max_in_flight":4,"rate_limit":{"events":90,"per":"minute","burst":5},"ordering":{"key":"a","on_failure":"block"},
        "delivery":"queued","cloud_events":{"mode":"structured","source":"/a","type":"t"},"extra_signature":{"type":"hmac","header":"X-Sig","algorithm":"sha1"},
        "event_types":["order.*","Webhook Disabled"],"event_type_versions":{"order.created":"2"},
        "filter":{"conditions":[{"field":"a","operator":"any_of","values":["1","2"],"type":"number"}],"logical_operator":"OR"},
        "transform":{"jsonata":"{\"a\": a}","content_type":"text/plain"},
        "auth":{"type":"oauth_client_credentials","token_url":"https://a.example/","client_id":"c","method":"PUT",
            "parameters":[{"in":"query","name":"audience"}],"scope":"a b",
            "client_authentication":"private_key_jwt","key_id":"k"},
        "tls":{"certificate":"line\nline\n","ca":"ca"}}"#;

fn fields(sent: &str) -> Result<ConfigFields, String> {
    let form = Form::read(
        format!("name=n&url=https://example.com&method=POST&timeout_seconds=30&{sent}").as_bytes(),
    );
    read(&form, None).map_err(|problem| problem.wrong_field().unwrap_or_default().to_owned())
}

#[test]
fn a_webhook_is_sent_back_as_it_was() {
    let config: WebhookConfig = serde_json::from_str(STORED).unwrap();
    assert_eq!(read(&filled(&config), None).unwrap(), config.fields);
    let learns = STORED.replace("\"max_in_flight\":4", "\"max_in_flight\":\"auto\"");
    let config: WebhookConfig = serde_json::from_str(&learns).unwrap();
    assert_eq!(read(&filled(&config), None).unwrap(), config.fields);
}

/// A field that the form forgets would be gone as soon as somebody saves the page.
#[test]
fn the_webhook_that_is_sent_back_has_every_field() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let fields = document["components"]["schemas"]["ConfigFields"]["properties"].as_object().unwrap();
    assert!(fields.len() > 15, "{fields:?}");
    let stored: Value = serde_json::from_str(STORED).unwrap();
    for name in fields.keys() {
        assert!(!stored[name].is_null(), "{name}");
    }
}

#[test]
fn a_fault_names_the_field_as_the_api_does() {
    for (sent, field) in [
        ("timeout_seconds=30", None),
        ("header_name=A&header_value=1&header_name=&header_value=", None),
        ("header_name=A&header_value=1&header_name=A&header_value=2", Some("headers.A")),
        (
            "event_header_name=A&event_header_value=1&event_header_name=A&event_header_value=2",
            Some("event_headers.A"),
        ),
        ("retry=custom&schedule=soon", Some("retry.schedule_seconds")),
        ("shards=8", None),
        ("shards=+", None),
        ("shards=many", Some("shards")),
        ("max_in_flight=%2010%20&rate_events=5&rate_per=minute&rate_burst=", None),
        ("max_in_flight=&rate_events=&rate_per=second&rate_burst=many", None),
        ("max_in_flight=1.5", Some("max_in_flight")),
        ("rate_events=many&rate_per=second", Some("rate_limit.events")),
        ("rate_events=-1", Some("rate_limit.events")),
        ("rate_events=5&rate_burst=many", Some("rate_limit.burst")),
        ("rate_events=5&rate_per=hour", Some("rate_limit.per")),
        ("delivery=queued", None),
        ("delivery=", None),
        ("delivery=soon", Some("delivery")),
        ("event_types=%20order.created%20%0D%0A%0D%0Aorder.*", None),
    ] {
        assert_eq!(fields(sent).err().as_deref(), field, "{sent}");
    }
}

#[test]
fn an_empty_limit_is_none() {
    for (sent, max_in_flight, rate) in [
        ("", Value::Null, Value::Null),
        ("max_in_flight=&rate_events=&rate_per=minute&rate_burst=", Value::Null, Value::Null),
        ("max_in_flight=8", json!(8), Value::Null),
        ("max_in_flight=8&learns=on", json!("auto"), Value::Null),
        ("rate_events=5", Value::Null, json!({"events": 5, "per": "second", "burst": 1})),
        (
            "rate_events=5&rate_per=minute&rate_burst=2",
            Value::Null,
            json!({"events": 5, "per": "minute", "burst": 2}),
        ),
    ] {
        let read = fields(sent).unwrap();
        assert_eq!((json!(read.max_in_flight), json!(read.rate_limit)), (max_in_flight, rate), "{sent}");
    }
}

#[test]
fn secrets_left_empty_are_kept() {
    let kept = fields("auth=basic&username=u&password=").unwrap().auth.unwrap();
    assert_eq!(kept.missing_secret().as_deref(), Some("auth.password"));
    let given = fields("auth=basic&username=u&password=p").unwrap().auth.unwrap();
    assert_eq!(given.missing_secret(), None);
}
