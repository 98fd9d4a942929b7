//! Creates, lists and reads orgs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use futures_util::{StreamExt, TryStreamExt, stream};
use hookstep_api_types::{NewOrg, Org, Page, schema};
use hookstep_contract::{
    AuditAction, AuditChange, AuditTarget, FieldError, OrgFields, OrgId, OrgStatus, check_new_org_id,
};
use hookstep_http_edge::{ApiJson, ApiQuery, OrgPath, PlatformCaller, Problem, no_org};
use hookstep_store::OrgFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::erase::with_progress;
use crate::Context;
use crate::audit::{Act, noted};
use crate::paging;
use crate::stats::last_day_of_org;
use crate::webhooks::allowance::check_schedules;

/// The most orgs of a page whose deliveries are counted, and how many are counted at once.
const MAX_COUNTED: usize = 20;
const MAX_CONCURRENT_COUNTS: usize = 4;

/// The longest text to search for, in characters.
const MAX_SEARCH_CHARS: usize = 100;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// A part of the id or of the name, in upper or lower case.
    #[param(value_type = String, required = false, min_length = 1, max_length = 100)]
    search: Option<String>,
    /// Their status.
    #[param(value_type = schema::OrgStatus, required = false)]
    status: Option<String>,
    /// The most entries of the page; up to 20 with `include`, and 20 by default then.
    #[param(value_type = u32, required = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// The `next_cursor` of the previous page; leave it out for the first page.
    #[param(value_type = String, required = false)]
    cursor: Option<String>,
    /// `stats`: also how the deliveries of the last 24 hours went.
    #[param(value_type = String, required = false, pattern = "^stats$")]
    include: Option<String>,
}

impl ListQuery {
    fn limit(&self) -> Result<usize, FieldError> {
        match (self.include.as_deref(), &self.limit) {
            (None, limit) => paging::parse_limit(limit.as_deref()),
            (Some("stats"), None) => Ok(MAX_COUNTED),
            (Some("stats"), Some(limit)) => match paging::parse_limit(Some(limit))? {
                limit if limit <= MAX_COUNTED => Ok(limit),
                _ => Err(FieldError::new("limit", format!("must be 1 to {MAX_COUNTED} with include"))),
            },
            (Some(_), _) => Err(FieldError::new("include", "must be stats")),
        }
    }

    fn filter(&self) -> Result<OrgFilter, FieldError> {
        let search = self.search.clone();
        if search.as_ref().is_some_and(|text| !(1..=MAX_SEARCH_CHARS).contains(&text.chars().count())) {
            return Err(FieldError::new("search", format!("must be 1 to {MAX_SEARCH_CHARS} characters")));
        }
        let all = [OrgStatus::Active, OrgStatus::Suspended, OrgStatus::Deleting];
        let status = match self.status.as_deref() {
            None => None,
            Some(name) => Some(
                all.into_iter()
                    .find(|status| status.as_str() == name)
                    .ok_or_else(|| FieldError::new("status", "must be active, suspended or deleting"))?,
            ),
        };
        Ok(OrgFilter { search, status })
    }
}

/// `POST /orgs`
#[utoipa::path(
    post,
    path = "/orgs",
    operation_id = "create_org",
    tag = "Orgs",
    summary = "Create an org",
    description = "An org that is known by its tokens alone is taken over with what it has.",
    request_body(content = NewOrg, example = json!({"name": "Acme Ltd.", "metadata": {"plan": "free"}})),
    responses(
        (status = 201, description = "The org.", body = Org),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 409, response = hookstep_http_edge::Conflict),
        (status = 413, response = hookstep_http_edge::TooLarge),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["platform"])),
)]
pub(crate) async fn create(
    State(ctx): State<Arc<Context>>,
    caller: PlatformCaller,
    ApiJson(new): ApiJson<NewOrg>,
) -> Result<impl IntoResponse, Problem> {
    let NewOrg { org_id, name, metadata, limits, retention_days, body_retention_hours, redact_paths } = new;
    let status = OrgStatus::Active;
    let fields =
        OrgFields { name, metadata, limits, retention_days, body_retention_hours, redact_paths, status };
    fields.check(ctx.events.retention())?;
    let org_id = match org_id {
        Some(org_id) => {
            check_new_org_id(&org_id)?;
            org_id
        }
        None => made_id(&ctx)?,
    };
    // An org that was known by its tokens may have webhooks.
    check_schedules(&ctx, &org_id, fields.retention_days).await?;
    let now = ctx.sources.now();
    let org = hookstep_contract::Org {
        org_id,
        created_at: now,
        updated_at: now,
        revision: 1,
        body_retention_since: hookstep_contract::Org::listed_since(None, &fields, now),
        fields,
    };
    let act = Act::in_platform(caller.actor(), AuditAction::OrgCreate, target(&org));
    noted(&ctx, act.changing(org_changes(None, &org.fields)?), async {
        match ctx.orgs.create(&org).await? {
            true => Ok((StatusCode::CREATED, Json(Org::from(org)))),
            false => Err(Problem::new(StatusCode::CONFLICT, "there is an org with this org_id")),
        }
    })
    .await
}

