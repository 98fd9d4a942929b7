//! The label of the folder of claim checks: a file in it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use hookstep_aws_local::OBJECTS;
use uuid::Uuid;

use super::sync;
use crate::OpenError;

/// The file with the id of the directory. The name has no dot in front, for `cp *` to copy it.
pub(crate) const ID_FILE: &str = "directory-id";

/// What was found in the place of the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Missing,
    Unlabelled,
    Labelled(Uuid),
}

/// Looks at the folder of a data directory.
pub(super) fn read(dir: &Path) -> Result<Found, OpenError> {
    let folder = dir.join(OBJECTS);
    if !folder.is_dir() {
        return Ok(Found::Missing);
    }
    match fs::read_to_string(folder.join(ID_FILE)) {
        Ok(text) => Ok(Uuid::parse_str(text.trim()).map_or(Found::Unlabelled, Found::Labelled)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Found::Unlabelled),
        Err(error) => Err(OpenError::during("look at the data directory")(error)),
    }
}

/// Writes the id into the folder, durably.
pub(super) fn write(dir: &Path, id: Uuid) -> io::Result<()> {
    let folder: PathBuf = dir.join(OBJECTS);
    fs::create_dir_all(&folder)?;
    let file = folder.join(ID_FILE);
    fs::write(&file, id.to_string())?;
    fs::File::open(&file)?.sync_all()?;
    sync(&folder)
}
