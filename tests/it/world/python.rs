//! Python with packages: virtual environments in the target directory, each created once.
#![expect(clippy::unwrap_used, reason = "a target directory that cannot be written fails the test")]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::world::process::workspace;

/// The Python of a virtual environment with the packages in `tests/<name>/requirements.txt`. `None` if it
/// cannot be created and is not mandatory; `loss` then names what is not tested.
pub(crate) fn environment(name: &str, loss: &str) -> Option<PathBuf> {
    prepared(name).map_err(|reason| skip(name, loss, &reason)).ok()
}

/// Reports that something cannot be tested, and why. If the environment variable `CI` is set, this is a
/// failure.
pub(crate) fn skip(name: &str, loss: &str, reason: &str) {
    assert!(std::env::var_os("CI").is_none(), "{reason}");
    say(name, &format!("SKIPPED: {loss}: {reason}"));
}

/// Prints past the test runner, which hides the output of passing tests.
pub(crate) fn say(name: &str, text: &str) {
    let _ = writeln!(std::io::stderr(), "\n{name}: {text}");
}

/// Creates the environment unless it exists. Concurrent callers wait.
fn prepared(name: &str) -> Result<PathBuf, String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let requirements = workspace().join("tests").join(name).join("requirements.txt");
    let version = hex::encode(Sha256::digest(std::fs::read(&requirements).unwrap()));
    let dir = target.join(format!("{name}-{}", &version[..12]));
    let lock = File::create(target.join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    let (python, whole) = (dir.join("bin/python"), dir.join("whole"));
    // An environment without the marker is incomplete; one whose Python has been removed is useless.
    if !whole.exists() || run(Command::new(&python).arg("--version")).is_err() {
        let _ = std::fs::remove_dir_all(&dir);
        make(&dir, &python, &requirements)?;
        File::create(whole).unwrap();
    }
    Ok(python)
}

fn make(dir: &Path, python: &Path, requirements: &Path) -> Result<(), String> {
    const VERSION: &str = "import sys; sys.exit(sys.version_info < (3, 11))";
    run(Command::new("python3").args(["-c", VERSION])).map_err(|_| "there is no Python 3.11".to_owned())?;
    run(Command::new("python3").args(["-m", "venv"]).arg(dir))?;
    // The list is complete: packages that it does not name are not installed.
    let pip = ["-m", "pip", "--disable-pip-version-check", "--quiet"];
    let install = ["install", "--no-deps", "--only-binary=:all:", "-r"];
    run(Command::new(python).args(pip).args(install).arg(requirements))?;
    run(Command::new(python).args(pip).arg("check"))
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&said)))
}
