//! Schedules, made and deleted with AWS's own client, and what they start.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::error::ProvideErrorMetadata;
use aws_sdk_scheduler::types::{FlexibleTimeWindow, FlexibleTimeWindowMode, Target};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tempfile::TempDir;

use super::*;
use crate::clients;
use crate::states::{ExecutionBackend, ExecutionRecord, StartAllRequest, StartedExecution, SyncResult};

const GROUP: &str = "retries";

/// Executions of which the first ones cannot be started.
#[derive(Clone, Default)]
struct Backend {
    refused: Arc<AtomicUsize>,
    started: Arc<Mutex<Vec<StartRequest>>>,
}

impl ExecutionBackend for Backend {
    fn start(&self, request: StartRequest) -> BoxFuture<'_, Result<StartedExecution, ServiceError>> {
        async move {
            let take = |left: usize| left.checked_sub(1);
            if self.refused.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
                return Err(internal("the disk is full".to_owned()));
            }
            self.started.lock().unwrap().push(request);
            Ok(StartedExecution { arn: "arn".to_owned(), started_at: 0 })
        }
        .boxed()
    }

    fn start_all(&self, _: StartAllRequest) -> BoxFuture<'_, Result<(), ServiceError>> {
        async { panic!("a schedule starts one execution") }.boxed()
    }

    fn run(&self, _: StartRequest) -> BoxFuture<'_, Result<SyncResult, ServiceError>> {
        async { panic!("nobody waits for a scheduled execution") }.boxed()
    }

    fn stop<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<i64, ServiceError>> {
        async { panic!("a schedule stops nothing") }.boxed()
    }

    fn find<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<ExecutionRecord>, ServiceError>> {
        async { panic!("a schedule looks for nothing") }.boxed()
    }
}

fn schedules(dir: &TempDir) -> (Schedules, Client) {
    let tables = Tables::open(&dir.path().join("tables.sqlite")).unwrap();
    let schedules = Schedules::new(tables, GROUP, Sources::system());
    (schedules.clone(), clients::scheduler(schedules))
}

async fn make(client: &Client, group: &str, name: &str, at: &str) -> Result<(), String> {
    let target = Target::builder().arn("machine").role_arn("role").input(format!("{{\"of\": \"{name}\"}}"));
    let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build().unwrap();
    let made = client
        .create_schedule()
        .name(name)
        .group_name(group)
        .schedule_expression(at)
        .flexible_time_window(window)
        .target(target.build().unwrap())
        .send()
        .await;
    made.map(drop).map_err(|error| error.into_service_error().code().unwrap_or_default().to_owned())
}

async fn is_there(client: &Client, name: &str) -> bool {
    client.get_schedule().group_name(GROUP).name(name).send().await.is_ok()
}

#[tokio::test]
async fn schedules_start_in_the_order_of_their_moments_and_a_refused_start_is_repeated() {
    let dir = TempDir::new().unwrap();
    let (_, client) = schedules(&dir);
    make(&client, GROUP, "second", "at(2026-01-02T03:04:06)").await.unwrap();
    make(&client, GROUP, "first", "at(2026-01-02T03:04:05)").await.unwrap();
    make(&client, GROUP, "later", "at(2999-01-02T03:04:05)").await.unwrap();

    // Another process finds them on the disk.
    let (schedules, client) = schedules(&dir);
    let backend = Backend::default();
    let running = tokio::spawn(schedules.run(States::new(backend.clone())));
    until(async || !is_there(&client, "second").await).await;
    let names = || -> Vec<String> {
        let started = backend.started.lock().unwrap();
        started.iter().map(|start| start.name.clone().unwrap()).collect()
    };
    assert_eq!(names(), ["first", "second"]);
    assert_eq!(backend.started.lock().unwrap()[0].input.as_deref(), Some("{\"of\": \"first\"}"));
    assert!(is_there(&client, "later").await && !is_there(&client, "first").await);

    backend.refused.store(1, Ordering::Relaxed);
    make(&client, GROUP, "refused", "at(2026-01-02T03:04:05)").await.unwrap();
    make(&client, GROUP, "beside", "at(2026-01-02T03:04:06)").await.unwrap();
    until(async || !is_there(&client, "refused").await).await;
    assert_eq!(names()[2..], ["beside", "refused"], "one that fails holds up no other");
    running.abort();
}

#[tokio::test]
async fn what_the_service_refuses_is_refused() {
    let dir = TempDir::new().unwrap();
    let (_, client) = schedules(&dir);
    make(&client, GROUP, "a", "at(2999-01-02T03:04:05)").await.unwrap();
    for (group, name, at, error) in [
        (GROUP, "a", "at(2999-01-02T03:04:06)", "ConflictException"),
        (GROUP, "b", "at(tomorrow)", "ValidationException"),
        ("others", "b", "at(2999-01-02T03:04:05)", "ResourceNotFoundException"),
    ] {
        assert_eq!(make(&client, group, name, at).await, Err(error.to_owned()), "{name} {at}");
    }
    client.delete_schedule().group_name(GROUP).name("a").send().await.unwrap();
    let again = client.delete_schedule().group_name(GROUP).name("a").send().await.unwrap_err();
    assert!(again.into_service_error().is_resource_not_found_exception());
    make(&client, GROUP, "a", "at(2999-01-02T03:04:06)").await.unwrap();
}

#[test]
fn the_pause_before_a_start_is_repeated_grows_up_to_a_minute() {
    assert_eq!([0, 1, 5, 6, 100].map(|failures| pause_after(failures).as_secs()), [1, 2, 32, 60, 60]);
}

async fn until(is_so: impl AsyncFn() -> bool) {
    for _ in 0..3000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within 30 seconds");
}
