//! What the queues hold, and how each message is put back.

use hookstep_contract::{ConfigId, EventId};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The version of the messages of the state `KeepEvent`.
const VERSION: u32 = 1;

/// How a message is put back. The texts are JSON, to the byte as the message has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Start the express machine with this input.
    Start { name: String, input: String },
    /// Invoke `dispatch` with this payload, as the rule of the bus does. The event keeps its id.
    Dispatch { payload: String },
}

/// A message that is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) action: Action,
    /// The event, for people.
    pub(super) event: String,
    /// The webhook, if the message names one.
    pub(super) webhook: Option<ConfigId>,
    /// The name of the error that is the cause, if the message names it.
    pub(super) cause: Option<String>,
}

impl Message {
    /// Reads the body of a message; `None` if it has none of the known forms.
    pub(super) fn read(body: &str) -> Option<Self> {
        kept(body)
            .or_else(|| start(body, None))
            .or_else(|| undelivered(body))
            .or_else(|| dispatch(body, None))
            .or_else(|| from_the_bus(body))
    }
}

/// A message of the state `KeepEvent`.
fn kept(body: &str) -> Option<Message> {
    #[derive(Deserialize)]
    struct Kept<'a> {
        version: u32,
        exception: Exception,
        #[serde(borrow)]
        input: &'a RawValue,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Exception {
        error: String,
    }

    let kept: Kept<'_> = serde_json::from_str(body).ok()?;
    if kept.version != VERSION {
        return None;
    }
    start(kept.input.get(), Some(kept.exception.error))
}

/// The input of an execution: in a message of `KeepEvent`, and in the dead letter of a schedule.
fn start(input: &str, cause: Option<String>) -> Option<Message> {
    #[derive(Deserialize)]
    struct Input {
        event: Option<Event>,
        resume: Option<Resume>,
    }

    #[derive(Deserialize)]
    struct Resume {
        event: Event,
        number: u32,
    }

    #[derive(Deserialize)]
    struct Event {
        event_id: EventId,
        config_id: ConfigId,
    }

    let (event, name) = match serde_json::from_str(input).ok()? {
        Input { resume: Some(Resume { event, number }), .. } => {
            let name = format!("{}-{number}", event.event_id);
            (event, name)
        }
        Input { event: Some(event), resume: None } => {
            let name = event.event_id.to_string();
            (event, name)
        }
        Input { event: None, resume: None } => return None,
    };
    Some(Message {
        action: Action::Start { name, input: input.to_owned() },
        event: event.event_id.to_string(),
        webhook: Some(event.config_id),
        cause,
    })
}

/// What Lambda sends when `dispatch` failed for good (AWS Lambda, "Asynchronous invocation records").
fn undelivered(body: &str) -> Option<Message> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Envelope<'a> {
        #[serde(borrow)]
        request_payload: &'a RawValue,
        request_context: Option<Context>,
        response_payload: Option<Failure>,
    }

    #[derive(Deserialize)]
    struct Context {
        condition: Option<String>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Failure {
        error_type: Option<String>,
    }

    let envelope: Envelope<'_> = serde_json::from_str(body).ok()?;
    let cause = envelope.response_payload.and_then(|failure| failure.error_type);
    let cause = cause.or_else(|| envelope.request_context?.condition);
    dispatch(envelope.request_payload.get(), cause)
}

/// An event of the bus as the rule's input transformer passes it to `dispatch`.
fn dispatch(payload: &str, cause: Option<String>) -> Option<Message> {
    #[derive(Deserialize)]
    struct Payload<'a> {
        #[serde(rename = "accepted_at")]
        _accepted_at: hookstep_contract::Timestamp,
        #[serde(borrow)]
        event: &'a RawValue,
    }

    let event: Payload<'_> = serde_json::from_str(payload).ok()?;
    let BusEvent { id, detail, .. } = serde_json::from_str(event.event.get()).ok()?;
    let action = Action::Dispatch { payload: payload.to_owned() };
    Some(Message { action, event: format!("of the bus {id}"), webhook: webhook(detail), cause })
}

/// An event of the bus as EventBridge puts it into a dead-letter queue. Its id on the bus stays, and with it the ids of
/// the events that `dispatch` makes of it: to put it on the bus again would make new ones.
fn from_the_bus(body: &str) -> Option<Message> {
    let BusEvent { time, .. } = serde_json::from_str(body).ok()?;
    dispatch(&format!("{{\"accepted_at\":\"{}\",\"event\":{body}}}", time?), None)
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct BusEvent<'a> {
    id: String,
    #[serde(rename = "detail-type")]
    _detail_type: String,
    time: Option<hookstep_contract::Timestamp>,
    #[serde(borrow)]
    detail: &'a RawValue,
}

