//! The storage of this host: everything that it must not forget, in one file.

use std::path::Path;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hookstep_aws_local::Tables;
use hookstep_contract::{EventId, error_chain};
use hookstep_engine::{ExecutionLog, Executions, JournalError};
use hookstep_management::{NotReady, Probe};
use hookstep_storage::{CommitObserver, Driver, Durability, Settings, Storage, StorageError};

/// The name of the storage's file in the data directory.
pub(crate) const STORAGE_FILE: &str = "hookstep.sqlite";

/// The tables and indexes of everything that is in the storage.
pub(crate) fn schema() -> Vec<&'static str> {
    vec![hookstep_engine::SCHEMA, Tables::SCHEMA]
}

/// Opens the storage of a data directory, and makes what is missing of it.
pub(crate) fn open(
    dir: &Path,
    durability: Durability,
    observer: Option<CommitObserver>,
    driver: Option<Arc<dyn Driver>>,
) -> Result<Storage, StorageError> {
    Storage::open(Settings {
        schema: schema(),
        durability,
        observer,
        driver,
        ..Settings::new(dir.join(STORAGE_FILE))
    })
}

/// The executions of an event that are in the journal, oldest first. A host may be running on the data directory.
///
/// # Errors
/// If the journal cannot be read.
pub fn executions_of(data_dir: &Path, event_id: EventId) -> Result<Vec<ExecutionLog>, JournalError> {
    hookstep_engine::executions_of(&data_dir.join(STORAGE_FILE), event_id)
}

/// Whether this host can take an event durably right now.
pub(crate) struct Readable {
    pub(crate) storage: Storage,
    pub(crate) executions: Executions,
}

impl Probe for Readable {
    fn probe(&self) -> BoxFuture<'_, Result<(), NotReady>> {
        async {
            // A small write may still fit into the file's last page when the disk is full.
            if !self.storage.takes_new_work() {
                return Err(NotReady { detail: "the disk is full" });
            }
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
