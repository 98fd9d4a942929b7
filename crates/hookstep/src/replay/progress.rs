//! The progress of a bulk replay, on a terminal: one line that is overwritten. Elsewhere nothing is shown, so that
//! a log has the result alone.

use std::io::{IsTerminal, Write};
use std::time::Instant;

use hookstep_client::Replay;

/// The width of the bar, in characters.
const CELLS: usize = 24;

/// The frames of what moves while the number of events is not known.
const FRAMES: [char; 4] = ['|', '/', '-', '\\'];

/// Progress on standard error.
pub(super) struct Progress {
    /// The number of events, if it is known.
    total: Option<usize>,
    began: Instant,
    frame: usize,
    is_terminal: bool,
}

impl Progress {
    /// The progress of a replay of `total` events; 0 if their number is not known.
    pub(super) fn new(total: usize) -> Self {
        let total = Some(total).filter(|total| *total > 0);
        Self { total, began: Instant::now(), frame: 0, is_terminal: std::io::stderr().is_terminal() }
    }

    /// Shows how far it is.
    pub(super) fn show(&mut self, replay: &Replay) {
        self.frame += 1;
        self.write(&self.line(replay), "");
    }

    /// Shows how far it got, and leaves the line.
    pub(super) fn end(&self, replay: &Replay) {
        self.write(&self.line(replay), "\n");
    }

    fn write(&self, line: &str, end: &str) {
        if self.is_terminal {
            let mut stderr = std::io::stderr().lock();
            // If the terminal has gone, the replay goes on all the same.
            let _ = write!(stderr, "\r\x1b[K{line}{end}").and_then(|()| stderr.flush());
        }
    }

    fn line(&self, Replay { found, started, skipped, .. }: &Replay) -> String {
        let done = *found as usize;
        let seconds = self.began.elapsed().as_secs();
        let counts = format!("{started} sent again, {skipped} skipped, {seconds} s");
        match self.total {
            Some(total) => {
                let full = (done * CELLS / total).min(CELLS);
                let (bar, rest) = ("█".repeat(full), "░".repeat(CELLS - full));
                let percent = (done * 100 / total).min(100);
                format!("{bar}{rest} {percent:>3} %  {done}/{total}, {counts}")
            }
            None => format!("{} {done} looked at, {counts}", FRAMES[self.frame % FRAMES.len()]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(total: usize, found: u32, started: u32) -> String {
        let replay = serde_json::json!({
            "replay_id": "0190a000-0000-7000-8000-00000000000a",
            "config_id": "0190a000-0000-7000-8000-00000000000b", "reason": null, "status": "in_progress", "found": found,
            "started": started, "skipped": 0, "limit_reached": false, "created_at": "2026-01-02T03:04:05Z",
            "updated_at": "2026-01-02T03:04:05Z",
        });
        Progress::new(total).line(&serde_json::from_value(replay).unwrap())
    }

    #[test]
    fn the_bar_fills() {
        let empty = format!("{}   0 %  0/8, 0 sent again, 0 skipped, 0 s", "░".repeat(24));
        assert_eq!(line(8, 0, 0), empty);
        let half = format!("{}{}  50 %  4/8, 4 sent again, 0 skipped, 0 s", "█".repeat(12), "░".repeat(12));
        assert_eq!(line(8, 4, 4), half);
        assert_eq!(line(8, 8, 8), format!("{} 100 %  8/8, 8 sent again, 0 skipped, 0 s", "█".repeat(24)));
        assert_eq!(line(0, 7, 5), "| 7 looked at, 5 sent again, 0 skipped, 0 s");
    }
}
