//! The samples of event types, for tests and trials.

use hookstep_contract::{ConfigFields, FieldError, OrgId, check_type_name};
use hookstep_http_edge::Problem;

use crate::Context;

/// The sample of the current version of an event type, as JSON.
///
/// # Errors
/// 400 that names `event_type` if the catalogue has no such type, or it has no sample; 500 when the table cannot be read.
pub async fn sample(ctx: &Context, org_id: &OrgId, event_type: &str) -> Result<String, Problem> {
    if let Some(sample) = find(ctx, org_id, event_type).await? {
        return Ok(sample);
    }
    let reason = "is no type of the catalogue whose current version has a sample: give a body";
    Err(FieldError::new("event_type", reason).into())
}

/// The first event type that a webhook subscribes to by its name, with its sample; `None` if there is no such type or no sample.
///
/// # Errors
/// 500 when the table cannot be read.
pub async fn sample_for(
    ctx: &Context,
    org_id: &OrgId,
    fields: &ConfigFields,
) -> Result<Option<(String, String)>, Problem> {
    let Some(first) = fields.event_types.iter().find(|pattern| !pattern.ends_with('*')) else {
        return Ok(None);
    };
    Ok(find(ctx, org_id, first).await?.map(|sample| (first.clone(), sample)))
}

async fn find(ctx: &Context, org_id: &OrgId, event_type: &str) -> Result<Option<String>, Problem> {
    // No catalogue has such a name.
    if check_type_name(event_type).is_err() {
        return Ok(None);
    }
    let Some(found) = ctx.event_types.latest(org_id, event_type).await? else { return Ok(None) };
    let Some(current) = found.current() else { return Ok(None) };
    let content = ctx.event_types.content(org_id, event_type, &current.version).await?;
    Ok(content.and_then(|content| content.sample).map(|sample| sample.to_string()))
}
