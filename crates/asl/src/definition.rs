//! The states as written in the definition. Fields that are not listed here are not supported.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::error::{LoadError, Refusal};
use crate::expression::Expression;
use crate::setting::{Setting, Timestamp};
use crate::template::Template;

/// The definition without its states.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Definition {
    _comment: Option<String>,
    #[serde(rename = "Version")]
    _version: Option<Version>,
    #[serde(rename = "QueryLanguage")]
    _query_language: QueryLanguage,
    pub(crate) start_at: String,
    pub(crate) states: serde_json::Map<String, Value>,
}

#[derive(Deserialize)]
enum Version {
    #[serde(rename = "1.0")]
    One,
}

#[derive(Deserialize)]
enum QueryLanguage {
    #[serde(rename = "JSONata")]
    Jsonata,
}

/// The variables that a state assigns, by name.
pub(crate) type Assign = BTreeMap<String, Template>;

#[derive(Debug)]
pub(crate) enum State {
    Task(Box<Task>),
    Choice(Choice),
    Wait(Box<Wait>),
    Pass(Pass),
    Succeed(Succeed),
    Fail(Box<Fail>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Task {
    _comment: Option<String>,
    pub(crate) resource: Arc<str>,
    pub(crate) arguments: Template,
    pub(crate) timeout_seconds: Option<Setting<NonZeroU32>>,
    #[serde(default)]
    pub(crate) retry: Vec<Retrier>,
    #[serde(default)]
    pub(crate) catch: Vec<Catcher>,
    #[serde(default)]
    pub(crate) assign: Assign,
    pub(crate) output: Option<Template>,
    pub(crate) next: Option<String>,
    #[serde(default)]
    pub(crate) end: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Retrier {
    _comment: Option<String>,
    pub(crate) error_equals: Vec<String>,
    #[serde(default = "Retrier::interval")]
    pub(crate) interval_seconds: NonZeroU32,
    #[serde(default = "Retrier::attempts")]
    pub(crate) max_attempts: u32,
    #[serde(default = "Retrier::rate")]
    pub(crate) backoff_rate: f64,
    pub(crate) max_delay_seconds: Option<NonZeroU32>,
    #[serde(default)]
    pub(crate) jitter_strategy: JitterStrategy,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum JitterStrategy {
    Full,
    #[default]
    None,
}

/// AWS's defaults.
impl Retrier {
    fn interval() -> NonZeroU32 {
        NonZeroU32::MIN
    }

    fn attempts() -> u32 {
        3
    }

    fn rate() -> f64 {
        2.0
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Catcher {
    _comment: Option<String>,
    pub(crate) error_equals: Vec<String>,
    #[serde(default)]
    pub(crate) assign: Assign,
    pub(crate) output: Option<Template>,
    pub(crate) next: String,
}

/// `assign` and `output` apply to `default`; each rule has its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Choice {
    _comment: Option<String>,
    pub(crate) choices: Vec<Rule>,
    pub(crate) default: Option<String>,
    #[serde(default)]
    pub(crate) assign: Assign,
    pub(crate) output: Option<Template>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Rule {
    _comment: Option<String>,
    pub(crate) condition: Expression,
    #[serde(default)]
    pub(crate) assign: Assign,
    pub(crate) output: Option<Template>,
    pub(crate) next: String,
}

/// Exactly one of `seconds` and `timestamp` is set. `End` is not
/// supported, because the checkpoint after a wait needs a next state.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Wait {
    _comment: Option<String>,
    pub(crate) seconds: Option<Setting<u32>>,
    pub(crate) timestamp: Option<Setting<Timestamp>>,
    #[serde(default)]
    pub(crate) assign: Assign,
    pub(crate) output: Option<Template>,
    pub(crate) next: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Pass {
    _comment: Option<String>,
    #[serde(default)]
    pub(crate) assign: Assign,
    pub(crate) output: Option<Template>,
    pub(crate) next: Option<String>,
    #[serde(default)]
    pub(crate) end: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Succeed {
    _comment: Option<String>,
    pub(crate) output: Option<Template>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Fail {
    _comment: Option<String>,
    pub(crate) error: Option<Setting<String>>,
    pub(crate) cause: Option<Setting<String>>,
}

impl State {
    /// Reads one state; `name` is used in the error.
    pub(crate) fn read(name: &str, mut value: Value) -> Result<State, LoadError> {
        let kind = match value.as_object_mut().and_then(|fields| fields.shift_remove("Type")) {
            Some(Value::String(kind)) => kind,
            other => other.unwrap_or_default().to_string(),
        };
        let read = match kind.as_str() {
            "Task" => fields(value).map(State::Task),
            "Choice" => fields(value).map(State::Choice),
            "Wait" => fields(value).map(State::Wait),
            "Pass" => fields(value).map(State::Pass),
            "Succeed" => fields(value).map(State::Succeed),
            "Fail" => fields(value).map(State::Fail),
            _ => {
                let refusal = Refusal::Type(kind);
                return Err(LoadError::Refused { state: name.to_owned(), field: "Type".to_owned(), refusal });
            }
        };
        read.map_err(|(field, source)| LoadError::State { state: name.to_owned(), field, source })
    }
}

/// Reads an object; an error includes the path of the field.
pub(crate) fn fields<'de, T: Deserialize<'de>>(value: Value) -> Result<T, (String, serde_json::Error)> {
    serde_path_to_error::deserialize(value).map_err(|error| (error.path().to_string(), error.into_inner()))
}
