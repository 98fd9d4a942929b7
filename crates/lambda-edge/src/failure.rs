//! Our error names at the Runtime API.

use hookstep_contract::{StepError, error_chain};
use lambda_runtime::Diagnostic;
use lambda_runtime::tracing::error;

/// A step's failure on its way out: its name becomes the `errorType` that the state machine matches.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) StepError);

impl From<Failure> for Diagnostic {
    fn from(Failure(failure): Failure) -> Self {
        let name = failure.name.as_str();
        error!(error.name = name, error.chain = error_chain(&failure), "the step failed");
        Diagnostic { error_type: name.to_owned(), error_message: failure.message }
    }
}
