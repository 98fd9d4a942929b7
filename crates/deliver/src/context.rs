//! The step's dependencies.

use hookstep_ambient::Sources;
use hookstep_claims::Claims;

use crate::Keyring;

/// The tables, clients and settings that the step uses.
#[derive(Clone, Debug)]
pub struct Context {
    /// The webhooks' keys, and the HTTP client.
    pub keyring: Keyring,
    /// The bucket of claim checks.
    pub claims: Claims,
    /// The clock, new ids and randomness.
    pub sources: Sources,
}
