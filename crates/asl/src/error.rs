//! Errors of loading a definition, and errors that a state raises.

use jsonata_core::parser::ParserError;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a definition was rejected. The message gives the location; the source gives the reason.
#[derive(Debug, Error)]
pub enum LoadError {
    /// A placeholder has no value.
    #[error("the placeholder `${{{name}}}` has no value")]
    NoSubstitution {
        /// The name between the braces.
        name: String,
    },
    /// A `${` has no closing `}`.
    #[error("a placeholder is not closed: `{text}`")]
    OpenPlaceholder {
        /// The text starting at `${`, shortened.
        text: String,
    },
    /// The text is not JSON.
    #[error("the definition is not JSON")]
    Json(#[source] serde_json::Error),
    /// A top-level field of the definition is missing, unknown or of the wrong type.
    #[error("the definition's field `{field}` is refused")]
    Definition {
        /// The path of the field.
        field: String,
        /// The reason.
        source: serde_json::Error,
    },
    /// A field of a state is missing, unknown or of the wrong type, or its expression does not parse.
    #[error("state `{state}`, field `{field}` is refused")]
    State {
        /// The state.
        state: String,
        /// The path of the field in the state; `.` is the state itself.
        field: String,
        /// The reason.
        source: serde_json::Error,
    },
    /// A field is well formed but invalid where it is.
    #[error("state `{state}`, field `{field}` is refused")]
    Refused {
        /// The state.
        state: String,
        /// The path of the field in the state.
        field: String,
        /// The reason.
        #[source]
        refusal: Refusal,
    },
    /// `StartAt` names a state that does not exist.
    #[error("the definition's field `StartAt`: there is no state `{0}`")]
    NoStart(String),
}

/// Why a well-formed field is rejected.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// The type of the state is not supported.
    #[error("the state type `{0}` is not supported")]
    Type(String),
    /// The target of a transition does not exist.
    #[error("there is no state `{0}`")]
    NoSuchState(String),
    /// The state cannot be reached from `StartAt`.
    #[error("no transition leads to this state")]
    Unreachable,
    /// The host does not support this task integration.
    #[error("the resource `{0}` is not supported")]
    Resource(String),
    /// `States.ALL` is not alone, or not in the last retrier or catcher.
    #[error("`States.ALL` must be alone and in the last place")]
    AllNotLast,
    /// `ErrorEquals` is empty.
    #[error("at least one error must be named")]
    NoErrors,
    /// Both or neither of two mutually exclusive fields are set.
    #[error("exactly one of `{0}` and `{1}` is needed")]
    ExactlyOne(&'static str, &'static str),
    /// A choice has no rules.
    #[error("at least one rule is needed")]
    NoRules,
    /// The backoff factor would shorten delays.
    #[error("must be 1 or more")]
    BackoffRate,
    /// The maximum delay is shorter than the first delay.
    #[error("must be more than `IntervalSeconds`")]
    MaxDelay,
    /// No state assigns this variable.
    #[error("the variable `${0}` is never assigned")]
    Unassigned(String),
    /// A local name shadows a variable of the machine.
    #[error("the local name `${0}` hides a variable of that name")]
    Hides(String),
    /// An expression calls a function that a variable of the
    /// machine shadows: JSONata would call the variable's value.
    #[error("the variable `${0}` hides the function of that name")]
    HidesFunction(String),
    /// The name is not allowed for a variable.
    #[error("`{0}` cannot be the name of a variable")]
    VariableName(String),
    /// `$states.result` or `$states.errorOutput` is used where it does not exist.
    #[error("`$states.{0}` does not exist here")]
    NotHere(String),
}

/// Why a string is not an expression that this interpreter supports. It reaches [`LoadError`] through serde,
/// which keeps only the text, so each message is complete in itself.
#[derive(Debug, Error)]
pub enum ExpressionError {
    /// `{%` or `%}` occurs inside a string.
    #[error("`{{% … %}}` must be the whole string: `{0}`")]
    NotWhole(String),
    /// The field accepts only an expression.
    #[error("must be an expression `{{% … %}}`: `{0}`")]
    NotExpression(String),
    /// The expression is not valid JSONata.
    #[error("`{text}` is not JSONata: {source}")]
    Syntax {
        /// The expression.
        text: String,
        /// The parser's error.
        source: ParserError,
    },
    /// The function is unknown, or behaves differently on the two engines.
    #[error("the function `{0}` is not supported")]
    Function(String),
    /// `$states` is used as a whole, or with an unknown field.
    #[error("`$states` must be followed by `.input`, `.result`, `.errorOutput` or `.context`")]
    States,
    /// `$$`, which is undefined in Step Functions.
    #[error("`$$` is not supported")]
    Root,
    /// The syntax tree could not be inspected.
    #[error("the expression cannot be inspected")]
    Inspect(#[source] serde_json::Error),
}

/// A named error, as matched by `ErrorEquals`. The cause is for human readers.
#[derive(Clone, Debug, Error, PartialEq, Eq, Serialize, Deserialize)]
#[error("{error}: {cause}")]
pub struct TaskError {
    /// The error's name, such as `States.Timeout` or `Lambda.ServiceException`.
    pub error: String,
    /// A description of what happened.
    pub cause: String,
}

impl TaskError {
    /// The data would exceed [`crate::DATA_LIMIT_BYTES`].
    pub const DATA_LIMIT_EXCEEDED: &str = "States.DataLimitExceeded";
    /// No rule of a choice matched, and the choice has no default.
    pub const NO_CHOICE_MATCHED: &str = "States.NoChoiceMatched";
    /// An expression failed, or its value is invalid where it is used.
    pub const QUERY_EVALUATION_ERROR: &str = "States.QueryEvaluationError";
    /// The execution cannot continue.
    pub const RUNTIME: &str = "States.Runtime";
    /// A task took longer than `TimeoutSeconds`.
    pub const TIMEOUT: &str = "States.Timeout";

    /// Creates an error.
    pub fn new(error: impl Into<String>, cause: impl Into<String>) -> TaskError {
        TaskError { error: error.into(), cause: cause.into() }
    }
}
