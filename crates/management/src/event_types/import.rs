//! Takes event types over from a document of somebody else.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use hookstep_api_types::{ImportResult, ImportedType, TypeImport};
use hookstep_catalogue::{DescribedType, Description, Document, Unusable};
use hookstep_contract::{
    Actor, AuditAction, EventType, EventTypeFields, OrgId, TypeContent, check_type_name, check_version,
};
use hookstep_http_edge::{ApiJson, ApiQuery, Authorized, Manage, Problem};
use hookstep_store::TypeChange;
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use super::write::{added, check_content, check_room, new_type, touched, version, write};
use crate::Context;

/// How long types are written; a request lasts half a minute.
const WRITING: Duration = Duration::from_secs(20);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportQuery {
    /// `true` says what would be done, and does nothing.
    #[serde(default)]
    #[param(value_type = bool, required = false, default = false)]
    dry_run: bool,
}

/// `POST /event-types/import`
#[utoipa::path(
    post,
    path = "/event-types/import",
    operation_id = "import_event_types",
    tag = "Event types",
    summary = "Import event types from OpenAPI or AsyncAPI",
    description = "Takes an OpenAPI document (3.1 or 3.2) with `webhooks`, or an AsyncAPI document (2 or 3) with messages that its application \
        sends, as JSON of up to 1 MiB. A type that is not there yet is added, one that is gets a new version if its schema or \
        its sample is another one, and what the document does not say stays as it is. One type that is refused harms no other. \
        A document without any type is a 400.",
    params(
        ImportQuery,
    ),
    request_body(content = Object, example = json!({
        "openapi": "3.1.0", "info": {"title": "Shop", "version": "1"},
        "webhooks": {"order.created": {"post": {
            "description": "A customer has placed an order.", "tags": ["Orders"],
            "requestBody": {"content": {"application/json": {"schema": {"type": "object"}, "example": {"order": 1042}}}},
        }}},
    })),
    responses(
        (status = 200, description = "What became of each type.", body = TypeImport),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 413, response = hookstep_http_edge::TooLarge),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn import(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    ApiQuery(ImportQuery { dry_run }): ApiQuery<ImportQuery>,
    ApiJson(document): ApiJson<Value>,
) -> Result<Json<TypeImport>, Problem> {
    let (org_id, actor) = (caller.org_id(), caller.actor());
    let document = Document::read(&document)?;
    let described = document.types()?;
    if described.is_empty() {
        return Err(document.no_types().into());
    }
    let import = Import { ctx: &ctx, org_id, actor: &actor, is_dry: dry_run, document };
    Ok(Json(TypeImport { dry_run, types: import.all(described).await }))
}

/// Why a type is not taken over.
enum Refusal {
    /// The document cannot be understood at a place.
    Place(Unusable),
    /// The API refuses it, or fails.
    Problem(Problem),
    Other(String),
}

impl<P: Into<Problem>> From<P> for Refusal {
    fn from(problem: P) -> Self {
        Self::Problem(problem.into())
    }
}

impl Refusal {
    /// Whether it is no fault of the type, so that the next one would fail as well.
    fn is_failure(&self) -> bool {
        matches!(self, Self::Problem(problem) if problem.status().is_server_error())
    }
}

/// The answer about a type that is refused.
fn refused(name: String, at: String, refusal: Refusal) -> ImportedType {
    let (at, field, reason) = match refusal {
        Refusal::Place(Unusable { at, reason }) => (at, None, reason),
        Refusal::Problem(problem) => {
            (at, problem.wrong_field().map(str::to_owned), problem.detail().to_owned())
        }
        Refusal::Other(reason) => (at, None, reason),
    };
    ImportedType { name, at, result: ImportResult::Refused, version: None, field, reason: Some(reason) }
}

/// An import that is being made.
struct Import<'a> {
    ctx: &'a Context,
    org_id: &'a OrgId,
    actor: &'a Actor,
    is_dry: bool,
    document: Document<'a>,
}

