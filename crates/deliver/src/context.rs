//! The step's dependencies.

use hookstep_ambient::{OnDemand, Sources};
use hookstep_claims::Claims;
use hookstep_store::Bodies;

use crate::Keyring;

/// The tables, clients and settings that the step uses.
#[derive(Clone, Debug)]
pub struct Context {
    /// The webhooks' keys, and the HTTP client.
    pub keyring: Keyring,
    /// The bodies of events that had to wait for this attempt.
    pub bodies: OnDemand<Bodies>,
    /// The bucket of claim checks.
    pub claims: Claims,
    /// The clock, new ids and randomness.
    pub sources: Sources,
}
