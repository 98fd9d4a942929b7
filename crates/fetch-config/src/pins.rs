//! Whether the payload of an event is one of the version that its webhook pins (ADR 0065).

use hookstep_catalogue::Payload;
use hookstep_contract::{
    ConfigFields, EventMetadata, FieldError, Origin, Reason, ReasonCode, Source, StepError, Unresolved,
};

use crate::Context;

/// Why the payload is none of the pinned version; `None` if it is one, or no version is pinned. `fetched` is the body, if it
/// was fetched from another event.
///
/// # Errors
/// `StorageUnavailable` if a table does not respond.
pub(crate) async fn misfit(
    fields: &ConfigFields,
    event: &EventMetadata,
    source: Option<&Source>,
    fetched: Option<&Unresolved>,
    ctx: &Context,
) -> Result<Option<Reason>, StepError> {
    let Some((event_type, version)) = pinned(fields, event) else { return Ok(None) };
    // It fails in any case, and says why.
    if matches!((source, fetched), (Some(Source::Unusable(_)), _) | (_, Some(Unresolved::Unusable(_)))) {
        return Ok(None);
    }
    let org_id = &event.org_id;
    let bytes = match (source, fetched) {
        (_, Some(Unresolved::Inline(content))) | (Some(Source::Inline(content)), _) => content.to_bytes(),
        (Some(Source::Published(id)), _) => match ctx.bodies.published_bytes(org_id, *id).await? {
            Some(bytes) => Some(bytes.into()),
            // It is gone, and the attempt says so.
            None => return Ok(None),
        },
        (Some(Source::AcceptedBodyOf(own)), _) => match ctx.bodies.read(org_id, event.config_id, *own).await?
        {
            Some(content) => content.to_bytes(),
            None => return Ok(None),
        },
        _ => None,
    };
    let payload = match &bytes {
        _ if event.content_encoding.is_some() => {
            Payload::Unreadable("has a content coding, and was not checked")
        }
        Some(bytes) => Payload::Bytes(bytes),
        None => Payload::Unreadable("is an upload, or large, and was not checked"),
    };
    let checked = ctx.catalogue.check_version(org_id, event_type, version, payload).await?;
    Ok(checked.err().map(|unsatisfied| {
        let FieldError { field, reason } = unsatisfied.in_field("payload");
        let detail =
            format!("{field} {reason}, says version {version} of {event_type}, which the webhook pins");
        Reason::new(ReasonCode::SchemaMismatch, detail)
    }))
}

/// The type of the event and the version that is pinned, if its payload is to be one of it. A test may be wrong, and what was sent
/// once is sent as it was.
fn pinned<'a>(fields: &'a ConfigFields, event: &'a EventMetadata) -> Option<(&'a str, &'a str)> {
    let event_type = event.event_type.as_deref()?;
    let version = fields.event_type_versions.get(event_type)?;
    (event.origin != Origin::Test && !event.as_sent).then_some((event_type, version))
}
