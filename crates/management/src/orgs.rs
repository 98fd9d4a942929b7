//! `/orgs` and `/orgs/{org_id}`: the orgs of a platform.

pub(crate) mod crud;
pub(crate) mod erase;
pub(crate) mod patch;
