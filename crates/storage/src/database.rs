//! The handle of a storage.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{Notify, oneshot};

use crate::driven::Work;
use crate::error::{Cause, is_full};
use crate::job::{Answer, Change, Priority};
use crate::queue::{Closed, Command, Queue, Urgency};
use crate::room::{Room, make_room};
use crate::syncer::{self, Commits};
use crate::writer::Writer;
use crate::{Settings, StorageError, keeper};

/// Settings of every connection. Commits are synced by the syncer, and the log is copied by the keeper. What is deleted is
/// overwritten (ADR 0064).
const CONNECTION: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; \
     PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON;";

/// The memory for pages: of the writer, and of each reader, in KiB. SQLite goes through the table of the cache, which is as large as
/// the cache, at the end of nearly every commit that moves rows between pages.
const WRITER_CACHE_KIB: i64 = 4_000;
pub(crate) const READER_CACHE_KIB: i64 = 2_000;

/// How long a connection waits for another process that holds a lock.
const BUSY: Duration = Duration::from_millis(250);

/// How many prepared statements a connection keeps: every one that the product has.
const STATEMENTS: usize = 64;

/// A storage. Clones share it; it is closed when the last one is dropped.
#[derive(Clone)]
pub struct Storage {
    inner: Arc<Inner>,
}

struct Inner {
    file: PathBuf,
    queue: Arc<Queue>,
    readers: Mutex<Vec<Connection>>,
    room: Arc<Room>,
    /// Ends the keeper when it is dropped.
    keeping: Option<Sender<()>>,
    keeper: Option<JoinHandle<()>>,
    /// The writer and the syncer.
    threads: Vec<JoinHandle<()>>,
    /// Tells who drives the storage that a change has arrived, if somebody does in place of the threads.
    arrived: Option<Arc<Notify>>,
}

/// What a storage says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageStats {
    /// The size of the database's files, the write-ahead log included, in bytes.
    pub bytes: u64,
    /// The free bytes of the disk.
    pub free_bytes: u64,
    /// Whether new work is taken.
    pub takes_new_work: bool,
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage").field("file", &self.inner.file).finish_non_exhaustive()
    }
}

impl Storage {
    /// Opens a storage, and makes what is missing of it.
    ///
    /// # Errors
    /// If the file cannot be opened, is no database, or its schema cannot be made.
    pub fn open(settings: Settings) -> Result<Self, StorageError> {
        let file = settings.file.clone();
        let inner = Inner::open(settings).map_err(StorageError::open(&file))?;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Makes a change, in one transaction with others. `change` may be run several times, each time after the one before
    /// was rolled back; it must not begin or end a transaction. It is dropped after its commit and before it is answered.
    ///
    /// # Errors
    /// If a statement fails, if the change is new and there is no room for it, or if the storage is closed.
    pub async fn write<R: Send + 'static>(
        &self,
        priority: Priority,
        answer: Answer,
        change: impl FnMut(&Connection) -> Result<R, rusqlite::Error> + Send + 'static,
    ) -> Result<R, StorageError> {
        let (reply, received) = oneshot::channel();
        self.send(priority, answer, Urgency::Now, Some(reply), change)?;
        received.await.unwrap_or(Err(StorageError::Closed))
    }

    /// Makes a change that belongs to accepted work and that nobody waits for. An error is logged.
    pub fn post(&self, change: impl FnMut(&Connection) -> Result<(), rusqlite::Error> + Send + 'static) {
        self.post_with(Urgency::Now, change);
    }

    /// Like [`post`](Self::post), for a change that nobody needs to see soon: readers see it with the next change, or some
    /// 20 milliseconds later.
    pub fn post_later(
        &self,
        change: impl FnMut(&Connection) -> Result<(), rusqlite::Error> + Send + 'static,
    ) {
        self.post_with(Urgency::HasTime, change);
    }

    fn post_with(
        &self,
        urgency: Urgency,
        change: impl FnMut(&Connection) -> Result<(), rusqlite::Error> + Send + 'static,
    ) {
        if let Err(error) = self.send(Priority::Accepted, Answer::WhenVisible, urgency, None, change) {
            tracing::error!(%error, "a change could not be written");
        }
    }

