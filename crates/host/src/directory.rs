//! What belongs together in a data directory.
//!
//! A data directory has an id. Both databases and the folder of claim checks carry it, with the version of their format, and
//! the databases also carry a value that only the directory's own key can open. A host starts only on files that belong
//! together: an event whose execution is in another journal would stay in progress for ever, and with another key no delivery
//! could succeed.

mod claims;
mod examine;
mod label;
mod unfit;

use std::io;
use std::path::{Path, PathBuf};

use hookstep_ambient::Sources;
use hookstep_aws_local::{Bucket, LocalKey, Tables, aws_credentials};
use hookstep_engine::JOURNAL_FILE;
use uuid::Uuid;

use crate::{OpenError, TABLES_FILE};
pub(crate) use claims::ID_FILE;
use label::Label;
pub use unfit::{Fault, UnfitDirectory};

/// The version of the files' format that this program reads and writes.
const FORMAT: i64 = 1;

/// The databases that carry a label.
const DATABASES: [&str; 2] = [TABLES_FILE, JOURNAL_FILE];

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
    /// Nothing is there yet, or the first start was cut off.
    New,
    /// The files are complete, and were written by a version that knew no ids.
    Unlabelled,
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
            State::Known => directory.warn_of_new_keys(),
            State::Unlabelled => {}
        }
        Ok(directory)
    }

    /// Writes the labels that are missing, once everything has been opened.
    ///
    /// # Errors
    /// If the key is not the one with which the tables were written, or a file cannot be written.
    pub(crate) async fn complete(&self, tables: &Tables, key: &LocalKey) -> Result<(), OpenError> {
        match self.state {
            State::Known => return Ok(()),
            State::New => {}
            State::Unlabelled => {
                if !key.opens_keys_of(tables).await? {
                    return Err(UnfitDirectory::new(&self.dir, vec![Fault::KeyOfAnother]).into());
                }
                self.mark()?;
                tracing::info!(directory.id = %self.id, "the data directory of an earlier version gets an id");
            }
        }
        let key_check = key.check_value(&self.id.to_string());
        let key_check =
            key_check.ok_or("the key cannot encrypt").map_err(OpenError::during("use the local key"))?;
        for file in DATABASES {
            let label = Label { id: self.id, format: FORMAT, key_check: key_check.clone() };
            label::write(&self.dir.join(file), file, &label)
                .map_err(OpenError::during("write the id of the data directory"))?;
        }
        claims::write(&self.dir, self.id).map_err(OpenError::during("write the id of the data directory"))?;
        std::fs::remove_file(self.dir.join(MARK))
            .map_err(OpenError::during("write the id of the data directory"))
    }

    /// Creates every file of a new directory and completes it, for commands that run before the first start.
    ///
    /// # Errors
    /// If a file cannot be created.
    pub(crate) async fn complete_without_host(
        &self,
        tables: &Tables,
        sources: &Sources,
    ) -> Result<(), OpenError> {
        Bucket::open(&self.dir, sources)?;
        aws_credentials(&self.dir, sources)?;
        self.complete(tables, &LocalKey::open(&self.dir)?).await
    }

    /// Moves what is in the write-ahead logs into the databases, so that each is one file again and can be copied alone. A log
    /// that another process still reads stays where it is.
    pub(crate) fn settle(&self) {
        for file in DATABASES {
            if let Err(error) = label::settle(&self.dir.join(file)) {
                tracing::warn!(file, %error, "a write-ahead log stays beside its database");
            }
        }
    }

    fn mark(&self) -> Result<(), OpenError> {
        let write = || -> io::Result<()> {
            let new = self.dir.join(format!("{MARK}.part"));
            std::fs::write(&new, self.id.to_string())?;
            std::fs::File::open(&new)?.sync_all()?;
            std::fs::rename(new, self.dir.join(MARK))
        };
        write().map_err(OpenError::during("write to the data directory"))
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
