//! Changes on their way through the writer and the syncer.

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::StorageError;

/// Whether a change may be refused when there is little room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// Work that nobody has been promised yet: refused when the free space is below the floor.
    #[default]
    New,
    /// Part of work that was accepted: waits until there is room.
    Accepted,
}

/// What a change is answered after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// When the change is on the disk, as the [`Durability`](crate::Durability) of the storage says.
    WhenDurable,
    /// When every reader sees the change. It is durable no later than any change that is made after it, and after 20
    /// milliseconds at the latest, unless the disk takes longer.
    WhenVisible,
}

/// A change, with what is to be done when it is finished. It may be run several times, each time in a transaction of
/// which the one before was rolled back.
pub(crate) trait Job: Send {
    /// Runs the change and keeps its result.
    fn run(&mut self, connection: &Connection) -> Result<(), rusqlite::Error>;
    /// Answers: with the result that was kept, or with an error.
    fn finish(self: Box<Self>, outcome: Result<(), StorageError>);
    fn priority(&self) -> Priority;
    fn answer(&self) -> Answer;
}

pub(crate) struct Change<F, R> {
    pub(crate) change: F,
    pub(crate) priority: Priority,
    pub(crate) answer: Answer,
    pub(crate) result: Option<R>,
    /// `None` if nobody waits.
    pub(crate) reply: Option<oneshot::Sender<Result<R, StorageError>>>,
}

impl<F, R> Job for Change<F, R>
where
    F: FnMut(&Connection) -> Result<R, rusqlite::Error> + Send,
    R: Send,
{
    fn run(&mut self, connection: &Connection) -> Result<(), rusqlite::Error> {
        self.result = Some((self.change)(connection)?);
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: Result<(), StorageError>) {
        let Self { change, result, reply, .. } = *self;
        drop(change);
        let answer = outcome.and_then(|()| result.ok_or(StorageError::Closed));
        match reply {
            // The caller may have gone away.
            Some(reply) => drop(reply.send(answer)),
            None => {
                if let Err(error) = answer {
                    tracing::error!(%error, "a change that nobody waits for was not written");
                }
            }
        }
    }

    fn priority(&self) -> Priority {
        self.priority
    }

    fn answer(&self) -> Answer {
        self.answer
    }
}
