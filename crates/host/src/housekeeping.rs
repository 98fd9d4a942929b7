//! Deletes data past its retention. On AWS, the services do this themselves.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hookstep_ambient::Sources;
use hookstep_aws_local::{CLAIMS, Tables};
use hookstep_contract::MachineKind;
use hookstep_contract::limits::{CLAIM_RETENTION, RETENTION};
use hookstep_engine::Executions;

use crate::directory::ID_FILE;

/// The interval between cleanups.
const INTERVAL: Duration = Duration::from_secs(3600);

/// How long the history of an express execution is kept: long enough to investigate yesterday's problem.
const EXPRESS_HISTORY: Duration = Duration::from_secs(24 * 3600);

/// The data to clean up.
pub(crate) struct Housekeeping {
    pub(crate) executions: Executions,
    pub(crate) tables: Tables,
    /// The folder of the bucket's objects.
    pub(crate) objects: PathBuf,
    pub(crate) sources: Sources,
}

impl Housekeeping {
    /// Cleans up now and then every hour.
    pub(crate) async fn run(self) {
        let mut ticks = tokio::time::interval(INTERVAL);
        loop {
            ticks.tick().await;
            self.executions.prune(MachineKind::Express, EXPRESS_HISTORY).await;
            self.executions.prune(MachineKind::Standard, RETENTION).await;
            self.tables.expire(self.sources.now().unix_seconds()).await;
            let (folder, clock) = (self.objects.clone(), self.sources.clock);
            let _ = tokio::task::spawn_blocking(move || remove_old(&folder, clock().into())).await;
        }
    }
}

/// Deletes claim checks past their retention, and the metadata files of s3s-fs.
fn remove_old(folder: &Path, now: SystemTime) {
    let Some(limit) = now.checked_sub(CLAIM_RETENTION) else { return };
    let mut folders = vec![folder.join(CLAIMS)];
    let mut files = Vec::new();
    // The metadata files are at the top of the store, beside the bucket.
    let is_metadata = |path: &PathBuf| path.is_file() && !path.ends_with(ID_FILE);
    files.extend(entries(folder).into_iter().filter(is_metadata));
    while let Some(next) = folders.pop() {
        for path in entries(&next) {
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    for path in files {
        let old = path.metadata().and_then(|data| data.modified()).is_ok_and(|modified| modified < limit);
        if old && let Err(error) = std::fs::remove_file(&path) {
            tracing::warn!(%error, "an expired claim check could not be removed");
        }
    }
}

/// The entries of a folder, as far as they can be read.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let unreadable = |error| tracing::warn!(%error, "a folder of the bucket cannot be read");
    let Ok(entries) = std::fs::read_dir(folder).map_err(unreadable) else { return Vec::new() };
    entries.filter_map(|entry| entry.map_err(unreadable).ok()).map(|entry| entry.path()).collect()
}
