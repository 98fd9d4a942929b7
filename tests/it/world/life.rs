//! Whether the host of a test still lives. When it dies, the test fails where it waits, with the host's error, instead of
//! waiting until its patience ends.
#![expect(clippy::unwrap_used, reason = "a host that is not watched ends the test")]

use std::cell::RefCell;
use std::panic;
use std::sync::{Arc, Once};

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::watch;

thread_local! {
    /// The host that this thread works for.
    static EMPLOYER: RefCell<Option<Life>> = const { RefCell::new(None) };

    /// The hosts that the test of this thread depends on.
    static WATCHED: RefCell<Vec<Life>> = const { RefCell::new(Vec::new()) };
}

/// The life of a host: `None` until something has ended it.
#[derive(Clone)]
pub(crate) struct Life(Arc<watch::Sender<Option<String>>>);

impl Life {
    pub(crate) fn new() -> Self {
        report_panics();
        Self(Arc::new(watch::Sender::new(None)))
    }

    /// To be called by every thread of the host: a panic there is the host's death.
    pub(crate) fn employ_this_thread(&self) {
        EMPLOYER.set(Some(self.clone()));
    }

    /// Until the answer is dropped, what is awaited on this thread by [`raced`] fails when the host dies.
    pub(crate) fn watch(&self) -> Watch {
        WATCHED.with_borrow_mut(|watched| watched.push(self.clone()));
        Watch(self.clone())
    }

    /// Keeps the first cause: what follows is a consequence.
    pub(crate) fn end(&self, cause: impl ToString) {
        self.0.send_if_modified(|known| {
            let is_first = known.is_none();
            known.get_or_insert_with(|| cause.to_string());
            is_first
        });
    }

    /// What the host died of.
    pub(crate) fn cause_of_death(&self) -> Option<String> {
        self.0.borrow().clone()
    }

    async fn ended(self) -> String {
        let mut life = self.0.subscribe();
        life.wait_for(Option::is_some).await.unwrap().clone().unwrap()
    }
}

/// That a test depends on a host.
pub(crate) struct Watch(Life);

impl Drop for Watch {
    fn drop(&mut self) {
        WATCHED.with_borrow_mut(|watched| watched.retain(|life| !Arc::ptr_eq(&life.0, &self.0.0)));
    }
}

/// Waits, unless a host that this test depends on dies first: then the test fails with what it died of.
pub(crate) async fn raced<T>(awaited: impl Future<Output = T>) -> T {
    let mut deaths: FuturesUnordered<_> =
        WATCHED.with_borrow(Vec::clone).into_iter().map(Life::ended).collect();
    tokio::select! {
        biased;
        Some(cause) = deaths.next() => panic!("the host died: {cause}"),
        value = awaited => value,
    }
}

/// A task that panics takes nobody with it: tokio keeps the panic for whoever joins the task, and nobody joins the host's.
fn report_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            // A thread that ends may have no locals any more.
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
