//! The history of an execution as text, one JSON object per line.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hookstep_asl::Event;

/// A history that events are appended to.
#[derive(Debug, Default)]
pub(crate) struct History(Mutex<String>);

impl History {
    /// Continues an existing history.
    pub(crate) fn new(so_far: String) -> Self {
        Self(Mutex::new(so_far))
    }

    /// Appends an event.
    pub(crate) fn push(&self, event: &Event) {
        match serde_json::to_string(event) {
            Ok(line) => {
                let mut text = self.lock();
                text.push_str(&line);
                text.push('\n');
            }
            Err(error) => tracing::error!(%error, "an event of a history could not be written"),
        }
    }

    /// The whole history so far.
    pub(crate) fn text(&self) -> String {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