/// A new id: a UUID without hyphens is as long as the id of an org may be.
fn made_id(ctx: &Context) -> Result<OrgId, Problem> {
    let id = (ctx.sources.new_id)().simple().to_string();
    id.parse().map_err(|error| Problem::internal(&error))
}

/// `GET /orgs`
#[utoipa::path(
    get,
    path = "/orgs",
    operation_id = "list_orgs",
    tag = "Orgs",
    summary = "List orgs",
    description = "In the order of their ids. Orgs that are known by their tokens alone are not among them. With \
        `include=stats`, each has the numbers of its deliveries in the last 24 hours.",
    params(
        ListQuery,
    ),
    responses(
        (status = 200, description = "A page of orgs.", body = Page<Org>),
        (status = 400, response = hookstep_http_edge::Invalid),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["platform"])),
)]
pub(crate) async fn list(
    State(ctx): State<Arc<Context>>,
    _: PlatformCaller,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<Json<Page<Org>>, Problem> {
    let filter = query.filter()?;
    let limit = query.limit()?;
    let after: Option<OrgId> = paging::decode_cursor(query.cursor.as_deref())?;
    let (orgs, next) = ctx.orgs.list(&filter, after.as_ref(), limit).await?;
    let data = match query.include {
        Some(_) => with_stats(&ctx, orgs).await?,
        None => orgs.into_iter().map(Org::from).collect(),
    };
    Ok(Json(Page { data, next_cursor: next.map(paging::encode_cursor) }))
}

/// These orgs with the numbers of the last 24 hours.
async fn with_stats(ctx: &Context, orgs: Vec<hookstep_contract::Org>) -> Result<Vec<Org>, Problem> {
    let counted = orgs.into_iter().map(|org| async move {
        let stats = match last_day_of_org(ctx, &org.org_id).await {
            Ok(stats) => Some(stats.totals),
            Err(problem) if problem.status() == StatusCode::BAD_REQUEST => None,
            Err(problem) => return Err(problem),
        };
        Ok(Org { stats, ..Org::from(org) })
    });
    // Collected first, for the compiler cannot prove the lifetimes of a lazy iterator.
    let counted: Vec<_> = counted.collect();
    stream::iter(counted).buffered(MAX_CONCURRENT_COUNTS).try_collect().await
}

/// `GET /orgs/{org_id}`
#[utoipa::path(
    get,
    path = "/orgs/{org_id}",
    operation_id = "read_org",
    tag = "Orgs",
    summary = "Read an org",
    params(
        ("org_id" = schema::OrgId, Path, description = "The org."),
    ),
    responses(
        (status = 200, description = "The org.", body = Org),
        (status = 404, response = hookstep_http_edge::NotFound),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["platform"])),
)]
pub(crate) async fn read(
    State(ctx): State<Arc<Context>>,
    _: PlatformCaller,
    OrgPath(org_id): OrgPath,
) -> Result<Json<Org>, Problem> {
    let org = ctx.orgs.latest(&org_id).await?.ok_or_else(no_org)?;
    Ok(Json(with_progress(&ctx, org).await?))
}

/// What the audit log says an action on an org is about.
pub(super) fn target(org: &hookstep_contract::Org) -> AuditTarget {
    AuditTarget::named(&org.org_id, &org.fields.name)
}

/// The settings of an org that are other than they were.
pub(super) fn org_changes(
    before: Option<&OrgFields>,
    after: &OrgFields,
) -> Result<Vec<AuditChange>, Problem> {
    let json = |fields| serde_json::to_value(fields).map_err(|error| Problem::internal(&error));
    let before = before.map(json).transpose()?.unwrap_or_default();
    Ok(AuditChange::between(&before, &json(after)?))
}
