//! What can go wrong: a definition that is refused, and an error that a state raises.

use jsonata_core::parser::ParserError;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A definition that this interpreter does not run. The message says where; its source says why.
#[derive(Debug, Error)]
pub enum LoadError {
    /// A placeholder that the caller gave no value for.
    #[error("the placeholder `${{{name}}}` has no value")]
    NoSubstitution {
        /// The name between the braces.
        name: String,
    },
    /// A `${` without its `}`.
    #[error("a placeholder is not closed: `{text}`")]
    OpenPlaceholder {
        /// The text from `${` on, shortened.
        text: String,
    },
    /// The text is not JSON.
    #[error("the definition is not JSON")]
    Json(#[source] serde_json::Error),
    /// A field of the definition itself that is missing, unknown or of the wrong type.
    #[error("the definition's field `{field}` is refused")]
    Definition {
        /// Path of the field.
        field: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A field of a state that is missing, unknown or of the wrong type, or whose expression does not parse.
    #[error("state `{state}`, field `{field}` is refused")]
    State {
        /// The state.
        state: String,
        /// Path of the field in the state; `.` is the state itself.
        field: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A field that is well formed by itself but not in its place.
    #[error("state `{state}`, field `{field}` is refused")]
    Refused {
        /// The state.
        state: String,
        /// Path of the field in the state.
        field: String,
        /// Why it is refused.
        #[source]
        refusal: Refusal,
    },
    /// `StartAt` names no state.
    #[error("the definition's field `StartAt`: there is no state `{0}`")]
    NoStart(String),
}

/// Why a well-formed field is refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// The type of the state.
    #[error("the state type `{0}` is not supported")]
    Type(String),
    /// A transition that leads nowhere.
    #[error("there is no state `{0}`")]
    NoSuchState(String),
    /// No path from `StartAt` comes here.
    #[error("no transition leads to this state")]
    Unreachable,
    /// A task of a kind the host does not run.
    #[error("the resource `{0}` is not supported")]
    Resource(String),
    /// `States.ALL` with company, or before the last retrier or catcher.
    #[error("`States.ALL` must be alone and in the last place")]
    AllNotLast,
    /// An `ErrorEquals` that matches nothing.
    #[error("at least one error must be named")]
    NoErrors,
    /// Not exactly one of two fields that exclude each other.
    #[error("exactly one of `{0}` and `{1}` is needed")]
    ExactlyOne(&'static str, &'static str),
    /// A choice without rules.
    #[error("at least one rule is needed")]
    NoRules,
    /// A factor that would make delays shorter.
    #[error("must be 1 or more")]
    BackoffRate,
    /// A longest delay that is shorter than the first.
    #[error("must be more than `IntervalSeconds`")]
    MaxDelay,
    /// A variable that no state assigns.
    #[error("the variable `${0}` is never assigned")]
    Unassigned(String),
    /// A local name that hides a variable of the machine.
    #[error("the local name `${0}` hides a variable of that name")]
    Hides(String),
    /// A call of a function that a variable of the machine hides: JSONata would call the variable's value.
    #[error("the variable `${0}` hides the function of that name")]
    HidesFunction(String),
    /// A name that no variable can have.
    #[error("`{0}` cannot be the name of a variable")]
    VariableName(String),
    /// `$states.result` or `$states.errorOutput` where there is none.
    #[error("`$states.{0}` does not exist here")]
    NotHere(String),
}

/// Why a string is not an expression this interpreter evaluates. It reaches [`LoadError`] through serde, which keeps
/// the text only; each message is therefore complete.
#[derive(Debug, Error)]
pub enum ExpressionError {
    /// `{%` or `%}` inside a string.
    #[error("`{{% … %}}` must be the whole string: `{0}`")]
    NotWhole(String),
    /// A field that takes nothing but an expression.
    #[error("must be an expression `{{% … %}}`: `{0}`")]
    NotExpression(String),
    /// Not JSONata.
    #[error("`{text}` is not JSONata: {source}")]
    Syntax {
        /// The expression.
        text: String,
        /// What the parser says.
        source: ParserError,
    },
    /// A function that is unknown, or not the same on both engines.
    #[error("the function `{0}` is not supported")]
    Function(String),
    /// `$states` as a whole, or a field that it does not have.
    #[error("`$states` must be followed by `.input`, `.result`, `.errorOutput` or `.context`")]
    States,
    /// `$$`, which Step Functions does not give a meaning.
    #[error("`$$` is not supported")]
    Root,
    /// The parsed expression could not be walked.
    #[error("the expression cannot be inspected")]
    Inspect(#[source] serde_json::Error),
}

/// An error by name, as `ErrorEquals` matches it. The cause is for people.
#[derive(Clone, Debug, Error, PartialEq, Eq, Serialize, Deserialize)]
#[error("{error}: {cause}")]
pub struct TaskError {
    /// The name, such as `States.Timeout` or `Lambda.ServiceException`.
    pub error: String,
    /// What happened.
    pub cause: String,
}

impl TaskError {
    /// The data would exceed [`crate::DATA_LIMIT_BYTES`].
    pub const DATA_LIMIT_EXCEEDED: &str = "States.DataLimitExceeded";
    /// No rule of a choice matched and it has no default.
    pub const NO_CHOICE_MATCHED: &str = "States.NoChoiceMatched";
    /// An expression failed, or its value cannot be used where it stands.
    pub const QUERY_EVALUATION_ERROR: &str = "States.QueryEvaluationError";
    /// The execution cannot go on at all.
    pub const RUNTIME: &str = "States.Runtime";
    /// A task took longer than `TimeoutSeconds`.
    pub const TIMEOUT: &str = "States.Timeout";

    /// An error of this name and cause.
    pub fn new(error: impl Into<String>, cause: impl Into<String>) -> TaskError {
        TaskError { error: error.into(), cause: cause.into() }
    }
}
