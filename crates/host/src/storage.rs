//! Whether this host can take an event durably right now.

use std::path::{Path, PathBuf};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hookstep_contract::error_chain;
use hookstep_engine::Executions;
use hookstep_management::{NotReady, Probe};

/// The room that must be left: the largest event that comes inline, twice (its journal row and its body), and the pages that
/// SQLite's write-ahead logs gather before a checkpoint.
const FREE_BYTES: u64 = 32 * 1024 * 1024;

/// The parts of a host that hold what it has accepted.
pub(crate) struct Storage {
    pub(crate) executions: Executions,
    /// The data directory.
    pub(crate) dir: PathBuf,
}

impl Probe for Storage {
    fn probe(&self) -> BoxFuture<'_, Result<(), NotReady>> {
        async {
            // A small write may still fit into a file's last page when the disk is full, so room is looked for as well.
            enough_room(&self.dir)?;
            if let Err(error) = self.executions.probe().await {
                tracing::error!(
                    error.chain = error_chain(&error),
                    "the journal of executions cannot be written"
                );
                return Err(NotReady { detail: "the journal of executions cannot be written" });
            }
            Ok(())
        }
        .boxed()
    }
}

/// Fails if the disk is about to be full. Where its size cannot be learned, the writes tell.
#[cfg(unix)]
fn enough_room(dir: &Path) -> Result<(), NotReady> {
    match rustix::fs::statvfs(dir) {
        Ok(disk) if disk.f_bavail.saturating_mul(disk.f_frsize) < FREE_BYTES => {
            tracing::error!(
                free_bytes = disk.f_bavail * disk.f_frsize,
                needed_bytes = FREE_BYTES,
                "the disk of the data directory is full"
            );
            Err(NotReady { detail: "the disk is full" })
        }
        Ok(_) => Ok(()),
        Err(error) => {
            tracing::warn!(%error, "the free space of the data directory's disk is unknown");
            Ok(())
        }
    }
}

#[cfg(not(unix))]
fn enough_room(_: &Path) -> Result<(), NotReady> {
    Ok(())
}
