//! Whether the catalogue has the versions that a webhook pins.

use hookstep_contract::{ConfigFields, FieldError, OrgId};
use hookstep_http_edge::Problem;

use crate::Context;

/// Checks the pins that `before` has not. One whose version was deleted meanwhile does not hinder other changes.
///
/// # Errors
/// 400 that names the pin of which there is no such type or version; 500 when the table cannot be read.
pub(super) async fn check(
    ctx: &Context,
    org_id: &OrgId,
    fields: &ConfigFields,
    before: Option<&ConfigFields>,
) -> Result<(), Problem> {
    for (event_type, version) in &fields.event_type_versions {
        if before.is_some_and(|before| before.event_type_versions.get(event_type) == Some(version)) {
            continue;
        }
        let wrong = |reason| Err(FieldError::new(format!("event_type_versions.{event_type}"), reason).into());
        match ctx.event_types.latest(org_id, event_type).await? {
            None => return wrong("is no event type of the catalogue"),
            Some(found) if found.version(version).is_none() => {
                return wrong("must be a version that the event type has");
            }
            Some(_) => {}
        }
    }
    Ok(())
}
