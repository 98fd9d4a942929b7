//! The groups of rows.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::backlog::backlog;
use crate::closed::{End, Load, Target, Worker};
use crate::connection::Connection;
use crate::fanout::{EVENT_TYPE, Way};
use crate::hanging::hanging;
use crate::host::Host;
use crate::learned::learned;
use crate::open::{Rate, Route};
use crate::receiver::Receiver;
use crate::report::{Direct, Run, Usage};
use crate::{Args, Group, Outcome};

/// The size of a large body, in bytes.
const LARGE: usize = 64 * 1024;

/// The number of events in flight in rows that have only one such number.
const IN_FLIGHT: usize = 16;

/// The number of webhooks that an event goes to, or that share the events.
pub(crate) const WEBHOOKS: usize = 10;

/// Measures a group and prints its rows.
pub(crate) async fn measure(group: Group, args: &Args) -> Outcome<()> {
    let receiver = Arc::new(Receiver::start().await?);
    match group {
        Group::Closed => {
            let mut host = Host::start(args).await?;
            host.create_webhook(&url(&receiver), json!({})).await?;
            for &concurrency in &args.concurrency {
                closed("", load(args, concurrency, args.body), &host, &receiver).await?;
            }
            Ok(())
        }
        Group::Large => {
            let mut host = Host::start(args).await?;
            host.create_webhook(&url(&receiver), json!({})).await?;
            closed(", 64 KB", load(args, IN_FLIGHT, LARGE), &host, &receiver).await
        }
        Group::Rate => rate(args, &receiver).await,
        Group::Fanout => fanout(args, &receiver).await,
        Group::Hanging => hanging(args, &receiver).await,
        Group::Backlog => backlog(args, &receiver).await,
        Group::Learned => learned(args).await,
        Group::Disk => {
            for (name, body) in [("1 KB", 1024), ("64 KB", LARGE)] {
                disk(args, &receiver, name, body).await?;
            }
            Ok(())
        }
    }
}

pub(crate) fn url(receiver: &Receiver) -> String {
    format!("http://{}/", receiver.address)
}

fn load(args: &Args, concurrency: usize, body: usize) -> Load {
    Load { concurrency, body, end: End::After(Duration::from_secs(args.seconds)) }
}

async fn closed(suffix: &str, load: Load, host: &Host, receiver: &Arc<Receiver>) -> Outcome<()> {
    let direct = direct(suffix, load, receiver).await?;
    for (name, target) in [("async", Target::Async(host)), ("sync", Target::Sync(host))] {
        let (run, usage) = Usage::of(host, load.run(&target, receiver)).await?;
        let name = format!("{name}{suffix}");
        run.print(&name, &in_flight(load), &Direct::Throughput(direct.per_second()), Some(&usage));
    }
    Ok(())
}

/// The row of direct calls in a closed loop.
async fn direct(suffix: &str, load: Load, receiver: &Arc<Receiver>) -> Outcome<Run> {
    let direct = load.run(&Target::Receiver, receiver).await?;
    direct.print(&format!("direct{suffix}"), &in_flight(load), &Direct::Itself, None);
    Ok(direct)
}

fn in_flight(load: Load) -> String {
    format!("{} at once", load.concurrency)
}

async fn rate(args: &Args, receiver: &Arc<Receiver>) -> Outcome<()> {
    let mut host = Host::start(args).await?;
    host.create_webhook(&url(receiver), json!({})).await?;
    open("async, open loop", args, &host, 0, receiver).await.map(drop)
}

/// Events in an open loop that go to the host's webhooks in turn; the first `unmeasured` are not measured.
pub(crate) async fn open(
    name: &str,
    args: &Args,
    host: &Host,
    unmeasured: usize,
    receiver: &Arc<Receiver>,
) -> Outcome<Run> {
    let rate = Rate { per_second: args.rate, seconds: args.rate_seconds, body: args.body };
    let load = format!("{}/s", args.rate);
    let paths = vec!["/".to_owned()];
    let route =
        Route { address: receiver.address, paths, token: String::new(), accepted: 200, unmeasured: 0 };
    let direct = rate.run(route, receiver).await?;
    direct.print("direct, open loop", &load, &Direct::Itself, None);
    let paths = (0..host.webhooks()).map(|webhook| host.trigger_path(webhook, false)).collect();
    let route = Route { address: host.address, paths, token: host.token.clone(), accepted: 202, unmeasured };
    let (run, usage) = Usage::of(host, rate.run(route, receiver)).await?;
    run.print(name, &load, &Direct::Median(direct.quantile(0.5)), Some(&usage));
    Ok(run)
}

/// The deliveries of events that go to ten webhooks each. The rate is that of deliveries, not of events.
async fn fanout(args: &Args, receiver: &Arc<Receiver>) -> Outcome<()> {
    let mut host = Host::start(args).await?;
    for _ in 0..WEBHOOKS {
        host.create_webhook(&url(receiver), json!({"event_types": [EVENT_TYPE]})).await?;
    }
    let load = load(args, IN_FLIGHT, args.body);
    let direct = direct("", load, receiver).await?;
    for way in [Way::Publish, Way::Bus] {
        let mut workers = Vec::new();
        for number in 0..IN_FLIGHT {
            let connection = Connection::open(host.address).await?;
            let request = way.request(&host, number, args.body)?;
            workers.push(Worker { connection, request, accepted: way.accepted(), arrivals: WEBHOOKS });
        }
        let (run, usage) = Usage::of(&host, load.run_workers(workers, receiver)).await?;
        let name = format!("{} to {WEBHOOKS} webhooks", way.name());
        run.print(&name, &in_flight(load), &Direct::Throughput(direct.per_second()), Some(&usage));
    }
    Ok(())
}

/// What events leave on the disk of a host that is stopped, and the memory of a host that has just started and is then busy.
async fn disk(args: &Args, receiver: &Arc<Receiver>, name: &str, body: usize) -> Outcome<()> {
    let mut host = Host::start(args).await?;
    host.create_webhook(&url(receiver), json!({})).await?;
    let (before, host) = host.restarted(args).await?;
    let idle = host.rss_mib()?;
    let load = Load { concurrency: 64, body, end: End::Events(args.events) };
    let (run, usage) = Usage::of(&host, load.run(&Target::Async(&host), receiver)).await?;
    let after = host.stopped().await?;
    let per_event = after.saturating_sub(before) as f64 / run.count() as f64;
    println!(
        "\n{name}, {} events: {per_event:.0} B of disk an event; {idle:.0} MiB idle, at most {:.0} MiB with 64 in flight",
        run.count(),
        usage.peak_mib
    );
    Ok(())
}
