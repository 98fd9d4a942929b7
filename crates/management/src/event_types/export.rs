//! The catalogue as an OpenAPI or AsyncAPI document.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookstep_api_types::ExportFormat;
use hookstep_catalogue::{DocumentFormat, Export, MAX_DOCUMENT_BYTES};
use hookstep_contract::{MAX_CATALOGUED_TYPES, check_group};
use hookstep_http_edge::{ApiQuery, Authorized, Problem, Read};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use crate::Context;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// The format of the document; by default `openapi`.
    #[serde(default)]
    #[param(inline, required = false)]
    format: ExportFormat,
    /// Only types of this group.
    #[param(min_length = 1, max_length = 100)]
    group: Option<String>,
}

/// `GET /event-types/export`
#[utoipa::path(
    get,
    path = "/event-types/export",
    operation_id = "export_event_types",
    tag = "Event types",
    summary = "Export the catalogue as OpenAPI or AsyncAPI",
    description = "Each type as its current version is. What is exported can be imported, which changes nothing. A document has up to 1 MiB: \
        a larger catalogue is exported group by group.",
    params(
        ExportQuery,
    ),
    responses(
        (status = 200, description = "The document.", body = Object),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 409, response = hookstep_http_edge::Conflict),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["read"])),
)]
pub(crate) async fn export(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Read>,
    ApiQuery(ExportQuery { format, group }): ApiQuery<ExportQuery>,
) -> Result<Json<Value>, Problem> {
    group.as_deref().map_or(Ok(()), check_group)?;
    let org_id = caller.org_id();
    let format = match format {
        ExportFormat::OpenApi => DocumentFormat::OpenApi,
        ExportFormat::AsyncApi => DocumentFormat::AsyncApi,
    };
    let (types, _) = ctx.event_types.list(org_id, None, MAX_CATALOGUED_TYPES).await?;
    let mut export = Export::new(format, &format!("Events of {org_id}"));
    for event_type in types {
        if group.is_some() && group != event_type.fields.group {
            continue;
        }
        let Some(current) = event_type.current() else { continue };
        let content = ctx.event_types.content(org_id, &event_type.name, &current.version).await?;
        export.add(&event_type, content.unwrap_or_default());
        if export.bytes() > MAX_DOCUMENT_BYTES {
            let limit = MAX_DOCUMENT_BYTES / 1024;
            let detail =
                format!("the document would be larger than {limit} KiB: export one group after the other");
            return Err(Problem::new(StatusCode::CONFLICT, detail));
        }
    }
    Ok(Json(export.finish()))
}
