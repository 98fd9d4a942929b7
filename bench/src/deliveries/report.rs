//! The table of all rows.

use crate::Outcome;
use crate::host::Host;

/// What a row measured.
pub(crate) struct Run {
    /// From the trigger, or from its scheduled moment, to the receiver: in milliseconds, sorted.
    times: Vec<f64>,
    seconds: f64,
}

/// What the host used for a row.
pub(crate) struct Usage {
    cpu_seconds: f64,
    /// The highest resident memory, in MiB.
    pub(crate) peak_mib: f64,
}

/// What a row is compared with.
pub(crate) enum Direct {
    /// The throughput of a closed loop.
    Throughput(f64),
    /// The median time of an open loop, whose throughput is given, in milliseconds.
    Median(f64),
    /// This row is the direct one.
    Itself,
}

impl Run {
    pub(crate) fn new(mut times: Vec<f64>, seconds: f64) -> Self {
        times.sort_by(f64::total_cmp);
        Self { times, seconds }
    }

    /// Both runs as one, one after the other.
    pub(crate) fn and(self, other: Self) -> Self {
        Self::new([self.times, other.times].concat(), self.seconds + other.seconds)
    }

    /// The number of deliveries.
    pub(crate) fn count(&self) -> usize {
        self.times.len()
    }

    /// Deliveries per second.
    pub(crate) fn per_second(&self) -> f64 {
        self.times.len() as f64 / self.seconds
    }

    /// The time, in milliseconds, below which this share of the deliveries lies.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let last = self.times.len().saturating_sub(1);
        self.times.get((last as f64 * share) as usize).copied().unwrap_or(f64::NAN)
    }

    /// Prints the row. `load` is the number in flight or the rate.
    pub(crate) fn print(&self, name: &str, load: &str, direct: &Direct, usage: Option<&Usage>) {
        let ratio = match direct {
            Direct::Throughput(per_second) => self.per_second() / per_second,
            Direct::Median(milliseconds) => self.quantile(0.5) / milliseconds,
            Direct::Itself => 1.0,
        };
        let used = usage.map_or_else(
            || " | ".to_owned(),
            |usage| {
                let per_thousand = usage.cpu_seconds * 1000.0 / self.times.len() as f64;
                format!("{per_thousand:.2} | {:.0}", usage.peak_mib)
            },
        );
        println!(
            "| {name} | {load} | {:.0} | {:.2} | {:.2} | {ratio:.3} | {used} |",
            self.per_second(),
            self.quantile(0.5),
            self.quantile(0.99)
        );
    }
}

impl Usage {
    /// Runs a load and measures what the host uses meanwhile.
    pub(crate) async fn of<T>(host: &Host, load: impl Future<Output = Outcome<T>>) -> Outcome<(T, Self)> {
        host.forget_peak()?;
        let before = host.cpu_seconds()?;
        let run = load.await?;
        let usage = Self { cpu_seconds: host.cpu_seconds()? - before, peak_mib: host.peak_mib()? };
        Ok((run, usage))
    }
}

/// Prints a row with only a ratio to another row.
pub(crate) fn ratio(name: &str, what: &str, ratio: f64) {
    println!("| {name}: to the {what} | | | | {ratio:.2} times | | | |");
}

/// Prints the head of the table.
pub(crate) fn head(body: usize) {
    println!(
        "Bodies of {body} B unless the row says otherwise; times from the trigger, or from the moment it was due, to the \
         receiver. \"of direct\" is the throughput as a part of that of direct calls; in an open loop, the median time as \
         a multiple.\n"
    );
    println!(
        "| | load | per second | p50 ms | p99 ms | of direct | host CPU s per 1,000 | host peak MiB |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    );
}
