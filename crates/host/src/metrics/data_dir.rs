//! How large a data directory is.

use std::collections::BTreeMap;
use std::fs::{DirEntry, Metadata};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long what was measured is taken to be true: there may be a hundred thousand claim checks.
const MEASURED_FOR: Duration = Duration::from_secs(60);

type Bytes = BTreeMap<String, u64>;

/// A data directory, with its size as it was measured last.
pub(super) struct DataDir {
    dir: PathBuf,
    measured: Mutex<Option<(Instant, Bytes)>>,
}

impl DataDir {
    pub(super) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), measured: Mutex::new(None) }
    }

    /// The bytes of the files, by the name of the file or folder up to its first dot, so that a database and its logs are
    /// one. They are measured once a minute at most.
    pub(super) fn bytes(&self) -> Bytes {
        let mut measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        match &*measured {
            Some((at, bytes)) if at.elapsed() < MEASURED_FOR => bytes.clone(),
            _ => {
                let bytes = measure(&self.dir);
                *measured = Some((Instant::now(), bytes.clone()));
                bytes
            }
        }
    }
}

fn measure(dir: &Path) -> Bytes {
    let mut bytes = Bytes::new();
    for (entry, data) in entries(dir) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let part = name.split('.').next().unwrap_or_default().to_owned();
        *bytes.entry(part).or_default() += bytes_of(&entry, &data);
    }
    bytes
}

fn bytes_of(entry: &DirEntry, data: &Metadata) -> u64 {
    if data.is_dir() {
        entries(&entry.path()).map(|(entry, data)| bytes_of(&entry, &data)).sum()
    } else {
        data.len()
    }
}

/// What is in a folder, as far as it can be read: files come and go meanwhile.
fn entries(folder: &Path) -> impl Iterator<Item = (DirEntry, Metadata)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok().map(|data| (entry, data)))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_database_counts_with_its_logs_and_a_folder_with_all_that_is_below() {
        let dir = TempDir::new().unwrap();
        let write = |path: &str, bytes: usize| std::fs::write(dir.path().join(path), vec![0; bytes]).unwrap();
        std::fs::create_dir_all(dir.path().join("s3/claims/acme")).unwrap();
        write("hookstep.sqlite", 5);
        write("hookstep.sqlite-wal", 7);
        write("s3/id", 1);
        write("s3/claims/acme/a", 20);
        let measured = DataDir::new(dir.path());
        let expected = Bytes::from([("hookstep".to_owned(), 12), ("s3".to_owned(), 21)]);
        assert_eq!(measured.bytes(), expected);
        write("s3/id", 100);
        assert_eq!(measured.bytes(), expected, "it is not measured again at once");
        assert_eq!(DataDir::new(&dir.path().join("missing")).bytes(), Bytes::new());
    }
}
