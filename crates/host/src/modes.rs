//! The data directory and its files belong to their user alone, whoever made them and with whatever umask.

use std::io;
use std::path::Path;

/// The names that our files in the directory begin with, their write-ahead logs included.
const OURS: [&str; 10] = [
    "hookstep.sqlite",
    "tables.sqlite",
    "executions.sqlite",
    "local-key",
    "upload-key",
    "aws-secret-access-key",
    "lock",
    "s3",
    "lost-events.jsonl",
    "reserve",
];

/// Closes the directory, and our files that are directly in it, to other users. The claim checks below are out of reach
/// behind the closed directory. Files that are not ours keep their modes: somebody may have named the wrong directory.
///
/// Files of another user, as on a volume that a group may write to, cannot be closed. That is told and does not prevent the
/// start: what this process creates is closed in any case.
pub(crate) fn close(dir: &Path) {
    let closed = imp::close(dir);
    if let Err(error) = closed {
        tracing::warn!(
            directory = %dir.display(),
            %error,
            "other users of this machine may read the data directory, and its permissions cannot be changed"
        );
    }
}

#[cfg(unix)]
mod imp {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::{OURS, Path, io};

    const DIRECTORY: u32 = 0o700;
    const FILE: u32 = 0o600;

    /// The bits of a mode that are permissions.
    const PERMISSIONS: u32 = 0o7777;

    pub(super) fn close(dir: &Path) -> io::Result<()> {
        set(dir, DIRECTORY)?;
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let name = entry.file_name();
            if !OURS.iter().any(|ours| name.as_encoded_bytes().starts_with(ours.as_bytes())) {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                set(&entry.path(), DIRECTORY)?;
            } else if kind.is_file() {
                set(&entry.path(), FILE)?;
            }
        }
        Ok(())
    }

    fn set(path: &Path, mode: u32) -> io::Result<()> {
        let now = match fs::metadata(path) {
            Ok(found) => found.permissions().mode() & PERMISSIONS,
            // SQLite removes its write-ahead log when another process closes the file.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        if now == mode { Ok(()) } else { fs::set_permissions(path, Permissions::from_mode(mode)) }
    }
}

#[cfg(not(unix))]
mod imp {
    use super::{Path, io};

    pub(super) fn close(_: &Path) -> io::Result<()> {
        Ok(())
    }
}
