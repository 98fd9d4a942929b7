//! A host that serves on its own threads, as a separate process would. The threads, and all their work, end
//! with the host.
#![expect(clippy::unwrap_used, reason = "a host that does not serve fails the test")]

use std::net::TcpListener;
use std::time::{Duration, Instant};

use hookstep_host::{Host, Limits, OpenError, Options, Server as HttpServer};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::life::{Life, Watch, raced};

/// How long the threads may take to finish work that cannot be interrupted, such as a write to disk.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// The threads of a host, and the task that owns its port.
pub(crate) struct Server {
    /// `Some` until dropped.
    threads: Option<Runtime>,
    task: Option<JoinHandle<()>>,
    stop: Option<oneshot::Sender<()>>,
    life: Life,
    _watch: Watch,
}

impl Server {
    /// Opens a host and serves it on the port of `listener`.
    pub(super) async fn start(options: Options, listener: TcpListener) -> (Host, Self) {
        let life = Life::new();
        let employer = life.clone();
        let threads = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .on_thread_start(move || employer.employ_this_thread())
            .build()
            .unwrap();
        let watch = life.watch();
        let mut server = Self { threads: Some(threads), task: None, stop: None, life, _watch: watch };
        let host = raced(server.spawn(open(options))).await.unwrap();
        server.serve(&host, listener);
        (host, server)
    }

    fn spawn<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.threads.as_ref().unwrap().spawn(work)
    }

    fn serve(&mut self, host: &Host, listener: TcpListener) {
        listener.set_nonblocking(true).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let router = host.router();
        let task = self.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let server = HttpServer::start(listener, router, Limits::default());
            let _ = stopped.await;
            server.stop(tokio::time::Instant::now() + SHUTDOWN_TIMEOUT).await;
        });
        (self.task, self.stop) = (Some(task), Some(stop));
    }

    /// Finishes the accepted requests and returns when the port is closed.
    pub(super) async fn stop(&mut self) {
        drop(self.stop.take());
        raced(self.task.as_mut().unwrap()).await.unwrap();
    }
}

/// Opens a host. A process that another test starts at this moment holds the lock of an earlier host on the directory until
/// its program is loaded.
async fn open(options: Options) -> Host {
    let start = Instant::now();
    loop {
        match Host::open(options.clone()).await {
            Err(OpenError::InUse) if start.elapsed() < SHUTDOWN_TIMEOUT => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            opened => return opened.unwrap(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let threads = self.threads.take();
        // A runtime cannot be shut down from within a task of another runtime.
        let end = move || threads.map(|threads| threads.shutdown_timeout(SHUTDOWN_TIMEOUT));
        let ended = std::thread::spawn(end).join();
        if std::thread::panicking() {
            return;
        }
        assert!(ended.is_ok(), "the host's threads did not end");
        assert_eq!(self.life.cause_of_death(), None, "the host died");
        // The task owns the listener.
        assert!(self.task.as_ref().is_none_or(JoinHandle::is_finished), "the host's port is still open");
    }
}
