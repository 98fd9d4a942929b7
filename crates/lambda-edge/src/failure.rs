//! Passes our error names to the Runtime API.

use hookstep_contract::{ErrorName, StepError, error_chain};
use lambda_runtime::Diagnostic;
use lambda_runtime::tracing::{error, info};

/// A step's failure as returned to Lambda: its name becomes the `errorType` that the state machine matches.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) StepError);

impl From<Failure> for Diagnostic {
    fn from(Failure(failure): Failure) -> Self {
        let name = failure.name.as_str();
        match failure.name {
            // An integrator deleted the webhook meanwhile. The alarm on errors of functions leaves these out.
            ErrorName::ConfigNotFound => info!(metric = "EventsOfDeletedWebhooks", "the webhook was deleted"),
            _ => error!(error.name = name, error.chain = error_chain(&failure), "the step failed"),
        }
        Diagnostic { error_type: name.to_owned(), error_message: failure.message }
    }
}

#[cfg(test)]
mod tests {
    use hookstep_contract::ErrorName;
    use serde_json::json;

    use super::*;

    fn rendered(failure: StepError) -> serde_json::Value {
        serde_json::to_value(Diagnostic::from(Failure(failure))).unwrap()
    }

    #[test]
    fn a_failure_reaches_the_state_machine_by_name_and_message_and_its_causes_do_not() {
        for (name, error_type) in [
            (ErrorName::ConfigNotFound, "ConfigNotFound"),
            (ErrorName::StorageUnavailable, "StorageUnavailable"),
            (ErrorName::WorkflowUnavailable, "WorkflowUnavailable"),
            (ErrorName::SandboxUnavailable, "SandboxUnavailable"),
            (ErrorName::InvalidInput, "InvalidInput"),
        ] {
            let expected = json!({"errorType": error_type, "errorMessage": "a sentence"});
            assert_eq!(rendered(StepError::new(name, "a sentence")), expected);
            let cause = std::io::Error::other("the table of 10.0.0.7 refused the connection");
            assert_eq!(rendered(StepError::because(name, "a sentence", cause)), expected);
        }
    }

    #[test]
    fn an_input_that_cannot_be_read_is_named_and_not_repeated() {
        let error = serde_json::from_str::<ErrorName>(r#""a planted secret""#).unwrap_err();
        assert!(error.to_string().contains("planted"), "the cause repeats the input: {error}");
        let expected = json!({"errorType": "InvalidInput", "errorMessage": "the step cannot read its input"});
        assert_eq!(rendered(crate::unreadable(error)), expected);
    }
}
