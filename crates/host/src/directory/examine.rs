//! Decides whether the files of a directory belong together.

use std::path::Path;

use hookstep_aws_local::{FoundKey, KEY_FILE, LocalKey, OBJECTS};
use uuid::Uuid;

use super::claims;
use super::convert::{JOURNAL_FILE, TABLES_FILE};
use super::label::{self, Found, Label};
use super::unfit::{Fault, UnfitDirectory};
use super::{FORMAT, MARK, State};
use crate::OpenError;
use crate::storage::STORAGE_FILE;

/// Everything that has to belong together.
struct Parts {
    databases: Vec<(&'static str, Found)>,
    claims: claims::Found,
    key: FoundKey,
}

/// What a directory of format 1 is, whose files belong together.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Former {
    /// The databases carry this id and this value that the key opens.
    Labelled { id: Uuid, key_check: String },
    /// The databases carry no id, for they are of an earlier version.
    Unlabelled,
    /// The first start was cut off.
    Begun,
}

/// The id of the directory, which is `new_id` unless it has one, and how far it is known.
pub(super) fn examine(dir: &Path, new_id: Uuid) -> Result<(Uuid, State), OpenError> {
    let parts = Parts::find(dir, &[STORAGE_FILE])?;
    let faults = match begun(dir)? {
        Some(id) => match parts.faults_of_begun(id) {
            faults if faults.is_empty() => return Ok((id, State::New)),
            faults => faults,
        },
        None if parts.is_nothing() => return Ok((new_id, State::New)),
        None => match parts.id() {
            Some(id) => match parts.faults(id) {
                faults if faults.is_empty() => {
                    let is_outdated = parts.labels().any(|label| label.format < FORMAT);
                    return Ok((id, if is_outdated { State::Outdated } else { State::Known }));
                }
                faults => faults,
            },
            None => parts.faults(new_id),
        },
    };
    Err(UnfitDirectory::new(dir, faults).into())
}

/// Looks at the two databases of a directory of format 1, and at what belongs to them.
pub(super) fn examine_former(dir: &Path) -> Result<Former, OpenError> {
    let parts = Parts::find(dir, &[TABLES_FILE, JOURNAL_FILE])?;
    let (faults, former) = match (begun(dir)?, parts.id()) {
        (Some(id), _) => (parts.faults_of_begun(id), Former::Begun),
        (None, None) => (parts.absent(), Former::Unlabelled),
        (None, Some(id)) => {
            let own = parts.labels().find(|label| label.id == id);
            let key_check = own.map(|label| label.key_check.clone()).unwrap_or_default();
            (parts.faults(id), Former::Labelled { id, key_check })
        }
    };
    if faults.is_empty() { Ok(former) } else { Err(UnfitDirectory::new(dir, faults).into()) }
}

/// The id that a start which was cut off had begun to write.
fn begun(dir: &Path) -> Result<Option<Uuid>, OpenError> {
    match std::fs::read_to_string(dir.join(MARK)) {
        Ok(text) => Ok(Uuid::parse_str(text.trim()).ok()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(OpenError::during("look at the data directory")(error)),
    }
}

impl Parts {
    fn find(dir: &Path, databases: &[&'static str]) -> Result<Self, OpenError> {
        let look = |file: &&'static str| label::read(&dir.join(file), file).map(|found| (*file, found));
        Ok(Self {
            databases: databases.iter().map(look).collect::<Result<_, _>>()?,
            claims: claims::read(dir)?,
            key: LocalKey::find(dir)?,
        })
    }

    fn is_nothing(&self) -> bool {
        self.databases.iter().all(|(_, found)| *found == Found::Missing)
            && self.claims == claims::Found::Missing
            && matches!(self.key, FoundKey::Missing)
    }

    fn labels(&self) -> impl Iterator<Item = &Label> {
        self.databases.iter().filter_map(|(_, found)| match found {
            Found::Labelled(label) => Some(label),
            _ => None,
        })
    }

    /// The id of the directory: the one that most parts have. The key speaks for the databases that it opens.
    fn id(&self) -> Option<Uuid> {
        let mut votes: Vec<(Uuid, usize)> = Vec::new();
        let mut vote = |id: Uuid| match votes.iter_mut().find(|(known, _)| *known == id) {
            Some((_, count)) => *count += 1,
            None => votes.push((id, 1)),
        };
        for label in self.labels() {
            vote(label.id);
            if self.key_opens(label) {
                vote(label.id);
            }
        }
        if let claims::Found::Labelled(id) = self.claims {
            vote(id);
        }
        // Of several with as many votes, the first: the tables' own.
        votes.into_iter().rev().max_by_key(|(_, count)| *count).map(|(id, _)| id)
    }

    fn key_opens(&self, label: &Label) -> bool {
        matches!(&self.key, FoundKey::Key(key) if key.is_checked_by(&label.id.to_string(), &label.key_check))
    }

    /// What is wrong with a directory that has this id.
    fn faults(&self, id: Uuid) -> Vec<Fault> {
        let mut faults = self.absent();
        for (file, found) in &self.databases {
            match found {
                Found::Unlabelled => faults.push(Fault::Unlabelled(file)),
                Found::Labelled(label) if label.format > FORMAT => {
                    faults.push(Fault::Newer { file, format: label.format });
                }
                Found::Labelled(label) if label.id != id => faults.push(Fault::Foreign(file)),
                _ => {}
            }
        }
        match self.claims {
            claims::Found::Unlabelled => faults.push(Fault::Unlabelled(OBJECTS)),
            claims::Found::Labelled(found) if found != id => faults.push(Fault::Foreign(OBJECTS)),
            _ => {}
        }
        let mut own = self.labels().filter(|label| label.id == id && label.format <= FORMAT).peekable();
        let is_key = matches!(self.key, FoundKey::Key(_));
        if is_key && own.peek().is_some() && !own.all(|label| self.key_opens(label)) {
            faults.push(Fault::KeyOfAnother);
        }
        faults
    }

    /// What is missing or unreadable while something else is there.
    fn absent(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (file, found) in &self.databases {
            match found {
                Found::Missing => faults.push(Fault::Missing(file)),
                Found::Empty => faults.push(Fault::Empty(file)),
                Found::Other => faults.push(Fault::Other(file)),
                Found::Damaged => faults.push(Fault::Damaged(file)),
                Found::Unlabelled | Found::Labelled(_) => {}
            }
        }
        match self.key {
            FoundKey::Missing => faults.push(Fault::Missing(KEY_FILE)),
            FoundKey::Empty => faults.push(Fault::Empty(KEY_FILE)),
            FoundKey::Damaged => faults.push(Fault::Damaged(KEY_FILE)),
            FoundKey::Key(_) => {}
        }
        if self.claims == claims::Found::Missing {
            faults.push(Fault::Missing(OBJECTS));
        }
        faults
    }

    /// What is wrong with a directory whose first start was cut off: anything may be missing, but nothing may be foreign.
    fn faults_of_begun(&self, id: Uuid) -> Vec<Fault> {
        let is_missing =
            |fault: &Fault| matches!(fault, Fault::Missing(_) | Fault::Empty(_) | Fault::Unlabelled(_));
        self.faults(id).into_iter().filter(|fault| !is_missing(fault)).collect()
    }
}
