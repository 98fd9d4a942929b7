//! Why a host does not start on a data directory.

use std::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::FORMAT;

/// What is wrong with a file of a data directory.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// The file is not there, while others are.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// The file is there without content.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// The file is not what its name says.
    #[error("{0} is not a file of Hookstep of this name")]
    Other(&'static str),
    /// The file cannot be read.
    #[error("{0} is damaged")]
    Damaged(&'static str),
    /// The file carries another id than the rest.
    #[error("{0} belongs to another data directory")]
    Foreign(&'static str),
    /// The file carries no id, unlike the rest.
    #[error("{0} carries no id, so it is from an earlier version or another data directory")]
    Unlabelled(&'static str),
    /// A newer version wrote the file.
    #[error(
        "{file} was written by a newer version of Hookstep (format {format}; this version reads format {FORMAT})"
    )]
    Newer {
        /// The file.
        file: &'static str,
        /// The version of its format.
        format: i64,
    },
    /// The key is not the one with which the tables were encrypted.
    #[error("local-key is the key of another data directory")]
    KeyOfAnother,
}

/// The files of a data directory do not belong together.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct UnfitDirectory {
    dir: PathBuf,
    faults: Vec<Fault>,
}

impl UnfitDirectory {
    pub(super) fn new(dir: &Path, faults: Vec<Fault>) -> Self {
        Self { dir: dir.to_owned(), faults }
    }
}

impl fmt::Display for UnfitDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the files in the data directory {} do not belong together: ", self.dir.display())?;
        for (number, fault) in self.faults.iter().enumerate() {
            write!(f, "{}{fault}", if number > 0 { "; " } else { "" })?;
        }
        let is_newer = |fault: &Fault| matches!(fault, Fault::Newer { .. });
        f.write_str(match self.faults.iter().all(is_newer) {
            true => ". Start the version that wrote it, or start with an empty directory",
            false => ". Restore all files from one backup, or start with an empty directory",
        })
    }
}
