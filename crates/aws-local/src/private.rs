//! Files that only their owner can read.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Result, Write};
use std::path::Path;

use hookstep_ambient::Sources;

use crate::bucket::sync_dir;

/// The text of a file that is created once and never overwritten. If the file exists but cannot be read, that
/// is an error: overwriting it would lose everything that was encrypted or signed with it.
pub(crate) fn read_or_make(path: &Path, make: impl FnOnce() -> String) -> Result<String> {
    match std::fs::read_to_string(path) {
        Ok(text) if !text.is_empty() => return Ok(text),
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let text = make();
    write(path, &text)?;
    Ok(text)
}

/// 256 random bits as text.
pub(crate) fn random_text(sources: &Sources) -> String {
    hex::encode(&(sources.random_bytes)()[..32])
}

/// Writes the file atomically, and syncs it to disk before anything relies on its text.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    let new = path.with_extension("new");
    let mut file = create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(new, path)?;
    path.parent().map_or(Ok(()), sync_dir)
}

fn create(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