    fn send<R: Send + 'static>(
        &self,
        priority: Priority,
        answer: Answer,
        urgency: Urgency,
        reply: Option<oneshot::Sender<Result<R, StorageError>>>,
        change: impl FnMut(&Connection) -> Result<R, rusqlite::Error> + Send + 'static,
    ) -> Result<(), StorageError> {
        let job = Box::new(Change { change, priority, answer, result: None, reply });
        self.inner.queue.push(Command::Change(job), urgency).map_err(|Closed| StorageError::Closed)?;
        self.inner.tell_arrived();
        Ok(())
    }

    /// Waits until everything that a reader sees now is durable.
    ///
    /// # Errors
    /// If it could not be made durable.
    pub async fn durable(&self) -> Result<(), StorageError> {
        self.write(Priority::Accepted, Answer::WhenDurable, |_| Ok(())).await
    }

    /// Reads, on the calling thread, what is visible now.
    ///
    /// # Errors
    /// If a statement fails.
    pub fn read<R>(
        &self,
        read: impl FnOnce(&Connection) -> Result<R, rusqlite::Error>,
    ) -> Result<R, StorageError> {
        let idle = self.readers().pop();
        let reader = match idle {
            Some(reader) => reader,
            None => connect(&self.inner.file, READER_CACHE_KIB).map_err(StorageError::from)?,
        };
        let answer = read(&reader);
        self.readers().push(reader);
        Ok(answer?)
    }

    /// Reads what is visible now, on a thread where a long read holds up nobody.
    ///
    /// # Errors
    /// If a statement fails, or the runtime ends.
    pub async fn read_aside<R: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<R, rusqlite::Error> + Send + 'static,
    ) -> Result<R, StorageError> {
        if self.inner.arrived.is_some() {
            return self.read(read);
        }
        let storage = self.clone();
        tokio::task::spawn_blocking(move || storage.read(read)).await.unwrap_or(Err(StorageError::Closed))
    }

    /// Copies the write-ahead log into the database and empties it, so that nothing that was deleted is in it any more. Returns
    /// `false`, and may have done nothing, if somebody reads or writes meanwhile. The writer waits only while the rest is copied that
    /// was written during the first copy.
    ///
    /// # Errors
    /// If the log cannot be copied.
    pub async fn empty_log(&self) -> Result<bool, StorageError> {
        let empty = |connection: &Connection| {
            // Without a lock that the writer needs.
            let left: i64 = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
                Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?)
            })?;
            if left >= keeper::REST_FRAMES {
                return Ok(false);
            }
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok(row.get::<_, i64>(0)? == 0))
        };
        self.read_aside(empty).await
    }

    fn readers(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.inner.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether new work is taken.
    pub fn takes_new_work(&self) -> bool {
        self.inner.room.is_enough()
    }

    /// Whether accepted work waits for room.
    pub fn is_full(&self) -> bool {
        self.inner.room.is_full()
    }

    /// What the storage says about itself.
    pub fn stats(&self) -> StorageStats {
        let size = |file: &Path| file.metadata().map_or(0, |file| file.len());
        StorageStats {
            bytes: size(&self.inner.file) + size(&beside(&self.inner.file, "-wal")),
            free_bytes: self.inner.room.free_bytes(),
            takes_new_work: self.takes_new_work(),
        }
    }
}

impl Inner {
    fn open(settings: Settings) -> Result<Self, Cause> {
        let Settings { file, schema, durability, floor_bytes, reserve_bytes, observer, driver } = settings;
        let (connection, log) = prepare(&file, &schema).or_else(|cause| {
            if make_room(&file, cause.as_ref()) { prepare(&file, &schema) } else { Err(cause) }
        })?;
        let room = Arc::new(Room::new(parent(&file), floor_bytes, reserve_bytes));
        let commits = Arc::new(Commits::default());
        let log_frames = Arc::new(AtomicU64::new(0));
        let queue = Arc::new(Queue::default());
        let (keeping, closed) = mpsc::channel();
        let writer = Writer {
            connection,
            queue: Arc::clone(&queue),
            commits: Arc::clone(&commits),
            room: Arc::clone(&room),
            log_frames: Arc::clone(&log_frames),
        };
        if let Some(driver) = driver {
            writer.count_frames();
            let arrived = Arc::new(Notify::new());
            let (waking, snapshots) = (Arc::clone(&arrived), Arc::default());
            driver.drive(Work { writer, arrived: waking, file: file.clone(), snapshots });
            return Ok(Self {
                file,
                queue,
                readers: Mutex::default(),
                room,
                keeping: None,
                keeper: None,
                threads: Vec::new(),
                arrived: Some(arrived),
            });
        }
        room.keep_reserve();
        let keeper = connect(&file, READER_CACHE_KIB)?;
        let (kept_room, frames, restart) = (Arc::clone(&room), Arc::clone(&log_frames), Arc::clone(&queue));
        let threads = vec![
            spawn("writer", move || writer.run())?,
            spawn("syncer", move || syncer::run(&commits, &log, durability, observer.as_ref()))?,
        ];
        let keeper = spawn("keeper", move || keeper::run(&keeper, &kept_room, &frames, &restart, &closed))?;
        let (keeping, keeper) = (Some(keeping), Some(keeper));
        Ok(Self { file, queue, readers: Mutex::default(), room, keeping, keeper, threads, arrived: None })
    }

    fn tell_arrived(&self) {
        if let Some(arrived) = &self.arrived {
            arrived.notify_one();
        }
    }
}

/// Opens the database and makes what is missing of it. Returns the writer's connection and the write-ahead log.
fn prepare(file: &Path, schema: &[&str]) -> Result<(Connection, File), Cause> {
    let connection = connect(file, WRITER_CACHE_KIB)?;
    for statements in schema {
        connection.execute_batch(statements)?;
    }
    // What an earlier process left in the log becomes part of the database, which is synced.
    let emptied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    let log = File::options().write(true).create(true).truncate(false).open(beside(file, "-wal"))?;
    match emptied {
        // The database has no room to grow. The log stays, and what is in it is synced where it is.
        Err(error) if is_full(&error) => {
            tracing::warn!(%error, "the write-ahead log cannot be copied into the database, and is read where it is");
            log.sync_data()?;
        }
        emptied => emptied?,
    }
    sync_dir(parent(file))?;
    Ok((connection, log))
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(run)
}

/// The directory of a file.
pub(crate) fn parent(file: &Path) -> &Path {
    file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.keeping = None;
        // First of all: the connection that is closed last, and beside no other, copies the log into the database.
        join(self.keeper.take());
        self.queue.close();
        self.tell_arrived();
        join(self.threads.drain(..));
    }
}

fn join(threads: impl IntoIterator<Item = JoinHandle<()>>) {
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("a thread of the storage panicked");
        }
    }
}

pub(crate) fn connect(file: &Path, cache_kib: i64) -> Result<Connection, rusqlite::Error> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.execute_batch(CONNECTION)?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Makes new files of a directory durable.
#[cfg(unix)]
fn sync_dir(dir: &Path) -> std::io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(not(unix))]
fn sync_dir(_: &Path) -> std::io::Result<()> {
    Ok(())
}
