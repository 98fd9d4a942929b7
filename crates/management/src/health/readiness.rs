//! Whether an event can be taken right now.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hookstep_store::Configs;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How long a result is given again. Anybody may ask, so asking often must not become load.
const CACHE_TTL: Duration = Duration::from_secs(1);

/// A disk or a table that takes longer is as good as none; the checks of load balancers wait about as long.
const TIMEOUT: Duration = Duration::from_secs(3);

/// An event cannot be taken right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotReady {
    /// Why not, for everybody to read.
    pub detail: &'static str,
}

/// What must work for an event to be taken.
pub trait Probe: Send + Sync + 'static {
    /// Tries it. The causes of a failure are logged here.
    fn probe(&self) -> BoxFuture<'_, Result<(), NotReady>>;
}

/// On AWS, the table of webhooks answers.
impl Probe for Configs {
    fn probe(&self) -> BoxFuture<'_, Result<(), NotReady>> {
        async {
            self.check().await.map_err(|error| {
                tracing::error!(
                    error.chain = hookstep_contract::error_chain(&error),
                    "the tables do not answer"
                );
                NotReady { detail: "the tables do not answer" }
            })
        }
        .boxed()
    }
}

/// The result of the last probe.
type Last = Option<(Instant, Result<(), NotReady>)>;

/// Asks a [`Probe`], at most once a second.
#[derive(Clone)]
pub struct Readiness {
    probe: Arc<dyn Probe>,
    last: Arc<Mutex<Last>>,
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readiness")
    }
}

impl Readiness {
    /// Readiness as this probe finds it.
    pub fn new(probe: impl Probe) -> Self {
        Self { probe: Arc::new(probe), last: Arc::default() }
    }

    /// Whether an event can be taken. Whoever asks during a probe waits for its result.
    pub(crate) async fn check(&self) -> Result<(), NotReady> {
        let mut last = self.last.lock().await;
        if let Some((at, result)) = *last
            && at.elapsed() < CACHE_TTL
        {
            return result;
        }
        let late = NotReady { detail: "storage does not answer in time" };
        let result = timeout(TIMEOUT, self.probe.probe()).await.unwrap_or(Err(late));
        *last = Some((Instant::now(), result));
        result
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Counts how often it is asked, and answers after a while.
    struct Counting(Arc<AtomicUsize>, Duration);

    impl Probe for Counting {
        fn probe(&self) -> BoxFuture<'_, Result<(), NotReady>> {
            self.0.fetch_add(1, Ordering::Relaxed);
            async {
                tokio::time::sleep(self.1).await;
                Ok(())
            }
            .boxed()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn many_questions_are_one_probe_a_second() {
        let asked = Arc::default();
        let readiness = Readiness::new(Counting(Arc::clone(&asked), Duration::from_millis(100)));
        let questions = (0..50).map(|_| readiness.check());
        assert!(futures_util::future::join_all(questions).await.into_iter().all(|result| result.is_ok()));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        tokio::time::sleep(CACHE_TTL).await;
        readiness.check().await.unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn storage_that_hangs_is_not_ready() {
        let readiness = Readiness::new(Counting(Arc::default(), Duration::from_secs(3600)));
        assert!(readiness.check().await.is_err());
    }
}
