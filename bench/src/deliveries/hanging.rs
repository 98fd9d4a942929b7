//! Ten webhooks share the events of an open loop, and one of them may hang.

use std::sync::Arc;

use serde_json::json;

use crate::host::{Host, without_retries};
use crate::receiver::Receiver;
use crate::report::Run;
use crate::rows::{WEBHOOKS, open, url};
use crate::{Args, Outcome, report};

/// Measures nine webhooks, beside a tenth that answers and beside one that hangs. The rows take turns, so that a machine that
/// is slower for a while is so for all of them; their p99 are compared over all rounds together.
pub(crate) async fn hanging(args: &Args, receiver: &Arc<Receiver>) -> Outcome<()> {
    let tenths: Vec<_> = std::iter::once(None).chain(args.hang.iter().copied().map(Some)).collect();
    let mut runs: Vec<Option<Run>> = tenths.iter().map(|_| None).collect();
    for _ in 0..args.rounds {
        for (tenth, all) in tenths.iter().zip(&mut runs) {
            let run = row(*tenth, args, receiver).await?;
            *all = Some(match all.take() {
                Some(all) => all.and(run),
                None => run,
            });
        }
    }
    let mut p99 = runs.iter().flatten().map(|run| run.quantile(0.99));
    let without = p99.next().ok_or("no round was measured")?;
    for (tenth, with) in tenths[1..].iter().zip(p99) {
        let what = format!("p99 of all rounds without it, {with:.2} to {without:.2} ms");
        report::ratio(&name(*tenth), &what, with / without);
    }
    Ok(())
}

async fn row(hang: Option<u64>, args: &Args, receiver: &Arc<Receiver>) -> Outcome<Run> {
    let mut host = Host::start(args).await?;
    for webhook in 0..WEBHOOKS {
        match hang.filter(|_| webhook == 0) {
            Some(seconds) => {
                let url = format!("{}hang/{seconds}", url(receiver));
                host.create_webhook(&url, without_retries(2 * seconds)).await?;
            }
            None => host.create_webhook(&url(receiver), json!({})).await?,
        }
    }
    open(&name(hang), args, &host, 1, receiver).await
}

fn name(hang: Option<u64>) -> String {
    match hang {
        Some(seconds) => format!("9 webhooks beside one that hangs for {seconds} s"),
        None => "9 of 10 webhooks".to_owned(),
    }
}
