//! The step's dependencies.

use hookstep_claims::Claims;

/// The tables, clients and settings that the step uses.
#[derive(Clone, Debug)]
pub struct Context {
    /// The bucket of claim checks.
    pub claims: Claims,
}
