//! What sends in the background.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The task that sends again and again, until it is told to finish.
#[derive(Debug)]
pub struct Exporting {
    finish: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// What has something to send.
pub(crate) trait Export: Send + 'static {
    fn export(&mut self) -> impl Future<Output = ()> + Send;
}

impl Exporting {
    pub(crate) fn every(interval: Duration, mut what: impl Export) -> Self {
        let (finish, mut finishing) = oneshot::channel();
        let task = tokio::spawn(async move {
            // An interval of zero would be none.
            let mut ticks = tokio::time::interval(interval.max(Duration::from_millis(1)));
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            let mut is_finishing = false;
            while !is_finishing {
                tokio::select! {
                    _ = ticks.tick() => {}
                    _ = &mut finishing => is_finishing = true,
                }
                what.export().await;
            }
        });
        Self { finish, task }
    }

    /// Sends what is left.
    pub async fn finish(self) {
        let _ = self.finish.send(());
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the last spans or metrics were not sent");
        }
    }
}
