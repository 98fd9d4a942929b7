//! What belongs together in a data directory.
//!
//! A data directory has an id. The storage and the folder of claim checks carry it, the storage with the version of its format
//! and with a value that only the directory's own key can open. A host starts only on files that belong together: with another
//! key no delivery could succeed, and with other claim checks the wrong bodies would be sent.

mod claims;
mod convert;
mod examine;
mod items;
mod label;
mod unfit;

use std::io;
use std::path::{Path, PathBuf};

use hookstep_ambient::Sources;
use hookstep_aws_local::{Bucket, LocalKey, aws_credentials};
use uuid::Uuid;

use crate::OpenError;
use crate::storage::STORAGE_FILE;
pub(crate) use claims::ID_FILE;
pub(crate) use convert::convert;
use label::Label;
pub use unfit::{Fault, UnfitDirectory};

/// The version of the files' format that this program writes. It reads format 2 as well, in which executions that have just been
/// started are not in a table of their own, and converts format 1.
const FORMAT: i64 = 3;

/// The file that exists while the labels are written, with the id that they get. A start that was cut off there goes on.
const MARK: &str = "directory.new";

/// A directory on which a host may start.
#[derive(Debug)]
pub(crate) struct Directory {
    dir: PathBuf,
    id: Uuid,
    state: State,
}

/// How far a directory is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Every file carries the directory's id.
    Known,
    /// The same, and the format is an earlier one, whose programs would not find everything that this one writes.
    Outdated,
    /// Nothing is there yet, or the first start was cut off.
    New,
}

impl Directory {
    /// Looks at what is there, before anything opens or creates a file.
    ///
    /// # Errors
    /// If something is missing, damaged, foreign or too new.
    pub(crate) fn examine(dir: &Path, sources: &Sources) -> Result<Self, OpenError> {
        let (id, state) = examine::examine(dir, (sources.new_id)())?;
        let directory = Self { dir: dir.to_owned(), id, state };
        match state {
            State::New => directory.mark()?,
            State::Known | State::Outdated => directory.warn_of_new_keys(),
        }
        Ok(directory)
    }

    /// Writes the labels that are missing or outdated, once everything has been opened.
    ///
    /// # Errors
    /// If the key cannot encrypt, or a file cannot be written.
    pub(crate) fn complete(&self, key: &LocalKey) -> Result<(), OpenError> {
        let writing = "write the id of the data directory";
        match self.state {
            State::Known => return Ok(()),
            State::Outdated => {
                return label::update(&self.dir.join(STORAGE_FILE)).map_err(OpenError::during(writing));
            }
            State::New => {}
        }
        let key_check = key.check_value(&self.id.to_string());
        let key_check =
            key_check.ok_or("the key cannot encrypt").map_err(OpenError::during("use the local key"))?;
        let label = Label { id: self.id, format: FORMAT, key_check };
        label::write(&self.dir.join(STORAGE_FILE), &label).map_err(OpenError::during(writing))?;
        claims::write(&self.dir, self.id).map_err(OpenError::during(writing))?;
        std::fs::remove_file(self.dir.join(MARK)).map_err(OpenError::during(writing))
    }

    /// Creates every file of a new directory and completes it, for commands that run before the first start.
    ///
    /// # Errors
    /// If a file cannot be created.
    pub(crate) fn complete_without_host(&self, sources: &Sources) -> Result<(), OpenError> {
        Bucket::open(&self.dir, sources)?;
        aws_credentials(&self.dir, sources)?;
        self.complete(&LocalKey::open(&self.dir)?)
    }

    /// Moves what is in the write-ahead log into the storage's file, so that it is one file again and can be copied alone. A log
    /// that another process still reads stays where it is.
    pub(crate) fn settle(&self) {
        if let Err(error) = label::settle(&self.dir.join(STORAGE_FILE)) {
            tracing::warn!(%error, "the write-ahead log stays beside the storage");
        }
    }

    fn mark(&self) -> Result<(), OpenError> {
        mark(&self.dir, self.id).map_err(OpenError::during("write to the data directory"))
    }

    /// Two keys can be replaced without losing anything that was accepted, but their users have to know.
    fn warn_of_new_keys(&self) {
        for (file, consequence) in [
            ("upload-key", "URLs for uploads that were given out before are no longer valid"),
            (
                "aws-secret-access-key",
                "producers on /aws need the new one: hookstep aws-credentials prints it",
            ),
        ] {
            if std::fs::metadata(self.dir.join(file)).map_or(0, |data| data.len()) == 0 {
                tracing::warn!(
                    file,
                    "a key is missing in the data directory and is made anew: {consequence}"
                );
            }
        }
    }
}

/// Notes that the labels with this id are about to be written.
fn mark(dir: &Path, id: Uuid) -> io::Result<()> {
    let new = dir.join(format!("{MARK}.part"));
    std::fs::write(&new, id.to_string())?;
    std::fs::File::open(&new)?.sync_all()?;
    std::fs::rename(new, dir.join(MARK))
}

/// Makes renamed and removed files of a directory durable.
fn sync(dir: &Path) -> io::Result<()> {
    if cfg!(unix) { std::fs::File::open(dir)?.sync_all() } else { Ok(()) }
}
