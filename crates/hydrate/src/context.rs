//! What the step needs.

use hookstep_claims::Claims;

/// The tables, clients and settings that the step works with.
#[derive(Clone, Debug)]
pub struct Context {
    /// The bucket of claim checks.
    pub claims: Claims,
}
