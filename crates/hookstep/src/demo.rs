//! `hookstep demo`: a host, a receiver, and a tour of what a delivery is.

mod inbox;
mod receiver;
mod stage;
mod tour;

use hookstep_client::{Client, OrgId};
use hookstep_host::NewToken;

use crate::out::{self, Colour, paint};
use crate::serve::{FIRST_ORG, Serving, introduce};
use crate::settings::{CommandResult, ServeArgs};
use stage::Stage;

/// Serves, shows the tour, and goes on serving.
pub(crate) async fn demo(args: ServeArgs) -> CommandResult {
    // The receiver is on this machine and speaks plain HTTP.
    let args = ServeArgs { allow_http_targets: true, allow_private_targets: true, ..args };
    let (receiver, requests) = receiver::start().await?;
    let serving = Serving::start(&args).await?;
    introduce(&args, &serving);
    out::line(format_args!("  sample receiver {receiver}"))?;
    let org_id: OrgId = FIRST_ORG.parse()?;
    let token = serving.host.create_token(NewToken::admin(org_id.clone())).await?;
    let address = format!("http://{}", serving.address);
    let stage = Stage::new(Client::new(&address, &token)?, org_id, requests);
    tour::show(stage, &receiver).await?;
    let console = paint(Colour::Cyan, &format!("{address}/"));
    out::line(format_args!("\n{}", paint(Colour::Bold, "That was the tour. Hookstep goes on serving.")))?;
    out::line(format_args!("\n  Every delivery, with its attempts:  {console}"))?;
    out::line(format_args!("  Sign in with this token:            {token}"))?;
    out::line("\n  Or send an event of your own, from another terminal:\n")?;
    out::line(format_args!("    export HOOKSTEP_URL={address} HOOKSTEP_TOKEN={token}"))?;
    out::line("    hookstep trigger 'demo: hello' --data '{\"reading\": 3}' --sync\n")?;
    out::line(paint(Colour::Dim, "Ctrl-C stops it."))?;
    serving.until_stopped().await
}
