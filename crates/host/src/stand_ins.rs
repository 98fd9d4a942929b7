//! The services of a data directory, opened.

use std::path::Path;

use hookstep_aws_local::{
    Bucket, ConnectionStore, LaneQueue, LocalKey, Queue, Schedules, SentMessages, Tables,
};

use hookstep_storage::Storage;

use crate::machines::RETRY_SCHEDULES;
use crate::{OpenError, Options};

/// The stand-ins that keep data.
pub(crate) struct StandIns {
    pub(crate) tables: Tables,
    pub(crate) bucket: Bucket,
    pub(crate) key: LocalKey,
    pub(crate) connections: ConnectionStore,
    pub(crate) schedules: Schedules,
    /// The queue of lanes, and what is sent to it.
    pub(crate) lanes: (LaneQueue, SentMessages),
    /// The queue of lost events.
    pub(crate) lost: Queue,
}

impl StandIns {
    pub(crate) fn open(dir: &Path, storage: Storage, options: &Options) -> Result<Self, OpenError> {
        let sources = options.sources;
        let tables = Tables::new(storage).behind(options.table_gate.clone());
        let key = LocalKey::open(dir)?;
        Ok(Self {
            bucket: Bucket::open(dir, &sources)?,
            connections: ConnectionStore::new(tables.clone(), key.clone(), sources),
            schedules: Schedules::new(tables.clone(), RETRY_SCHEDULES, sources),
            lanes: LaneQueue::new(tables.clone(), sources),
            lost: Queue::open(dir, sources)?,
            tables,
            key,
        })
    }
}
