//! What the step needs.

use hookstep_ambient::Sources;
use hookstep_claims::Claims;

use crate::Keyring;

/// The tables, clients and settings that the step works with.
#[derive(Clone, Debug)]
pub struct Context {
    /// The keys of webhooks, and the way out.
    pub keyring: Keyring,
    /// Where claim checks are read.
    pub claims: Claims,
    /// The clock, new ids and randomness.
    pub sources: Sources,
}
