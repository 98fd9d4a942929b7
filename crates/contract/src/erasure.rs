//! How far an org is deleted.

use serde::{Deserialize, Serialize};

use crate::{OrgId, Timestamp};

/// How far an org is deleted. It is gone through again and again, until nothing was found in a pass that began after everything
/// had come to rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// The org.
    pub org_id: OrgId,
    /// When the platform deleted it.
    pub requested_at: Timestamp,
    /// From when on nothing can be under way any more that was so when the org was deleted.
    pub at_rest_at: Timestamp,
    /// How many webhooks were deleted, each with its secrets, keys and connection.
    pub webhooks: u64,
    /// How many tokens and sessions were deleted.
    pub tokens: u64,
    /// How many events were deleted, each with its attempts and its body.
    pub events: u64,
    /// How many large bodies were deleted.
    pub claims: u64,
    /// How many passes were made.
    pub passes: u64,
    /// The pass that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<ErasurePass>,
}

/// A walk through everything, to find what the org has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasurePass {
    /// When it began.
    pub began_at: Timestamp,
    /// Whether it found something.
    pub found: bool,
    /// The key of the last item of the events table that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<(String, String)>,
}

impl Erasure {
    /// An erasure that begins now.
    pub fn new(org_id: OrgId, now: Timestamp) -> Self {
        Self {
            org_id,
            requested_at: now,
            at_rest_at: now,
            webhooks: 0,
            tokens: 0,
            events: 0,
            claims: 0,
            passes: 0,
            pass: None,
        }
    }

    /// Whether nothing has been done yet.
    pub fn is_new(&self) -> bool {
        self.passes == 0
    }

    /// The pass that is under way, or a new one.
    pub fn pass(&mut self, now: Timestamp) -> &mut ErasurePass {
        self.pass.get_or_insert(ErasurePass { began_at: now, found: false, after: None })
    }

    /// Ends the pass; returns whether the org has nothing any more.
    pub fn end_pass(&mut self) -> bool {
        self.passes += 1;
        self.pass.take().is_some_and(|pass| !pass.found && pass.began_at >= self.at_rest_at)
    }
}
