//! Checks the payload of an event against the version of its type that counts.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hookstep_contract::{EventType, OnInvalid, OrgId, SchemaMismatch, check_type_name};
use hookstep_store::{EventTypes, StoreError};

use crate::{Schema, Unsatisfied, schema_hash};

/// The memory of the compiled schemas that are kept, in bytes, as [`Schema`] estimates it: the functions have 128 MB.
const MAX_COMPILED_BYTES: usize = 24 * 1024 * 1024;

/// Whether an event may be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may: its payload satisfies the schema, or is not checked.
    Fine,
    /// It may, and is marked.
    Marked(SchemaMismatch),
    /// It may not.
    Rejected(SchemaMismatch),
}

/// What there is to check.
#[derive(Clone, Copy, Debug)]
pub enum Payload<'a> {
    /// The payload.
    Bytes(&'a [u8]),
    /// The payload cannot be read here, for this reason: it counts as one that does not satisfy any schema.
    Unreadable(&'static str),
}

/// Compiled schemas by their hashes.
type Compiled = HashMap<String, Arc<Schema>>;

/// The catalogues of all orgs.
#[derive(Clone)]
pub struct Catalogue {
    types: EventTypes,
    compiled: Arc<Mutex<Compiled>>,
}

impl fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalogue").field("types", &self.types).finish_non_exhaustive()
    }
}

impl Catalogue {
    /// The catalogues in this table.
    pub fn new(types: EventTypes) -> Self {
        Self { types, compiled: Arc::default() }
    }

    /// Checks a payload against the current version of its type.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn check(
        &self,
        org_id: &OrgId,
        event_type: &str,
        payload: Payload<'_>,
    ) -> Result<Verdict, StoreError> {
        // No catalogue has such a name.
        if check_type_name(event_type).is_err() {
            return Ok(Verdict::Fine);
        }
        let Some(known) = self.types.find(org_id, event_type).await? else { return Ok(Verdict::Fine) };
        if let Some(verdict) = self.check_as(org_id, &known, payload).await? {
            return Ok(verdict);
        }
        // Its current version was deleted a moment ago.
        let Some(latest) = self.types.latest(org_id, event_type).await? else { return Ok(Verdict::Fine) };
        let verdict = self.check_as(org_id, &latest, payload).await?;
        let gone = || Unsatisfied::whole("cannot be checked now: the event type is being changed");
        Ok(verdict.unwrap_or_else(|| judged(&latest, gone())))
    }

    /// Checks a payload against a version that somebody has pinned.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn check_version(
        &self,
        org_id: &OrgId,
        event_type: &str,
        version: &str,
        payload: Payload<'_>,
    ) -> Result<Result<(), Unsatisfied>, StoreError> {
        let gone = || Unsatisfied::whole("cannot be checked: the catalogue has no such version any more");
        let known = self.types.find(org_id, event_type).await?;
        let found = known.as_ref().and_then(|known| known.version(version)).cloned();
        let found = match found {
            // It may have been added a moment ago.
            None => {
                let latest = self.types.latest(org_id, event_type).await?;
                latest.and_then(|latest| latest.version(version).cloned())
            }
            found => found,
        };
        let Some(found) = found else { return Ok(Err(gone())) };
        let Some(hash) = found.schema_hash else { return Ok(Ok(())) };
        let bytes = match payload {
            Payload::Unreadable(reason) => return Ok(Err(Unsatisfied::whole(reason))),
            Payload::Bytes(bytes) => bytes,
        };
        Ok(match self.schema(org_id, event_type, version, &hash).await? {
            Some(schema) => schema.and_then(|schema| schema.check(bytes)),
            None => Err(gone()),
        })
    }

    /// Checks a payload against a type as it was read; `None` if its current version is no longer there.
    async fn check_as(
        &self,
        org_id: &OrgId,
        event_type: &EventType,
        payload: Payload<'_>,
    ) -> Result<Option<Verdict>, StoreError> {
        let current = event_type.current().filter(|_| event_type.is_checked());
        let Some((version, hash)) =
            current.and_then(|version| Some((version, version.schema_hash.as_ref()?)))
        else {
            return Ok(Some(Verdict::Fine));
        };
        let bytes = match payload {
            Payload::Unreadable(reason) => return Ok(Some(judged(event_type, Unsatisfied::whole(reason)))),
            Payload::Bytes(bytes) => bytes,
        };
        let Some(schema) = self.schema(org_id, &event_type.name, &version.version, hash).await? else {
            return Ok(None);
        };
        let checked = schema.and_then(|schema| schema.check(bytes));
        Ok(Some(checked.map_or_else(|unsatisfied| judged(event_type, unsatisfied), |()| Verdict::Fine)))
    }

    /// The compiled schema of a version, or why it cannot be used any more; `None` if the version was deleted a moment ago.
    async fn schema(
        &self,
        org_id: &OrgId,
        event_type: &str,
        version: &str,
        hash: &str,
    ) -> Result<Option<Result<Arc<Schema>, Unsatisfied>>, StoreError> {
        if let Some(known) = self.lock().get(hash) {
            return Ok(Some(Ok(Arc::clone(known))));
        }
        let content = self.types.content(org_id, event_type, version).await?;
        let Some(schema) = content.and_then(|content| content.schema) else { return Ok(None) };
        let compiled = match Schema::compile(&schema) {
            Ok(compiled) => Arc::new(compiled),
            // Only if it was saved when more was allowed.
            Err(fault) => {
                tracing::error!(org.id = %org_id, event.type = event_type, version, ?fault, "a schema cannot be used any more");
                let reason = "cannot be checked: the schema of its event type cannot be used any more";
                return Ok(Some(Err(Unsatisfied::whole(reason))));
            }
        };
        // The type may have been deleted and made anew since it was read. What is kept serves all orgs.
        if schema_hash(&schema) == hash {
            self.keep(hash, &compiled);
        }
        Ok(Some(Ok(compiled)))
    }

    fn keep(&self, hash: &str, compiled: &Arc<Schema>) {
        let mut kept = self.lock();
        let bytes: usize = kept.values().map(|known| known.bytes).sum();
        if bytes + compiled.bytes > MAX_COMPILED_BYTES {
            kept.clear();
        }
        kept.insert(hash.to_owned(), Arc::clone(compiled));
    }

    fn lock(&self) -> MutexGuard<'_, Compiled> {
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What becomes of an event whose payload does not satisfy the schema.
fn judged(event_type: &EventType, unsatisfied: Unsatisfied) -> Verdict {
    let version = event_type.current().map(|version| version.version.clone()).unwrap_or_default();
    let Unsatisfied { path, reason } = unsatisfied;
    let mismatch = SchemaMismatch { version, path, reason };
    match event_type.fields.on_invalid {
        OnInvalid::Reject => Verdict::Rejected(mismatch),
        OnInvalid::Mark => Verdict::Marked(mismatch),
        OnInvalid::Ignore => Verdict::Fine,
    }
}