fn webhook(detail: &RawValue) -> Option<ConfigId> {
    #[derive(Deserialize)]
    struct Detail {
        config_id: ConfigId,
    }

    let detail: Detail = serde_json::from_str(detail.get()).ok()?;
    Some(detail.config_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190a000-0000-7000-8000-00000000000a";

    fn event() -> String {
        format!(r#"{{"event_id":"{ID}","org_id":"acme","config_id":"{ID}","origin":"api"}}"#)
    }

    #[test]
    fn what_was_to_be_started_is_started_to_the_byte() {
        let new = format!(r#"{{"event":{},"payload":{{"inline":{{"text":"1.0"}}}}}}"#, event());
        let resume = format!(r#"{{"resume":{{"version":1,"event":{},"number":3}}}}"#, event());
        let kept = |input: &str| {
            format!(
                r#"{{"version":1,"exception":{{"Error":"States.Timeout","Cause":"c"}},"input": {input} }}"#
            )
        };
        for (body, input, name, cause) in [
            (kept(&new), &new, ID.to_owned(), Some("States.Timeout")),
            (kept(&resume), &resume, format!("{ID}-3"), Some("States.Timeout")),
            // The dead letter of a schedule.
            (resume.clone(), &resume, format!("{ID}-3"), None),
        ] {
            let message = Message::read(&body).unwrap();
            assert_eq!(message.action, Action::Start { name, input: input.clone() });
            assert_eq!((message.event.as_str(), message.cause.as_deref()), (ID, cause));
            assert_eq!(message.webhook, Some(ID.parse().unwrap()));
        }
    }

    #[test]
    fn an_event_of_the_bus_goes_to_dispatch_with_its_own_id() {
        let detail = format!(r#"{{"org_id":"acme","config_id":"{ID}","amount":12345678901234567890.10}}"#);
        let raw = format!(
            r#"{{"version":"0","id":"17793124","detail-type":"Webhook Trigger","source":"shop","time":"2026-01-02T03:04:05Z","detail":{detail}}}"#
        );
        let payload = |time: &str| format!(r#"{{"accepted_at":"{time}","event":{raw}}}"#);
        let envelope = format!(
            r#"{{"version":"1.0","requestContext":{{"condition":"RetriesExhausted"}},"requestPayload":{},"responsePayload":{{"errorType":"WorkflowUnavailable"}}}}"#,
            payload("2026-01-02T03:04:06Z")
        );
        let aged = format!(
            r#"{{"requestContext":{{"condition":"EventAgeExceeded"}},"requestPayload":{}}}"#,
            payload("2026-01-02T03:04:06Z")
        );
        for (body, expected, cause) in [
            (raw.clone(), payload("2026-01-02T03:04:05.000Z"), None),
            (payload("2026-01-02T03:04:06Z"), payload("2026-01-02T03:04:06Z"), None),
            (envelope, payload("2026-01-02T03:04:06Z"), Some("WorkflowUnavailable")),
            (aged, payload("2026-01-02T03:04:06Z"), Some("EventAgeExceeded")),
        ] {
            let message = Message::read(&body).unwrap();
            assert_eq!(message.action, Action::Dispatch { payload: expected });
            assert_eq!((message.event.as_str(), message.cause.as_deref()), ("of the bus 17793124", cause));
            assert_eq!(message.webhook, Some(ID.parse().unwrap()));
        }
    }

    #[test]
    fn what_is_not_understood_is_nothing() {
        let later = format!(r#"{{"version":2,"exception":{{"Error":"E"}},"input":{{"event":{}}}}}"#, event());
        // What `notify` could not tell is no event for `dispatch`.
        let untold = format!(
            r#"{{"requestContext":{{"condition":"RetriesExhausted"}},"requestPayload":{{"id":"17793124","detail-type":"Webhook Failing","detail":{}}}}}"#,
            event()
        );
        for body in ["", "{}", "text", "[]", r#"{"version":1}"#, r#"{"event":{}}"#, &later, &untold] {
            assert_eq!(Message::read(body), None, "{body}");
        }
    }
}
