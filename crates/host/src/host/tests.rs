//! A dropped host leaves no threads or open files in its process.

use std::path::Path;
use std::time::Duration;

use hookstep_contract::limits::{INLINE_BYTES, SYNC_BUDGET};
use hookstep_contract::{MachineKind, Publish};
use hookstep_egress::Policy;
use hookstep_expression::Sandbox;
use tempfile::TempDir;

use super::*;
use crate::MetricsOptions;

async fn open(dir: &Path) -> Host {
    let options = Options {
        data_dir: dir.to_owned(),
        public_url: "http://localhost".to_owned(),
        policy: Policy { allow_http_targets: true, allow_private_targets: true },
        inline_limit: INLINE_BYTES,
        sync_budget: SYNC_BUDGET,
        keep_bodies: true,
        publish: Publish::All,
        health_rules: hookstep_contract::HealthRules::default(),
        mailer: None,
        frame_origins: hookstep_contract::FrameOrigins::default(),
        static_ips: String::new(),
        sandbox: Sandbox::new(""),
        async_workflow: MachineKind::Express,
        histories: hookstep_engine::Histories::Failed,
        table_gate: None,
        task_faults: None,
        network: None,
        storage_driver: None,
        durability: hookstep_storage::Durability::Disk,
        metrics: MetricsOptions::default(),
        bodies_in_state: false,
        spans: None,
        sources: Sources::system(),
    };
    Host::open(options).await.unwrap()
}

/// The number of files in the directory that this process has open: each of the host's threads holds one.
fn open_files(dir: &Path) -> usize {
    let files = std::fs::read_dir("/proc/self/fd").unwrap();
    let paths = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
    paths.filter(|path| path.starts_with(dir)).count()
}

async fn until_all_are_closed(dir: &Path) {
    for _ in 0..3000 {
        if open_files(dir) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} files are open after 30 seconds", open_files(dir));
}

#[tokio::test]
async fn a_host_that_is_dropped_or_stopped_leaves_no_thread_and_no_open_file() {
    let dir = TempDir::new().unwrap();
    let host = open(dir.path()).await;
    // The storage, its write-ahead log and the lock.
    assert!(open_files(dir.path()) >= 3);
    drop(host);
    until_all_are_closed(dir.path()).await;

    let host = open(dir.path()).await;
    host.create_token(NewToken::admin("acme".parse().unwrap())).await.unwrap();
    host.stop().await;
    until_all_are_closed(dir.path()).await;
}

#[tokio::test]
async fn a_directory_is_free_as_soon_as_its_host_is_gone() {
    let dir = TempDir::new().unwrap();
    for _ in 0..3 {
        let host = open(dir.path()).await;
        drop(host);
    }
}
