//! A test that leaves something behind fails, and so does one whose host dies.

use std::future::pending;

use tokio::process::Command;
use tokio::runtime::Builder;

use crate::world::life::{Life, raced};
use crate::world::process::Process;
use crate::world::{Dir, until};

#[tokio::test]
#[should_panic(expected = "the disk is full")]
async fn a_panic_on_a_thread_of_the_host_ends_what_is_awaited() {
    let life = Life::new();
    let employer = life.clone();
    let host = Builder::new_multi_thread()
        .worker_threads(1)
        .on_thread_start(move || employer.employ_this_thread())
        .build()
        .unwrap();
    let _watch = life.watch();
    let task = host.spawn(async { panic!("the disk is full") });
    assert!(task.await.unwrap_err().is_panic());
    host.shutdown_background();
    raced(pending::<()>()).await;
}

#[tokio::test]
#[should_panic(expected = "a process of this test ended by itself: exit status: 7")]
async fn a_process_that_ends_before_its_test_does_is_noticed() {
    let mut process = Process::start(Command::new("sh").args(["-c", "echo $$; exit 7"]));
    let id = process.line("").await;
    // The process has ended, and nobody has waited for it.
    until("the process is a zombie", async || stat(&id).is_some_and(|stat| stat.contains(") Z "))).await;
    drop(process);
}

#[tokio::test]
async fn a_process_does_not_outlive_its_test() {
    let mut process = Process::start(Command::new("sh").args(["-c", "echo $$; exec sleep 600"]));
    let id = process.line("").await;
    assert!(stat(&id).is_some());
    drop(process);
    assert_eq!(stat(&id), None);
}

/// The process's status according to Linux.
fn stat(id: &str) -> Option<String> {
    std::fs::read_to_string(format!("/proc/{id}/stat")).ok()
}

#[test]
fn a_directory_goes_with_all_that_is_in_it() {
    let dir = Dir::new();
    let path = dir.path().to_owned();
    std::fs::create_dir(path.join("inner")).unwrap();
    std::fs::write(path.join("inner/file"), "text").unwrap();
    drop(dir);
    assert!(!path.exists());
}
