//! `hookstep demo`: a host, a receiver, and a tour of what a delivery is.

mod receiver;
mod tour;

use hookstep_client::Client;
use hookstep_host::NewToken;

use crate::serve::{FIRST_ORG, Serving, introduce};
use crate::settings::{CommandResult, ServeArgs};

/// Serves, shows the tour, and goes on serving.
#[expect(clippy::print_stdout, reason = "the tour is the output")]
pub(crate) async fn demo(args: ServeArgs) -> CommandResult {
    // The receiver is on this machine and speaks plain HTTP.
    let args = ServeArgs { allow_http_targets: true, allow_private_targets: true, ..args };
    let receiver = receiver::start().await?;
    let serving = Serving::start(&args).await?;
    introduce(&args, &serving);
    println!("  sample receiver {receiver}");
    let token = serving.host.create_token(NewToken::admin(FIRST_ORG.parse()?)).await?;
    let client = Client::new(&format!("http://{}", serving.address), &token)?;
    tour::show(&client, &receiver).await?;
    println!("\nThat was the tour. Hookstep goes on serving. To try it yourself, use this token:\n  {token}");
    serving.until_stopped().await
}
