//! Goes through a queue, and puts back what it understands.

use std::collections::HashSet;
use std::time::Duration;

use hookstep_contract::Timestamp;

use super::message::{Action, Message};
use crate::settings::BoxError;

/// How long a message that is only looked at stays hidden from others, among them the run that follows.
const GLANCE: Duration = Duration::from_secs(10);

/// How long a message that is put back stays hidden: longer than that takes.
const WORK: Duration = Duration::from_secs(60);

/// After how many batches in a row that bring nothing new the queue counts as seen.
const STALE_BATCHES: usize = 3;

/// A message of a queue.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) id: String,
    /// By which it is deleted.
    pub(super) receipt: String,
    pub(super) body: String,
    pub(super) sent_at: Option<Timestamp>,
    /// The name of the error, if the queue has it beside the body.
    pub(super) cause: Option<String>,
}

/// A queue of messages.
pub(super) trait Queue {
    /// Some messages, which are then hidden for a while; none if there are no more than `seen` in the queue.
    async fn receive(&self, seen: usize, hidden_for: Duration) -> Result<Vec<Received>, BoxError>;
    /// Removes a message.
    async fn delete(&self, message: &Received) -> Result<(), BoxError>;
}

/// What puts a message back.
pub(super) trait Target {
    /// Returns once the start is accepted.
    async fn act(&self, action: &Action) -> Result<(), BoxError>;
}

/// What became of a message.
#[derive(Debug)]
pub(super) enum Fate {
    /// It would be put back.
    Planned(Message),
    /// It was put back, and is no longer in the queue.
    PutBack(Message),
    /// It could not be put back, and stays.
    Failed(Message, BoxError),
    /// It is not understood, and stays.
    Unknown,
}

/// How many messages met which fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Put back, or to be put back in a dry run.
    pub(super) put_back: usize,
    pub(super) failed: usize,
    pub(super) unknown: usize,
}

/// Goes through a queue, and tells what becomes of each message. Without `for_real`, nothing is changed.
pub(super) async fn redrive(
    queue: &impl Queue,
    target: &impl Target,
    for_real: bool,
    mut tell: impl FnMut(&Received, &Fate) -> std::io::Result<()>,
) -> Result<Tally, BoxError> {
    let (mut seen, mut tally) = (HashSet::new(), Tally::default());
    let (hidden_for, mut stale_batches) = (if for_real { WORK } else { GLANCE }, 0);
    let mut deleted = 0;
    while stale_batches < STALE_BATCHES {
        let batch = queue.receive(seen.len() - deleted, hidden_for).await?;
        if batch.is_empty() {
            break;
        }
        let before = seen.len();
        for message in batch {
            if !seen.insert(message.id.clone()) {
                continue;
            }
            let fate = meet(queue, target, for_real, &message).await?;
            match &fate {
                Fate::Planned(_) => tally.put_back += 1,
                Fate::PutBack(_) => (tally.put_back, deleted) = (tally.put_back + 1, deleted + 1),
                Fate::Failed(..) => tally.failed += 1,
                Fate::Unknown => tally.unknown += 1,
            }
            tell(&message, &fate)?;
        }
        stale_batches = if seen.len() > before { 0 } else { stale_batches + 1 };
    }
    Ok(tally)
}

async fn meet(
    queue: &impl Queue,
    target: &impl Target,
    for_real: bool,
    received: &Received,
) -> Result<Fate, BoxError> {
    let Some(message) = Message::read(&received.body) else { return Ok(Fate::Unknown) };
    if !for_real {
        return Ok(Fate::Planned(message));
    }
    if let Err(error) = target.act(&message.action).await {
        return Ok(Fate::Failed(message, error));
    }
    // To put a message back twice is harmless, but to lose one is not.
    queue.delete(received).await?;
    Ok(Fate::PutBack(message))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    const ID: &str = "0190a000-0000-7000-8000-00000000000a";

    /// A queue that never hides anything, as SQS may.
    #[derive(Default)]
    struct Fake {
        messages: RefCell<Vec<Received>>,
        done: RefCell<Vec<Action>>,
        refuses: bool,
    }

    impl Fake {
        fn of(bodies: &[&str]) -> Self {
            let received = |(number, body): (usize, &&str)| Received {
                id: number.to_string(),
                receipt: format!("r{number}"),
                body: (*body).to_owned(),
                sent_at: None,
                cause: None,
            };
            let messages = RefCell::new(bodies.iter().enumerate().map(received).collect());
            Self { messages, ..Self::default() }
        }
    }

    impl Queue for Fake {
        async fn receive(&self, _: usize, _: Duration) -> Result<Vec<Received>, BoxError> {
            Ok(self.messages.borrow().iter().take(10).cloned().collect())
        }

        async fn delete(&self, message: &Received) -> Result<(), BoxError> {
            self.messages.borrow_mut().retain(|other| other.receipt != message.receipt);
            Ok(())
        }
    }

    impl Target for Fake {
        async fn act(&self, action: &Action) -> Result<(), BoxError> {
            if self.refuses {
                return Err("refused".into());
            }
            self.done.borrow_mut().push(action.clone());
            Ok(())
        }
    }

    async fn run(fake: &Fake, for_real: bool) -> Tally {
        redrive(fake, fake, for_real, |_, _| Ok(())).await.unwrap()
    }

    #[tokio::test]
    async fn a_message_leaves_the_queue_only_when_its_start_was_accepted() {
        let resume = format!(
            r#"{{"resume":{{"version":1,"event":{{"event_id":"{ID}","config_id":"{ID}"}},"number":2}}}}"#
        );
        let bodies = [resume.as_str(), "what is this?", &resume];
        let all = Tally { put_back: 2, failed: 0, unknown: 1 };

        let dry = Fake::of(&bodies);
        assert_eq!(run(&dry, false).await, all);
        assert_eq!((dry.messages.borrow().len(), dry.done.borrow().len()), (3, 0));

        let refusing = Fake { refuses: true, ..Fake::of(&bodies) };
        assert_eq!(run(&refusing, true).await, Tally { put_back: 0, failed: 2, unknown: 1 });
        assert_eq!(refusing.messages.borrow().len(), 3);

        let real = Fake::of(&bodies);
        assert_eq!(run(&real, true).await, all);
        assert_eq!((real.messages.borrow().len(), real.done.borrow().len()), (1, 2));
        assert_eq!(real.messages.borrow()[0].body, "what is this?");
    }

    #[tokio::test]
    async fn a_queue_longer_than_a_batch_is_emptied() {
        let resume = format!(
            r#"{{"resume":{{"version":1,"event":{{"event_id":"{ID}","config_id":"{ID}"}},"number":2}}}}"#
        );
        let fake = Fake::of(&vec![resume.as_str(); 35]);
        assert_eq!(run(&fake, true).await, Tally { put_back: 35, failed: 0, unknown: 0 });
        assert!(fake.messages.borrow().is_empty());
    }
}
