//! The history of an execution: one JSON object per line.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hookstep_asl::Event;

/// A history that events are appended to. Most histories are never read, so their events become text only when
/// it is asked for.
#[derive(Debug, Default)]
pub(crate) struct History(Mutex<Parts>);

#[derive(Debug, Default)]
struct Parts {
    /// What is text already.
    text: String,
    /// The events after it.
    events: Vec<Event>,
}

impl History {
    /// Continues an existing history.
    pub(crate) fn new(so_far: String) -> Self {
        Self(Mutex::new(Parts { text: so_far, events: Vec::new() }))
    }

    /// Appends an event.
    pub(crate) fn push(&self, event: Event) {
        self.lock().events.push(event);
    }

    /// The whole history so far.
    pub(crate) fn text(&self) -> String {
        let mut parts = self.lock();
        for event in std::mem::take(&mut parts.events) {
            match serde_json::to_string(&event) {
                Ok(line) => {
                    parts.text.push_str(&line);
                    parts.text.push('\n');
                }
                Err(error) => tracing::error!(%error, "an event of a history could not be written"),
            }
        }
        parts.text.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Parts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