impl Import<'_> {
    /// Takes the types over, one after the other. After a failure of our own, the rest is refused, so that the answer says what was
    /// done before.
    async fn all(&self, found: Vec<Result<DescribedType<'_>, Unusable>>) -> Vec<ImportedType> {
        let end = self.ctx.sources.now().plus(WRITING);
        let (mut types, mut known, mut has_failed) = (Vec::new(), HashSet::new(), false);
        for described in found {
            let described = match described {
                Ok(described) => described,
                Err(unusable) => {
                    types.push(refused(String::new(), String::new(), Refusal::Place(unusable)));
                    continue;
                }
            };
            let other = |reason: &str| Err(Refusal::Other(reason.to_owned()));
            let result = if !known.insert(described.name.clone()) {
                other("is in the document twice")
            } else if has_failed {
                other("was not tried after the failure of another type: import the document again")
            } else if self.ctx.sources.now() > end {
                other("there was no time left for it: import the document again")
            } else {
                self.one(&described).await
            };
            let DescribedType { name, at, .. } = described;
            types.push(match result {
                Ok((result, version)) => {
                    ImportedType { name, at, result, version: Some(version), field: None, reason: None }
                }
                Err(refusal) => {
                    has_failed |= refusal.is_failure();
                    refused(name, at, refusal)
                }
            });
        }
        types
    }

    /// Takes one type over; returns what became of it, and the version that is current.
    async fn one(&self, described: &DescribedType<'_>) -> Result<(ImportResult, String), Refusal> {
        check_type_name(&described.name)?;
        let said = self.document.describe(described).map_err(Refusal::Place)?;
        said.version.as_deref().map_or(Ok(()), check_version)?;
        match self.ctx.event_types.latest(self.org_id, &described.name).await? {
            None => self.create(&described.name, said).await,
            Some(before) => self.update(before, said).await,
        }
    }

    async fn create(&self, name: &str, said: Description) -> Result<(ImportResult, String), Refusal> {
        let Description { description, group, deprecated, on_invalid, version: first, schema, sample } = said;
        let fields = EventTypeFields {
            description: description.unwrap_or_default(),
            group,
            deprecated: deprecated.unwrap_or_default(),
            on_invalid: on_invalid.unwrap_or_default(),
        };
        let content = TypeContent { schema, sample };
        let event_type = new_type(self.ctx, name.to_owned(), fields, first, &content)?;
        self.write(AuditAction::EventTypeCreate, added(&event_type, &content)).await?;
        let first = event_type.current().map(|first| first.version.clone());
        Ok((ImportResult::Created, first.unwrap_or_default()))
    }

    async fn update(&self, before: EventType, said: Description) -> Result<(ImportResult, String), Refusal> {
        let fields = EventTypeFields {
            description: said.description.clone().unwrap_or_else(|| before.fields.description.clone()),
            group: said.group.clone().or_else(|| before.fields.group.clone()),
            deprecated: said.deprecated.unwrap_or(before.fields.deprecated),
            on_invalid: said.on_invalid.unwrap_or(before.fields.on_invalid),
        };
        fields.check()?;
        let added = self.new_version(&before, said).await?;
        let current = before.current().map(|current| current.version.clone()).unwrap_or_default();
        if added.is_none() && fields == before.fields {
            return Ok((ImportResult::Unchanged, current));
        }
        let mut after = EventType { fields, ..touched(self.ctx, before.clone()) };
        after.versions.extend(added.iter().map(|(name, content)| version(self.ctx, name.clone(), content)));
        let change = TypeChange {
            before: Some(&before),
            after: Some(&after),
            added: added.as_ref().map(|(name, content)| (name.as_str(), content)),
            removed: None,
        };
        let action = match added {
            Some(_) => AuditAction::EventTypeAddVersion,
            None => AuditAction::EventTypeUpdate,
        };
        self.write(action, change).await?;
        Ok((ImportResult::Updated, added.map_or(current, |(name, _)| name)))
    }

    /// The version that a type gets; none if what is said of its payloads is what it has.
    async fn new_version(
        &self,
        before: &EventType,
        said: Description,
    ) -> Result<Option<(String, TypeContent)>, Refusal> {
        let Description { version, schema, sample, .. } = said;
        let known = version.as_deref().and_then(|name| before.version(name));
        let Some(compared) = known.or_else(|| before.current()) else { return Ok(None) };
        let content = self.ctx.event_types.content(self.org_id, &before.name, &compared.version).await?;
        let content = content.unwrap_or_default();
        let is_same_schema = schema.is_none() || schema == content.schema;
        if is_same_schema && (sample.is_none() || sample == content.sample) {
            return Ok(None);
        }
        if let Some(known) = known {
            let reason = format!(
                "has a version {} already that is another one, and versions do not change",
                known.version
            );
            return Err(Refusal::Other(reason));
        }
        let content = TypeContent {
            schema: schema.or(content.schema),
            sample: sample.or(content.sample.filter(|_| is_same_schema)),
        };
        check_content(&content)?;
        let name = version.unwrap_or_else(|| before.next_version());
        check_room(before, &name)?;
        Ok(Some((name, content)))
    }

    async fn write(&self, action: AuditAction, change: TypeChange<'_>) -> Result<(), Refusal> {
        if self.is_dry {
            return Ok(());
        }
        Ok(write(self.ctx, self.org_id, self.actor, action, change).await?)
    }
}
