//! A number for each table that changes with its items.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How often each table was written to.
#[derive(Debug)]
pub(super) struct Versions(Box<[AtomicU64]>);

impl Versions {
    pub(super) fn new(tables: usize) -> Self {
        Self((0..tables).map(|_| AtomicU64::new(0)).collect())
    }

    pub(super) fn of(&self, table: usize) -> Option<u64> {
        self.0.get(table).map(|version| version.load(Ordering::Acquire))
    }

    /// Counts a write to these tables when the returned value is dropped.
    pub(super) fn changing(self: &Arc<Self>, tables: impl Iterator<Item = usize>) -> Changing {
        // The product has five tables.
        let tables = tables.fold(0, |tables, table| tables | 1 << table);
        Changing { versions: Arc::clone(self), tables }
    }
}

/// A write that is not answered yet.
#[derive(Debug)]
pub(super) struct Changing {
    versions: Arc<Versions>,
    /// A bit for each table.
    tables: u64,
}

impl Drop for Changing {
    fn drop(&mut self) {
        for (table, version) in self.versions.0.iter().enumerate() {
            if self.tables & (1 << table) != 0 {
                version.fetch_add(1, Ordering::Release);
            }
        }
    }
}
