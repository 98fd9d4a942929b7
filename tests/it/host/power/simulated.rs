//! The simulated disk itself: what was synced stays, and what was not is lost.
#![expect(clippy::unwrap_used, reason = "a disk that cannot be simulated fails the test")]

use tokio::process::Command;

use crate::world::disk::{BLOCK_BYTES, Disk, Loss, POWER_CUT};
use crate::world::process::run;

const UNTESTED: &str = "the simulated disk is not tested";

/// A block, as a length.
const BLOCK: usize = BLOCK_BYTES as usize;

/// A disk and a program that does what it is told.
async fn probed() -> Option<Disk> {
    let disk = Disk::new(UNTESTED).await?;
    disk.compile(["-g"], &["probe.c"], "probe").await.unwrap();
    Some(disk)
}

/// Does these file calls (`tests/power/probe.c`), then cuts the power; returns what the program printed.
async fn cut_after(disk: &Disk, loss: Loss, calls: &str) -> String {
    let mut probe = Command::new(disk.file("probe"));
    probe.args(calls.split_whitespace()).current_dir(disk.data()).env_clear();
    disk.mount(&mut probe, loss, 0);
    let (status, process) = run(&mut probe).await;
    assert_eq!(status.code(), Some(POWER_CUT), "{calls}: {}", process.stderr());
    let attic = disk.file("data.attic");
    assert_eq!(std::fs::read_dir(attic).unwrap().count(), 0, "{calls}: second names are left");
    process.stdout()
}

/// Runs of equal bytes: `3 a, 4096 -`, where `-` is a zero; `None` if there is no such file.
fn content(disk: &Disk, name: &str) -> Option<String> {
    let bytes = std::fs::read(disk.data().join(name)).ok()?;
    let runs = bytes.chunk_by(|left, right| left == right);
    let letter = |byte| if byte == 0 { '-' } else { char::from(byte) };
    Some(runs.map(|run| format!("{} {}", run.len(), letter(run[0]))).collect::<Vec<_>>().join(", "))
}

#[tokio::test]
async fn what_was_synced_stays_and_what_was_not_is_lost() {
    let Some(disk) = probed().await else { return };
    // In turn, on the same files.
    for (calls, expected) in [
        ("write a 0 9000 a", None),
        ("write a 0 9000 a sync a", None),
        ("write a 0 9000 a sync .", Some("")),
        ("write a 0 9000 a sync a", Some("9000 a")),
        ("write a 8990 9000 b", Some("9000 a")),
        ("write a 8990 20 b sync a write a 9000 20 c write a 8000 2000 d", Some("8990 a, 20 b")),
        ("write a 0 10 b write a 5 10 c write a 2 5000 d cut a 3 append a 3 e", Some("8990 a, 20 b")),
        ("cut a 3", Some("8990 a, 20 b")),
        ("cut a 3 append a 1 e sync a cut a 2 append a 9 f", Some("3 a, 1 e")),
        ("write a 5000 1 b sync a", Some("3 a, 1 e, 4996 -, 1 b")),
    ] {
        cut_after(&disk, Loss::All, calls).await;
        assert_eq!(content(&disk, "a").as_deref(), expected, "{calls}");
    }
}

#[tokio::test]
async fn a_name_lasts_from_the_sync_of_its_directory() {
    let Some(disk) = probed().await else { return };
    let make = "write a 0 1 a sync a write b 0 1 b sync b sync . directory d sync .";
    let all = ["1 a", "1 b", "", "", ""];
    cut_after(&disk, Loss::All, make).await;
    for (calls, expected) in [
        ("move a b", all),
        ("remove a remove b", all),
        ("move a c move b a write b 0 1 x sync b", all),
        ("write d/x 0 1 x sync d/x", all),
        ("directory e write e/x 0 1 x sync e/x sync e", all),
        ("directory e sync . write e/x 0 1 x sync e/x sync e", ["1 a", "1 b", "", "", "1 x"]),
        ("write d/x 0 1 x sync d/x sync d", ["1 a", "1 b", "", "1 x", "1 x"]),
        ("move d/x c sync .", ["1 a", "1 b", "1 x", "", "1 x"]),
        ("move a b sync . remove b", ["", "1 a", "1 x", "", "1 x"]),
        ("remove b write b 0 1 y sync b", ["", "1 a", "1 x", "", "1 x"]),
        ("remove b sync . write b 0 1 y sync b", ["", "", "1 x", "", "1 x"]),
    ] {
        cut_after(&disk, Loss::All, calls).await;
        let found = ["a", "b", "c", "d/x", "e/x"].map(|name| content(&disk, name).unwrap_or_default());
        assert_eq!(found, expected, "{calls}");
    }
}

#[tokio::test]
async fn a_coin_decides_for_each_unsynced_block_and_from_where_on_names_are_lost() {
    let Some(disk) = probed().await else { return };
    cut_after(&disk, Loss::All, &format!("write a 0 {} a sync a sync .", 8 * BLOCK)).await;
    let (mut contents, mut names) = (Vec::new(), Vec::new());
    for seed in 0..12 {
        let calls = format!("write a 0 {} b move a b sync . write c 0 1 c", 8 * BLOCK);
        cut_after(&disk, Loss::Some(seed), &format!("{calls} move c d move d e")).await;
        let bytes = std::fs::read(disk.data().join("b")).unwrap();
        assert_eq!(bytes.len(), 8 * BLOCK);
        let blocks: Vec<_> = bytes.chunks(BLOCK).map(|block| (block[0], block.iter().min())).collect();
        assert!(blocks.iter().all(|&(first, least)| Some(&first) == least), "a block is kept or lost whole");
        contents.push(blocks.into_iter().map(|(first, _)| char::from(first)).collect::<String>());
        names.push(["c", "d", "e"].map(|name| content(&disk, name).is_some()));
        cut_after(&disk, Loss::All, &format!("move b a sync . write a 0 {} a sync a", 8 * BLOCK)).await;
        for name in ["c", "d", "e"] {
            let _ = std::fs::remove_file(disk.data().join(name));
        }
    }
    assert!(contents.iter().all(|blocks| blocks.contains('a') || blocks.contains('b')), "{contents:?}");
    let different: std::collections::BTreeSet<_> = contents.iter().collect();
    assert!(different.len() > 6, "{contents:?}");
    assert!(names.iter().all(|found| found.iter().filter(|is_there| **is_there).count() <= 1), "{names:?}");
    let different: std::collections::BTreeSet<_> = names.iter().collect();
    assert!(different.len() > 2, "{names:?}");
}

#[tokio::test]
async fn a_full_disk_takes_what_fits_and_says_what_is_left() {
    let Some(disk) = probed().await else { return };
    disk.limit(4 * BLOCK_BYTES);
    let calls =
        "append a 10000 a room . append a 10000 a append a 1 a append b 1 a write a 5 3 b sync a sync .";
    let said = cut_after(&disk, Loss::All, calls).await;
    let expected = ["", "10000 written", "4096 left", "", "6384 written", "ENOSPC", "-1 written", "ENOSPC"];
    assert_eq!(said.lines().collect::<Vec<_>>(), [&expected[..], &["-1 written"]].concat());
    assert_eq!((content(&disk, "a").as_deref(), disk.used()), (Some("5 a, 3 b, 16376 a"), 4 * BLOCK_BYTES));
    disk.limit(5 * BLOCK_BYTES);
    let said = cut_after(&disk, Loss::All, "room . append b 9 b room . remove a room .").await;
    assert_eq!(said.lines().collect::<Vec<_>>(), ["4096 left", "", "9 written", "0 left", "16384 left"]);
}
