//! Node packages: installed in the target directory, each set once.
#![expect(clippy::unwrap_used, reason = "a target directory that cannot be written fails the test")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::world::process::workspace;

/// The directory with the `node_modules` for the `package-lock.json` in this directory of the workspace.
/// Concurrent callers wait. The error says why the packages cannot be installed.
pub(crate) fn packages(name: &str, source: &str) -> Result<PathBuf, String> {
    let (source, target) =
        (workspace().join(source), Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap());
    let version = hex::encode(Sha256::digest(std::fs::read(source.join("package-lock.json")).unwrap()));
    let dir = target.join(format!("{name}-{}", &version[..12]));
    let lock = File::create(target.join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    if dir.join("whole").exists() {
        return Ok(dir);
    }
    std::fs::create_dir_all(&dir).unwrap();
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(source.join(file), dir.join(file)).unwrap();
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&dir);
    let output = npm.output().map_err(|error| format!("npm: {error}"))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        return Err(format!("npm ci: {}\n{}", output.status, String::from_utf8_lossy(&said)));
    }
    File::create(dir.join("whole")).unwrap();
    Ok(dir)
}
