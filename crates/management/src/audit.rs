//! `/audit` and `/platform/audit`: who changed what, when and from where.
//!
//! An entry is written before its action begins, and a second write says how that ended. So nothing is changed without an entry,
//! and an entry never says more than what is known ([ADR 60](../../../docs/adr/0060-audit-log.md)).

mod list;
mod webhook_changes;

pub use list::page;
pub(crate) use list::{__path_list, __path_list_of_platform, list, list_of_platform};
pub(crate) use webhook_changes::{created, updated};

pub use hookstep_store::AuditFilter;

use std::time::Duration;

use hookstep_contract::{
    Actor, AuditAction, AuditChange, AuditEntry, AuditId, AuditOutcome, AuditTarget, DetailType, OrgId,
    Owner, error_chain,
};
use hookstep_http_edge::Problem;
use serde::Serialize;
use tokio::time::timeout;

use crate::Context;

/// For how long a request waits for the bus. The log has the entry by then.
const MAX_TELLING: Duration = Duration::from_secs(2);

/// What somebody is about to do.
#[derive(Debug)]
pub(crate) struct Act<'a> {
    /// In whose log it is noted.
    pub(crate) owner: Owner,
    /// Who does it.
    pub(crate) actor: &'a Actor,
    /// What it is.
    pub(crate) action: AuditAction,
    /// What it is about.
    pub(crate) target: AuditTarget,
    /// What it changes, without secrets.
    pub(crate) changes: Vec<AuditChange>,
}

impl<'a> Act<'a> {
    /// Something done to what this owner has.
    pub(crate) fn of(owner: Owner, actor: &'a Actor, action: AuditAction, target: AuditTarget) -> Self {
        Self { owner, actor, action, target, changes: Vec::new() }
    }

    /// Something done in an org.
    pub(crate) fn in_org(org_id: &OrgId, actor: &'a Actor, action: AuditAction, target: AuditTarget) -> Self {
        Self::of(Owner::Org(org_id.clone()), actor, action, target)
    }

    /// Something done to an org as a whole.
    pub(crate) fn in_platform(actor: &'a Actor, action: AuditAction, target: AuditTarget) -> Self {
        Self::of(Owner::Platform, actor, action, target)
    }

    /// The same with what it changes.
    pub(crate) fn changing(self, changes: Vec<AuditChange>) -> Self {
        Self { changes, ..self }
    }
}

/// Does `work`, and notes it in the audit log.
///
/// # Errors
/// Those of the work; 500 when the log cannot be written, and then nothing was done.
pub(crate) async fn noted<T>(
    ctx: &Context,
    act: Act<'_>,
    work: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let Act { owner, actor, action, target, changes } = act;
    let entry = AuditEntry {
        audit_id: AuditId((ctx.sources.new_id)()),
        owner,
        at: ctx.sources.now(),
        actor: actor.clone(),
        action,
        outcome: AuditOutcome::Started,
        target,
        changes,
    };
    ctx.audit_log.begin(&entry).await?;
    let result = work.await;
    let outcome = match &result {
        Ok(_) => AuditOutcome::Done,
        Err(problem) if problem.status().is_client_error() => AuditOutcome::Refused,
        Err(_) => AuditOutcome::Failed,
    };
    // The entry then goes on to say that nobody knows how the action ended.
    if let Err(error) = ctx.audit_log.end(&entry, outcome).await {
        let chain = error_chain(&error);
        tracing::error!(audit.id = %entry.audit_id, error.chain = chain, "the audit log does not say how an action ended");
    }
    tell(ctx, AuditEntry { outcome, ..entry }).await;
    result
}

/// What the bus gets of an entry: what the API shows of it, and whose it is.
#[derive(Serialize)]
struct Detail {
    /// The org, without which no webhook gets it: it is left out of what concerns the platform alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    org_id: Option<OrgId>,
    #[serde(flatten)]
    entry: hookstep_api_types::AuditEntry,
}

/// Puts an entry on the bus. What cannot be put there is in the log all the same.
async fn tell(ctx: &Context, entry: AuditEntry) {
    if !ctx.publish.includes(DetailType::AuditEntry) {
        return;
    }
    let audit_id = entry.audit_id;
    let org_id = match &entry.owner {
        Owner::Org(org_id) => Some(org_id.clone()),
        Owner::Platform => None,
    };
    let detail = serde_json::to_string(&Detail { org_id, entry: entry.into() });
    let failed = match detail {
        Ok(detail) => match timeout(MAX_TELLING, ctx.bus.put(DetailType::AuditEntry, detail)).await {
            Ok(put) => put.err().map(|error| error_chain(&error)),
            Err(elapsed) => Some(error_chain(&elapsed)),
        },
        Err(error) => Some(error_chain(&error)),
    };
    if let Some(chain) = failed {
        tracing::warn!(audit.id = %audit_id, error.chain = chain, "an entry of the audit log is not on the bus");
    }
}
