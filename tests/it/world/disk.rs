//! A simulated disk for a process: it loses what was not synced when its power is cut, and it can be full.
//!
//! The disk is a library for `LD_PRELOAD`, in C, because it has to replace calls of libc below Rust's standard library and
//! SQLite (`tests/power`). It sees every call that changes a file below the data directory. A write goes to the real file
//! at once, and the library keeps the old bytes until the file is synced; a new, moved or removed name is kept until its
//! directory is synced. SIGUSR2 cuts the power: all file calls stop, what was not synced is taken back, and the process
//! ends with [`POWER_CUT`]. It does not see system calls that are made without libc, as `rustix` makes them.
#![expect(clippy::unwrap_used, reason = "a disk that cannot be simulated fails the test")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::Dir;
use super::process::{Process, finished, workspace};
use super::python::skip;

/// The exit code of a process whose power was cut: as if killed.
pub(crate) const POWER_CUT: i32 = 137;

/// What of the unsynced blocks and names a power cut takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Loss {
    All,
    /// Each block with a chance of one half, and the names from some point on; drawn from this seed.
    Some(u64),
}

/// A simulated disk. The files are in [`Self::data`].
pub(crate) struct Disk {
    dir: Dir,
}

impl Disk {
    /// `None` on a system where no such disk can be made; `untested` then names what is not tested.
    pub(crate) async fn new(untested: &str) -> Option<Self> {
        let disk = Self { dir: Dir::new() };
        if !cfg!(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64")) {
            skip("disk", untested, "the simulated disk needs a 64-bit Linux with glibc");
            return None;
        }
        let made = disk.compile(["-shared", "-pthread"], &SOURCES, "disk.so").await;
        if let Err(reason) = made {
            skip("disk", untested, &reason);
            return None;
        }
        std::fs::create_dir(disk.data()).unwrap();
        Some(disk)
    }

    /// Compiles sources of `tests/power` into [`Self::file`].
    pub(crate) async fn compile<A: AsRef<OsStr>>(
        &self,
        flags: impl IntoIterator<Item = A>,
        sources: &[&str],
        output: &str,
    ) -> Result<(), String> {
        let mut compiler = Command::new("cc");
        compiler.args(["-std=gnu11", "-O1", "-fPIC", "-Wall", "-Wextra", "-U_FORTIFY_SOURCE"]);
        compiler.args(flags).arg("-o").arg(self.file(output));
        compiler.args(sources.iter().map(|source| workspace().join("tests/power").join(source)));
        if Command::new("cc").arg("--version").output().await.is_err() {
            return Err("there is no C compiler".to_owned());
        }
        let done = finished(&mut compiler).await;
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    }

    /// A file beside the data.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The directory that is on the disk.
    pub(crate) fn data(&self) -> PathBuf {
        self.file("data")
    }

    /// Lets a process use the disk. A sync takes this long, so that others have to wait and can be grouped.
    pub(crate) fn mount(&self, command: &mut Command, loss: Loss, sync_microseconds: u32) {
        command.env("LD_PRELOAD", self.file("disk.so"));
        command.env("HOOKSTEP_DISK_DIRECTORY", self.data());
        command.env("HOOKSTEP_DISK_SYNC_MICROSECONDS", sync_microseconds.to_string());
        if let Loss::Some(seed) = loss {
            command.env("HOOKSTEP_DISK_SEED", seed.to_string());
        }
        if self.file("budget").exists() {
            command.env("HOOKSTEP_DISK_BUDGET", self.file("budget"));
        }
    }

    /// Limits the files on the disk to so many bytes together, in whole blocks. The first limit must be set before a
    /// process is started.
    pub(crate) fn limit(&self, bytes: u64) {
        // Whole at once: the process may read it at any time.
        let new = self.file("budget.new");
        std::fs::write(&new, bytes.to_string()).unwrap();
        std::fs::rename(new, self.file("budget")).unwrap();
    }

    /// Leaves no room for any file to grow.
    pub(crate) fn fill(&self) {
        // Nothing grows from here on, so that the files have neither more nor less than the limit.
        self.limit(0);
        self.limit(self.used());
    }

    /// What the files have now, in bytes.
    pub(crate) fn used(&self) -> u64 {
        used(&self.data())
    }
}

/// Cuts the power of a process, and waits for its end.
pub(crate) async fn cut_power(mut process: Process) {
    let id = process.id().to_string();
    let sent = finished(Command::new("sh").args(["-c", "kill -USR2 \"$1\"", "sh", &id])).await;
    assert!(sent.status.success());
    assert_eq!(process.ended().await.code(), Some(POWER_CUT), "{}", process.stderr());
}

/// The parts of the disk, in C.
const SOURCES: [&str; 6] = ["budget.c", "cut.c", "files.c", "inodes.c", "names.c", "paths.c"];

/// The size of a block, as in `tests/power/disk.h`.
pub(crate) const BLOCK_BYTES: u64 = 4096;

fn used(directory: &Path) -> u64 {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    // A file may be removed while they are counted.
    let sizes = entries.filter_map(|entry| Some((entry.metadata().ok()?, entry.path())));
    sizes
        .map(
            |(found, path)| {
                if found.is_dir() { used(&path) } else { found.len().div_ceil(BLOCK_BYTES) * BLOCK_BYTES }
            },
        )
        .sum()
}
