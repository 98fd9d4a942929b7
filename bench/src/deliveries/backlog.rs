//! Single events of one org while many events of another wait, and while those are delivered.

use std::sync::Arc;

use serde_json::json;
use tokio::task::JoinSet;

use crate::closed::{End, Load, Worker};
use crate::connection::{Connection, trigger};
use crate::host::{Host, without_retries};
use crate::receiver::{Receiver, body};
use crate::report::{Direct, Run, Usage};
use crate::rows::url;
use crate::{Args, Outcome};

/// How many single events are measured, one after the other.
const SINGLE: usize = 100;

/// The number of connections that make the backlog.
const CONNECTIONS: usize = 32;

/// How long a receiver may take that is held, in seconds.
const TIMEOUT: u64 = 120;

/// Rows on an idle host, beside events that wait because their receiver hangs, and beside the same events when it
/// answers again.
pub(crate) async fn backlog(args: &Args, receiver: &Arc<Receiver>) -> Outcome<()> {
    let mut host = Host::start(args).await?;
    host.create_webhook(&format!("{}held", url(receiver)), without_retries(TIMEOUT)).await?;
    let other = Other::new(&host, receiver).await?;
    let idle = other.row("single events", &host, args, receiver).await?;
    accept(&host, args).await?;
    let name = format!("single events beside {} of another org that wait", args.backlog);
    other.row(&name, &host, args, receiver).await?;
    receiver.release();
    let name = format!("single events beside {} of another org that are delivered", args.backlog);
    let busy = other.row(&name, &host, args, receiver).await?;
    println!(
        "\nThe median single event is {:.1} ms later while the others are delivered",
        busy.quantile(0.5) - idle.quantile(0.5)
    );
    Ok(())
}

/// An org with one webhook.
struct Other {
    token: String,
    path: String,
}

impl Other {
    async fn new(host: &Host, receiver: &Receiver) -> Outcome<Self> {
        let token = host.token_of("other").await?;
        let config_id = host.create_webhook_as(&token, &url(receiver), json!({})).await?;
        Ok(Self { token, path: format!("/webhook/{config_id}/trigger?sync=false") })
    }

    /// Measures single events.
    async fn row(&self, name: &str, host: &Host, args: &Args, receiver: &Arc<Receiver>) -> Outcome<Run> {
        let load = Load { concurrency: 1, body: args.body, end: End::Events(SINGLE) };
        let request = trigger(&self.path, &self.token, body(0, 0, args.body))?;
        let connection = Connection::open(host.address).await?;
        let worker = Worker { connection, request, accepted: 202, arrivals: 1 };
        let (run, usage) = Usage::of(host, load.run_workers(vec![worker], receiver)).await?;
        run.print(name, "1 at once", &Direct::Itself, Some(&usage));
        Ok(run)
    }
}

/// Has the events of the backlog accepted.
async fn accept(host: &Host, args: &Args) -> Outcome<()> {
    let mut senders = JoinSet::new();
    for sender in 0..CONNECTIONS {
        let mut connection = Connection::open(host.address).await?;
        let request = trigger(&host.trigger_path(0, false), &host.token, body(0, 0, args.body))?;
        let count = args.backlog / CONNECTIONS + usize::from(sender < args.backlog % CONNECTIONS);
        senders.spawn(async move {
            for _ in 0..count {
                connection.send(request.clone(), 202).await?;
            }
            Outcome::Ok(())
        });
    }
    while let Some(sender) = senders.join_next().await {
        sender??;
    }
    Ok(())
}
