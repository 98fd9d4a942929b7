//! Checks the payload of an event against the version of its type that counts.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use hookstep_contract::{EventType, OnInvalid, OrgId, SchemaMismatch};
use hookstep_store::{EventTypes, StoreError};

use crate::{Schema, Unsatisfied};

/// How many compiled schemas are kept: the largest, with the most patterns, take 15 MB each, and usual ones 20 KB.
const MAX_COMPILED: usize = 64;

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

    /// Checks a payload against `version` of its type, or the current version if there is no such.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn check(
        &self,
        org_id: &OrgId,
        event_type: &str,
        version: Option<&str>,
        payload: Payload<'_>,
    ) -> Result<Verdict, StoreError> {
        let found = self.types.find(org_id, event_type).await?;
        let Some(event_type) = found.filter(|event_type| event_type.is_checked()) else {
            return Ok(Verdict::Fine);
        };
        let pinned = version.and_then(|version| event_type.version(version));
        let Some(version) = pinned.or_else(|| event_type.current()) else { return Ok(Verdict::Fine) };
        let Some(hash) = &version.schema_hash else { return Ok(Verdict::Fine) };
        let unsatisfied = match payload {
            Payload::Unreadable(reason) => Unsatisfied { path: String::new(), reason: reason.to_owned() },
            Payload::Bytes(bytes) => {
                let schema = self.schema(org_id, &event_type, &version.version, hash).await?;
                match schema.as_deref().map(|schema| schema.check(bytes)) {
                    Some(Err(unsatisfied)) => unsatisfied,
                    Some(Ok(())) | None => return Ok(Verdict::Fine),
                }
            }
        };
        let Unsatisfied { path, reason } = unsatisfied;
        let mismatch = SchemaMismatch { version: version.version.clone(), path, reason };
        Ok(match event_type.fields.on_invalid {
            OnInvalid::Reject => Verdict::Rejected(mismatch),
            OnInvalid::Mark => Verdict::Marked(mismatch),
            OnInvalid::Ignore => Verdict::Fine,
        })
    }

    /// The compiled schema of a version; `None` if it was deleted a moment ago.
    async fn schema(
        &self,
        org_id: &OrgId,
        event_type: &EventType,
        version: &str,
        hash: &str,
    ) -> Result<Option<Arc<Schema>>, StoreError> {
        let lock = || self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(hash) {
            return Ok(Some(Arc::clone(known)));
        }
        let content = self.types.content(org_id, &event_type.name, version).await?;
        let Some(schema) = content.and_then(|content| content.schema) else { return Ok(None) };
        let compiled = Schema::compile(&schema).map_err(|fault| {
            StoreError::during("compile a schema")(format!("{}: {}", fault.pointer, fault.reason))
        })?;
        let compiled = Arc::new(compiled);
        let mut kept = lock();
        if kept.len() >= MAX_COMPILED {
            kept.clear();
        }
        kept.insert(hash.to_owned(), Arc::clone(&compiled));
        Ok(Some(compiled))
    }
}
