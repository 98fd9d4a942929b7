//! Orgs.

use utoipa::ToSchema;

/// What an org may have at most.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrgLimits {
    /// How many webhooks. Null is no limit. Those that it has already stay when it is lowered.
    #[schema(maximum = 1_000_000)]
    pub max_webhooks: Option<u32>,
}
