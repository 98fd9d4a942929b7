//! Backups: one tar file with everything that is in a data directory.
//!
//! The storage is copied by SQLite, as of one moment, while the host goes on. Claim checks are copied afterwards: they are
//! written before the events that name them and are never changed, so all of them are there. What is in the backup and
//! in no event is removed with its retention.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Component, Path, PathBuf};

use hookstep_ambient::Sources;
use hookstep_aws_local::{KEY_FILE, OBJECTS, QUEUE_FILE};
use rusqlite::{Connection, OpenFlags};
use tar::{Archive, Builder, Header};
use thiserror::Error;

use crate::OpenError;
use crate::directory::Directory;
use crate::lock::lock;
use crate::storage::STORAGE_FILE;

/// The files beside the storage and the claim checks. The keys are made with the directory, and the queue with its first message.
const FILES: [&str; 3] = [KEY_FILE, "upload-key", "aws-secret-access-key"];

/// The size of the blocks of an archive, two of which are its end (POSIX.1-2017, pax).
const BLOCK_BYTES: u64 = 512;

/// Why there is no backup, or it was not restored.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The storage cannot be read.
    #[error("cannot copy the storage")]
    Storage(#[from] rusqlite::Error),
    /// A file cannot be read or written.
    #[error("cannot {operation} {}", file.display())]
    File {
        /// What was done to the file.
        operation: &'static str,
        /// The file.
        file: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The directory to restore to has something in it.
    #[error("{} is not empty: a backup is restored to a new directory", .0.display())]
    NotEmpty(PathBuf),
    /// The file has an entry that no backup has.
    #[error("{} is not a backup of Hookstep: it has the entry {entry}", file.display())]
    Foreign {
        /// The backup.
        file: PathBuf,
        /// The path of the entry.
        entry: String,
    },
    /// The file ends before the backup does.
    #[error("{} is a part of a backup: its end is missing", .0.display())]
    CutOff(PathBuf),
    /// The directory cannot be used, or what was restored does not belong together.
    #[error(transparent)]
    Directory(#[from] OpenError),
}

impl BackupError {
    fn of(operation: &'static str, file: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let file = file.to_owned();
        move |source| Self::File { operation, file, source }
    }
}

/// Writes a backup of a data directory to `file`, which only its user can read.
///
/// A host may be running on the directory. Everything that was answered before this call is in the backup. The file gets its
/// name once it is complete and on the disk. This blocks the thread.
///
/// # Errors
/// If something cannot be read or written.
pub fn backup(data_dir: &Path, file: &Path) -> Result<(), BackupError> {
    let (part, copy) = (with(file, ".part"), with(file, ".storage.part"));
    let written = write(data_dir, &part, &copy);
    // Also what an earlier backup left that was cut off.
    let _ = fs::remove_file(&copy);
    written.inspect_err(|_| drop(fs::remove_file(&part)))?;
    fs::rename(&part, file).map_err(BackupError::of("write", file))
}

fn write(data_dir: &Path, part: &Path, copy: &Path) -> Result<(), BackupError> {
    let queue = data_dir.join(QUEUE_FILE);
    let read_queue = || fs::read_to_string(&queue).or_else(missing_is_empty);
    // A message that moves between the queue and the storage meanwhile is in the backup at least once.
    let before = read_queue().map_err(BackupError::of("read", &queue))?;
    copy_storage(&data_dir.join(STORAGE_FILE), copy)?;
    let after = read_queue().map_err(BackupError::of("read", &queue))?;
    let output = create(part).map_err(BackupError::of("create", part))?;
    let mut archive = Builder::new(output);
    for name in FILES {
        add(&mut archive, &data_dir.join(name), Path::new(name))?;
    }
    let messages = both(&before, &after);
    if !messages.is_empty() {
        let mut header = Header::new_gnu();
        header.set_size(messages.len() as u64);
        header.set_mode(0o600);
        archive
            .append_data(&mut header, QUEUE_FILE, messages.as_bytes())
            .map_err(BackupError::of("write", part))?;
    }
    add_folder(&mut archive, &data_dir.join(OBJECTS), Path::new(OBJECTS))?;
    // The storage comes last: a directory without it is not taken for a complete one.
    add(&mut archive, copy, Path::new(STORAGE_FILE))?;
    let finish = || archive.into_inner()?.sync_all();
    finish().map_err(BackupError::of("write", part))
}

fn missing_is_empty(error: io::Error) -> io::Result<String> {
    if error.kind() == ErrorKind::NotFound { Ok(String::new()) } else { Err(error) }
}

/// The lines of both texts, each once.
fn both(before: &str, after: &str) -> String {
    let new = after.lines().filter(|line| !before.lines().any(|known| known == *line));
    before.lines().chain(new).map(|line| format!("{line}\n")).collect()
}

/// Copies the storage as of one moment.
fn copy_storage(from: &Path, to: &Path) -> Result<(), BackupError> {
    // SQLite writes into an empty file as well, which has our mode.
    create(to).map_err(BackupError::of("create", to))?;
    let connection = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
    Ok(())
}

/// Creates a file, or empties it, that only its user can read.
fn create(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

/// Adds a file, if it is there: the host may just have removed it.
fn add(archive: &mut Builder<File>, path: &Path, name: &Path) -> Result<(), BackupError> {
    match File::open(path) {
        Ok(mut file) => archive.append_file(name, &mut file).map_err(BackupError::of("copy", path)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(BackupError::of("read", path)(error)),
    }
}

/// Adds the files below a folder. Those with a dot in front are being written, and no event names them yet.
fn add_folder(archive: &mut Builder<File>, folder: &Path, name: &Path) -> Result<(), BackupError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        read => read.map_err(BackupError::of("read", folder))?,
    };
    for entry in entries {
        let entry = entry.map_err(BackupError::of("read", folder))?;
        let (path, name) = (entry.path(), name.join(entry.file_name()));
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if path.is_dir() {
            add_folder(archive, &path, &name)?;
        } else {
            add(archive, &path, &name)?;
        }
    }
    Ok(())
}

/// Restores a backup to a data directory, which must be missing or empty, and is empty afterwards if that fails. This blocks the thread.
///
/// # Errors
/// If the directory has something in it or is in use, the file is no backup, or something cannot be written.
pub fn restore(file: &Path, data_dir: &Path, sources: &Sources) -> Result<(), BackupError> {
    check_empty(data_dir)?;
    let input = File::open(file).map_err(BackupError::of("read", file))?;
    let _lock = lock(data_dir)?;
    // Nothing was written meanwhile, so everything that is in it after a failure is a part of this backup.
    check_empty(data_dir)?;
    let examine = |()| Directory::examine(data_dir, sources).map(drop).map_err(BackupError::from);
    let restored = unpack(&input, file, data_dir).and_then(examine);
    if restored.is_err()
        && let Err(error) = clear(data_dir)
    {
        tracing::warn!(%error, dir = %data_dir.display(), "a part of the backup stays in the data directory; remove it");
    }
    restored
}

/// Everything in a directory but the lock.
fn contents(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(dir)?.filter(|entry| !matches!(entry, Ok(entry) if entry.file_name() == "lock"));
    entries.map(|entry| entry.map(|entry| entry.path())).collect()
}

fn check_empty(dir: &Path) -> Result<(), BackupError> {
    match contents(dir) {
        Ok(found) if found.is_empty() => Ok(()),
        Ok(_) => Err(BackupError::NotEmpty(dir.to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(BackupError::of("read", dir)(error)),
    }
}

/// Removes everything in a directory but the lock.
fn clear(dir: &Path) -> io::Result<()> {
    contents(dir)?
        .into_iter()
        .try_for_each(|path| if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) })
}

/// Writes every entry of the backup `file`, which is read from `input`, to the directory.
fn unpack(input: &File, file: &Path, data_dir: &Path) -> Result<(), BackupError> {
    let mut archive = Archive::new(input);
    let mut end = 0;
    for entry in archive.entries().map_err(BackupError::of("read", file))? {
        let mut entry = entry.map_err(BackupError::of("read", file))?;
        let name = entry.path().map_err(BackupError::of("read", file))?.into_owned();
        if !is_ours(&name) || !entry.header().entry_type().is_file() {
            return Err(BackupError::Foreign { file: file.to_owned(), entry: name.display().to_string() });
        }
        end = entry.raw_file_position() + entry.size().next_multiple_of(BLOCK_BYTES);
        extract(&mut entry, &data_dir.join(name))?;
    }
    let length = input.metadata().map_err(BackupError::of("read", file))?.len();
    // Without its end, what an archive lacks may be just some claim checks.
    if length < end + 2 * BLOCK_BYTES { Err(BackupError::CutOff(file.to_owned())) } else { Ok(()) }
}

/// Whether this is a path of an entry of a backup.
fn is_ours(name: &Path) -> bool {
    let is_plain = name.components().all(|part| matches!(part, Component::Normal(_)));
    let is_file = |known: &&str| Path::new(known) == name;
    is_plain && (name.starts_with(OBJECTS) || FILES.iter().chain(&[QUEUE_FILE, STORAGE_FILE]).any(is_file))
}

/// Writes an entry to its file, which gets its name once it is complete.
fn extract(entry: &mut impl io::Read, path: &Path) -> Result<(), BackupError> {
    let part = with(path, ".part");
    let mut write = || -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut output = create(&part)?;
        io::copy(entry, &mut output)?;
        output.flush()?;
        output.sync_all()?;
        fs::rename(&part, path)
    };
    write().map_err(BackupError::of("write", path))
}

fn with(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_read_before_or_after_is_kept_once() {
        assert_eq!(both("a\nb\n", "b\nc\n"), "a\nb\nc\n");
        assert_eq!(both("", "a\n"), "a\n");
        assert_eq!(both("", ""), "");
    }

    #[test]
    fn an_archive_that_is_no_backup_is_not_restored() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["etc/passwd", "s3/../local-key", "hookstep.sqlite-wal"] {
            assert!(!is_ours(Path::new(name)), "{name}");
        }
        let mut archive = Builder::new(create(&dir.path().join("backup")).unwrap());
        let mut header = Header::new_gnu();
        header.set_size(1);
        archive.append_data(&mut header, "other", &b"x"[..]).unwrap();
        archive.into_inner().unwrap();
        let restored = restore(&dir.path().join("backup"), &dir.path().join("data"), &Sources::system());
        assert!(matches!(restored, Err(BackupError::Foreign { .. })), "{restored:?}");
    }
}
