//! The places of the executions of this process, and those that wait for one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hookstep_contract::MachineKind;
use tokio::sync::{Notify, oneshot};

use crate::activity::Counts;
use crate::executions::Stage;
use crate::journal::Ended;
use crate::machines::kind_of_execution;
use crate::places::{Count, Places};
use crate::ports::Share;

/// The number of places. This equals the Lambda concurrency of a new AWS account.
pub(crate) const PLACES: usize = 1000;

/// The number of places that are busy at most. It is large enough for the processors to have work while some executions
/// wait for a commit, and so small that an execution of another org need not wait for many on its way.
const BUSY: usize = 64;

/// So many of those that wait are kept in memory, which spares short waits a read of the journal. Each takes a few
/// kilobytes: its input refers to the body.
pub(crate) const KEPT: usize = 2000;

/// Lets executions run as there are places.
pub(crate) struct Admission {
    places: Mutex<Places<Entrant>>,
    /// A place has become free, and somebody waits.
    freed: Notify,
    counts: Counts,
}

/// An execution that wants a place.
pub(crate) struct Entrant {
    pub(crate) arn: String,
    /// Without it, the execution is read from the journal once it has a place.
    pub(crate) stage: Option<Box<Stage>>,
    pub(crate) report: Option<oneshot::Sender<Ended>>,
}

/// A place, held until it is dropped.
pub(crate) struct Place {
    admission: Arc<Admission>,
    share: Share,
    is_busy: AtomicBool,
}

impl Admission {
    pub(crate) fn new(counts: Counts) -> Self {
        let places = Mutex::new(Places::new(Count { places: PLACES, busy: BUSY }));
        Self { places, freed: Notify::new(), counts }
    }

    /// Takes a place for an execution. Without one, the execution waits.
    pub(crate) fn arrive(self: &Arc<Self>, share: Share, mut entrant: Entrant) -> Option<(Place, Entrant)> {
        let mut places = self.lock();
        if places.take(&share) {
            return Some((self.place(share), entrant));
        }
        // A standard execution may be stopped while it waits, which the journal tells.
        if places.waiting() >= KEPT || kind_of_execution(&entrant.arn) == MachineKind::Standard {
            entrant.stage = None;
        }
        places.wait(&share, entrant);
        self.counts.set_queued(places.waiting());
        None
    }

    /// Returns when there may be a place for somebody who waits.
    pub(crate) async fn freed(&self) {
        self.freed.notified().await;
    }

    /// Takes a place for the next execution that waits, if there is one for it.
    pub(crate) fn next(self: &Arc<Self>) -> Option<(Place, Entrant)> {
        let mut places = self.lock();
        let (share, entrant) = places.next()?;
        self.counts.set_queued(places.waiting());
        Some((self.place(share), entrant))
    }

    /// Leaves those that wait to the next start of the engine, unless a caller waits for them.
    pub(crate) fn keep_waited_for(&self) {
        let mut places = self.lock();
        places.keep_waiting(Entrant::is_waited_for);
        self.counts.set_queued(places.waiting());
    }

    fn place(self: &Arc<Self>, share: Share) -> Place {
        Place { admission: Arc::clone(self), share, is_busy: AtomicBool::new(true) }
    }

    /// Changes what is held.
    fn give_back(&self, change: impl FnOnce(&mut Places<Entrant>)) {
        let mut places = self.lock();
        change(&mut places);
        if places.waiting() > 0 {
            self.freed.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Places<Entrant>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The execution waits for somebody outside, or for a moment. What it does after that is not counted as busy: it comes
    /// as fast as the outside answers, and must not wait for those that begin.
    pub(crate) fn rest(&self) {
        if self.is_busy.swap(false, Ordering::Relaxed) {
            self.admission.give_back(|places| places.rest(&self.share));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let busy = usize::from(*self.is_busy.get_mut());
        self.admission.give_back(|places| places.leave(&self.share, busy));
    }
}

impl Entrant {
    pub(crate) fn new(mut stage: Box<Stage>) -> Self {
        let (arn, report) = (stage.execution.id.clone(), stage.report.take());
        Self { arn, stage: Some(stage), report }
    }

    /// Whether a caller waits for the end.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.report.as_ref().is_some_and(|report| !report.is_closed())
    }
}
