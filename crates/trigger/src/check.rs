//! Whether the payload of an event satisfies the schema of its type.

use hookstep_catalogue::{Payload, Unsatisfied, Verdict};
use hookstep_contract::{FieldError, OrgId, SchemaMismatch};
use hookstep_http_edge::Problem;

use crate::Context;

/// Checks a payload that is in this field of the request. Returns what it is marked with, if its type says so.
///
/// # Errors
/// 400 that names the part of the payload, if its type refuses it; 500 if the table cannot be read.
pub(crate) async fn check_payload(
    ctx: &Context,
    org_id: &OrgId,
    event_type: &str,
    payload: Payload<'_>,
    field: &str,
) -> Result<Option<SchemaMismatch>, Problem> {
    match ctx.catalogue.check(org_id, event_type, payload).await? {
        Verdict::Fine => Ok(None),
        Verdict::Marked(mismatch) => Ok(Some(mismatch)),
        Verdict::Rejected(SchemaMismatch { version, path, reason }) => {
            let FieldError { field, reason } = Unsatisfied { path, reason }.in_field(field);
            let reason = format!("{reason} (event type {event_type}, version {version})");
            Err(FieldError::new(field, reason).into())
        }
    }
}
