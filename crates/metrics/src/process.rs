//! What this process uses of its machine.

use std::time::Duration;

/// What this process uses of its machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// The memory that is in use, in bytes.
    pub resident_bytes: u64,
    /// The processor time so far, in user and in system mode.
    pub cpu: Duration,
    /// Open files and sockets.
    pub open_files: u64,
}

impl Process {
    /// Reads it from `/proc`; `None` where there is none.
    #[cfg(target_os = "linux")]
    pub fn read() -> Option<Self> {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        let open_files = std::fs::read_dir("/proc/self/fd").ok()?.count() as u64;
        Self::parse(
            &stat,
            open_files,
            rustix::param::page_size() as u64,
            rustix::param::clock_ticks_per_second(),
        )
    }

    /// Reads it from `/proc`; `None` where there is none.
    #[cfg(not(target_os = "linux"))]
    pub fn read() -> Option<Self> {
        None
    }

    /// Reads `/proc/self/stat` (`proc_pid_stat(5)`).
    #[cfg(target_os = "linux")]
    fn parse(stat: &str, open_files: u64, page_bytes: u64, ticks_per_second: u64) -> Option<Self> {
        // The second field is the name of the program in parentheses, and may contain anything.
        let (_, fields) = stat.rsplit_once(") ")?;
        let field = |number: usize| fields.split(' ').nth(number - 3)?.parse::<u64>().ok();
        let ticks = field(14)? + field(15)?;
        Some(Self {
            resident_bytes: field(24)? * page_bytes,
            cpu: Duration::from_secs_f64(ticks as f64 / ticks_per_second as f64),
            open_files,
        })
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_is_read_whatever_the_program_is_called() {
        let stat = "9 (a) b (c) S 1 9 9 0 -1 4194304 90 0 0 0 150 50 0 0 20 0 4 0 77 1000000 25 18446744073709551615 1";
        let process = Process::parse(stat, 7, 4096, 100).unwrap();
        let expected = Process { resident_bytes: 102_400, cpu: Duration::from_secs(2), open_files: 7 };
        assert_eq!(process, expected);
        assert_eq!(Process::parse("9 (a", 7, 4096, 100), None);
    }

    #[test]
    fn this_process_is_read() {
        let process = Process::read().unwrap();
        assert!(process.resident_bytes > 100_000 && process.open_files > 2, "{process:?}");
    }
}
