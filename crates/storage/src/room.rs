//! The free space of the disk, and the reserve.

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::database::parent;
use crate::error::is_for_lack_of_room;

/// The file that is given up when the disk is full.
const RESERVE_FILE: &str = "reserve";

#[derive(Debug)]
pub(crate) struct Room {
    dir: PathBuf,
    floor_bytes: u64,
    reserve_bytes: u64,
    free_bytes: AtomicU64,
    /// A change has met a full disk and waits.
    is_full: AtomicBool,
    /// The reserve was given up, or could not be made yet. One that somebody else removed stays away until the next start:
    /// whoever removes the directory must not find a new file in it.
    lacks_reserve: AtomicBool,
}

impl Room {
    pub(crate) fn new(dir: &Path, floor_bytes: u64, reserve_bytes: u64) -> Self {
        let room = Self {
            dir: dir.to_owned(),
            floor_bytes,
            reserve_bytes,
            free_bytes: AtomicU64::new(u64::MAX),
            is_full: AtomicBool::new(false),
            lacks_reserve: AtomicBool::new(true),
        };
        room.look();
        room
    }

    /// Whether new work is taken.
    pub(crate) fn is_enough(&self) -> bool {
        !self.is_full() && self.free_bytes.load(Ordering::Relaxed) >= self.floor_bytes
    }

    /// Whether accepted work waits for room.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Relaxed)
    }

    pub(crate) fn free_bytes(&self) -> u64 {
        self.free_bytes.load(Ordering::Relaxed)
    }

    /// Learns the free space. Where it cannot be learned, the writes tell.
    pub(crate) fn look(&self) {
        self.set_free(free(&self.dir).unwrap_or(u64::MAX));
    }

    pub(crate) fn set_free(&self, bytes: u64) {
        let was_enough = self.is_enough();
        self.free_bytes.store(bytes, Ordering::Relaxed);
        if was_enough && !self.is_enough() {
            tracing::error!(
                free_bytes = self.free_bytes(),
                floor_bytes = self.floor_bytes,
                "the disk is nearly full: new events are refused"
            );
        } else if !was_enough && self.is_enough() {
            tracing::info!(free_bytes = self.free_bytes(), "the disk has room again: new events are taken");
        }
    }

    /// Notes whether a change met a full disk. The first time, the reserve is given up.
    pub(crate) fn set_full(&self, full: bool) {
        if self.is_full.swap(full, Ordering::Relaxed) == full {
            return;
        }
        if full {
            tracing::error!("the disk is full: what was accepted waits until there is room");
            self.give_up_reserve();
        } else {
            tracing::info!("the disk takes writes again: what was accepted goes on");
        }
        self.look();
    }

    fn give_up_reserve(&self) {
        self.lacks_reserve.store(true, Ordering::Relaxed);
        remove_reserve(&self.dir);
    }

    /// Makes the reserve if there is none and plenty of room for it.
    pub(crate) fn keep_reserve(&self) {
        let needed = self.floor_bytes.saturating_add(2 * self.reserve_bytes);
        if self.reserve_bytes == 0
            || !self.lacks_reserve.load(Ordering::Relaxed)
            || self.is_full()
            || self.free_bytes() < needed
        {
            return;
        }
        let file = self.dir.join(RESERVE_FILE);
        if !file.exists()
            && let Err(error) = reserve(&file, self.reserve_bytes)
        {
            tracing::warn!(%error, "the reserve could not be made");
            let _ = fs::remove_file(&file);
            return;
        }
        self.lacks_reserve.store(false, Ordering::Relaxed);
    }
}

/// Gives up the reserve beside the database `file`, which could not be opened because of `error`. Returns whether there is more room
/// now than before, so that another try may succeed.
pub fn make_room(file: &Path, error: &(dyn Error + 'static)) -> bool {
    is_for_lack_of_room(error) && remove_reserve(parent(file))
}

/// Returns whether there was a reserve.
fn remove_reserve(dir: &Path) -> bool {
    match fs::remove_file(dir.join(RESERVE_FILE)) {
        Ok(()) => tracing::warn!("the disk is full: the reserve was given up"),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return false,
        Err(error) => {
            tracing::warn!(%error, "the reserve could not be given up");
            return false;
        }
    }
    true
}

#[cfg(target_os = "linux")]
fn reserve(file: &Path, bytes: u64) -> std::io::Result<()> {
    let file = File::create(file)?;
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, bytes).map_err(Into::into)
}

/// Other systems may make a sparse file of this, which reserves nothing; the floor is what protects them.
#[cfg(not(target_os = "linux"))]
fn reserve(file: &Path, bytes: u64) -> std::io::Result<()> {
    File::create(file)?.set_len(bytes)
}

#[cfg(unix)]
fn free(dir: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(dir).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_made_again_only_after_it_was_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let (room, file) = (Room::new(dir.path(), 0, 4096), dir.path().join(RESERVE_FILE));
        room.keep_reserve();
        assert!(file.exists());
        room.set_full(true);
        room.keep_reserve();
        assert!(!file.exists(), "the disk is full");
        room.set_full(false);
        room.keep_reserve();
        assert!(file.exists());
        fs::remove_file(&file).unwrap();
        room.keep_reserve();
        assert!(!file.exists(), "somebody else removed it");
    }
}
