//! The files of the repository.
#![expect(clippy::unwrap_used, reason = "a repository that cannot be read fails the test")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::world::process::workspace;

/// Every tracked file, and every file that the next commit may add, by its path in the workspace.
pub(super) fn tracked() -> Vec<PathBuf> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(workspace());
    let output = git.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).unwrap();
    let paths = names.split_terminator('\0').map(PathBuf::from);
    // A deletion that is not committed yet is still listed.
    paths.filter(|path| workspace().join(path).is_file()).collect()
}

/// The files with this extension below these folders.
pub(super) fn tracked_in(folders: &[&str], extension: &str) -> Vec<PathBuf> {
    let mut files = tracked();
    files.retain(|file| file.extension() == Some(OsStr::new(extension)));
    files.retain(|file| folders.iter().any(|folder| file.starts_with(folder)));
    assert!(!files.is_empty(), "no .{extension} below {folders:?}");
    files
}

pub(super) fn read(file: &Path) -> String {
    std::fs::read_to_string(workspace().join(file))
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
