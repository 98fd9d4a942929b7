//! Tracks whether a test's host is alive. When the host dies, the waiting test fails at once with the host's
//! error instead of running into its timeout.
#![expect(clippy::unwrap_used, reason = "a host that is not watched fails the test")]

use std::cell::RefCell;
use std::panic;
use std::sync::{Arc, Once};

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::watch;

thread_local! {
    /// The host that this thread works for.
    static EMPLOYER: RefCell<Option<Life>> = const { RefCell::new(None) };

    /// The hosts that this thread's test depends on.
    static WATCHED: RefCell<Vec<Life>> = const { RefCell::new(Vec::new()) };
}

/// The state of a host: `None` until something has ended it.
#[derive(Clone)]
pub(crate) struct Life(Arc<watch::Sender<Option<String>>>);

impl Life {
    pub(crate) fn new() -> Self {
        report_panics();
        Self(Arc::new(watch::Sender::new(None)))
    }

    /// Must be called by every thread of the host: a panic on that thread then counts as the host's death.
    pub(crate) fn employ_this_thread(&self) {
        EMPLOYER.set(Some(self.clone()));
    }

    /// Until the returned value is dropped, every wait through [`raced`] on this thread fails when the host
    /// dies.
    pub(crate) fn watch(&self) -> Watch {
        WATCHED.with_borrow_mut(|watched| watched.push(self.clone()));
        Watch(self.clone())
    }

    /// Keeps only the first cause; later ones are consequences.
    pub(crate) fn end(&self, cause: impl ToString) {
        self.0.send_if_modified(|known| {
            let is_first = known.is_none();
            known.get_or_insert_with(|| cause.to_string());
            is_first
        });
    }

    /// Why the host died.
    pub(crate) fn cause_of_death(&self) -> Option<String> {
        self.0.borrow().clone()
    }

    async fn ended(self) -> String {
        let mut life = self.0.subscribe();
        life.wait_for(Option::is_some).await.unwrap().clone().unwrap()
    }
}

/// Marks a test as depending on a host.
pub(crate) struct Watch(Life);

impl Drop for Watch {
    fn drop(&mut self) {
        WATCHED.with_borrow_mut(|watched| watched.retain(|life| !Arc::ptr_eq(&life.0, &self.0.0)));
    }
}

/// Waits, unless a host that this test depends on dies first: then the test fails with the cause of death.
pub(crate) async fn raced<T>(awaited: impl Future<Output = T>) -> T {
    let mut deaths: FuturesUnordered<_> =
        WATCHED.with_borrow(Vec::clone).into_iter().map(Life::ended).collect();
    tokio::select! {
        biased;
        Some(cause) = deaths.next() => panic!("the host died: {cause}"),
        value = awaited => value,
    }
}

/// A panicking task does not stop the host: tokio keeps the panic for whoever joins the task, and nobody
/// joins the host's tasks.
fn report_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            // The thread may be exiting, with its thread-locals already destroyed.
            let _ = EMPLOYER.try_with(|employer| {
                if let Ok(employer) = employer.try_borrow()
                    && let Some(life) = &*employer
                {
                    life.end(panic);
                }
            });
            report(panic);
        }));
    });
}
