//! The simulated disk: it takes time to sync, and loses what was not synced when the power is cut.
//!
//! The files are real ones, in memory if the machine has a file system there. What is simulated is when a sync ends, and which part
//! of the write-ahead log is there afterwards: everything up to the begin of the last sync that ended, and as much of the rest as the
//! scenario says, to the byte. So a frame may be torn, and SQLite recovers the longest valid beginning, as after a real power cut.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hookstep_storage::{Driver, Syncing, Turn, Work};
use tokio::time::{Instant, sleep_until};

use crate::ledger::Fault;
use crate::plan::{End, Plant, Trouble};
use crate::world::World;
use crate::{Dice, ambient, past};

/// The file that only keeps room on a real disk.
const RESERVE: &str = "reserve";

/// What is known of the files of the host that runs.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    /// The data directory.
    pub(crate) dir: PathBuf,
    /// The write-ahead log.
    log: PathBuf,
    /// How much of the log is in use, and how much of it was synced, in bytes.
    used: u64,
    synced: u64,
    /// How many syncs there were.
    pub(crate) syncs: u64,
    /// How many directories there were.
    lives: u32,
}

impl Disk {
    /// What a killed process, or a power cut, leaves behind, in a directory of its own; `None` if it cannot be copied, or if the host
    /// is stopped and goes on in its directory.
    pub(crate) fn survivor(&mut self, end: End) -> Option<PathBuf> {
        let kept = match end {
            End::Stop => return None,
            End::Kill => self.used,
            End::PowerCut(lost) => {
                let unsynced = self.used.saturating_sub(self.synced);
                self.used - unsynced * u64::from(lost.min(100)) / 100
            }
        };
        self.lives += 1;
        let left = self.dir.with_extension(self.lives.to_string());
        let log = left.join(self.log.file_name().unwrap_or_default());
        let cut = || match File::options().write(true).open(&log) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            opened => opened?.set_len(kept),
        };
        copy(&self.dir, &left).and_then(|()| cut()).ok().map(|()| left)
    }
}

/// Copies a directory without its locks and its room.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (name, target) = (entry.file_name(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else if name != RESERVE && !name.to_string_lossy().ends_with("-shm") {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Does the work of the host's storage.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedDisk(pub(crate) World);

impl Driver for SimulatedDisk {
    fn drive(&self, work: Work) {
        let mut name = work.file().as_os_str().to_owned();
        name.push("-wal");
        let mut state = self.0.state();
        (state.disk.log, state.disk.used, state.disk.synced) = (name.into(), 0, 0);
        drop(state);
        tokio::spawn(run(self.0.clone(), work));
    }
}

/// A sync that runs: when it ends, and what is durable then.
struct Running {
    ends: Instant,
    bytes: u64,
    syncing: Syncing,
}

/// Commits what arrives, and syncs what is committed, one sync at a time.
async fn run(world: World, work: Work) {
    past::keep(&world, &work);
    let (mut running, mut is_dirty): (Option<Running>, bool) = (None, false);
    loop {
        let now = ambient::elapsed();
        if let Some(end) = stands_still(&world, now) {
            sleep_until(Instant::now() + (end - now)).await;
        }
        work.set_room(!is_full(&world));
        let turn = work.commit();
        if turn == Turn::Committed {
            world.state().disk.used = work.log_bytes();
            past::keep(&world, &work);
            is_dirty = true;
            if !world.step() {
                return;
            }
        }
        if is_dirty && running.is_none() {
            if world.scenario().plant == Some(Plant::SyncLies) {
                work.begin_sync().end(true);
            }
            let ends = Instant::now() + pause(&world);
            running = Some(Running { ends, bytes: work.log_bytes(), syncing: work.begin_sync() });
            is_dirty = false;
        }
        let arrived = work.arrived();
        match (turn, running.take()) {
            (Turn::Committed, still) => running = still,
            (Turn::Closed, None) => return,
            (Turn::Idle, None) => arrived.await,
            (Turn::Closed, Some(sync)) => {
                sleep_until(sync.ends).await;
                if !end(&world, sync) {
                    return;
                }
            }
            (Turn::Idle, Some(sync)) => {
                tokio::select! {
                    biased;
                    () = sleep_until(sync.ends) => {
                        if !end(&world, sync) {
                            return;
                        }
                    }
                    () = arrived => running = Some(sync),
                }
            }
        }
    }
}

/// The troubles of the disk at this time.
fn troubles(world: &World, now: Duration) -> impl Iterator<Item = (&Trouble, Duration)> {
    let ends = |trouble: &Trouble| Duration::from_millis(trouble.at + trouble.lasts);
    let begun = move |trouble: &&Trouble| Duration::from_millis(trouble.at) <= now && now < ends(trouble);
    world.scenario().troubles.iter().filter(begun).map(move |trouble| (trouble, ends(trouble)))
}

/// Until when the disk writes nothing, if it does not.
fn stands_still(world: &World, now: Duration) -> Option<Duration> {
    let (_, end) = troubles(world, now).find(|(trouble, _)| !trouble.is_full)?;
    let mut state = world.state();
    state.ledger.faults.push(Fault { at: now, event: None, of: "disk".to_owned() });
    drop(state);
    world.log(None, format!("the disk writes nothing for {} ms", (end - now).as_millis()));
    Some(end)
}

fn is_full(world: &World) -> bool {
    troubles(world, ambient::elapsed()).any(|(trouble, _)| trouble.is_full)
}

/// Ends a sync; returns false if the host does not come any further.
fn end(world: &World, sync: Running) -> bool {
    let mut state = world.state();
    state.disk.synced = sync.bytes;
    drop(state);
    // The answers may not have left yet when the process ends.
    if !world.step() {
        return false;
    }
    sync.syncing.end(true);
    true
}

/// How long the next sync takes.
fn pause(world: &World) -> Duration {
    let mut state = world.state();
    state.disk.syncs += 1;
    let scenario = world.scenario();
    let micros = Dice::of(scenario.seed, "sync", state.disk.syncs).between(50, scenario.sync_micros.max(50));
    Duration::from_micros(micros)
}
