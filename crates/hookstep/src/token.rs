//! `hookstep token`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hookstep_contract::Scope;
use hookstep_contract::limits::days;
use hookstep_host::NewToken;

use crate::settings::CommandResult;

/// The arguments of `hookstep token`.
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// The org of the token; a new name makes a new org.
    #[arg(long, default_value = crate::serve::FIRST_ORG)]
    org: String,

    /// Make a token of the platform instead: it belongs to no org, makes orgs and reaches each of them.
    #[arg(long, conflicts_with_all = ["org", "scopes"])]
    platform: bool,

    /// What the token may do.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "trigger,read,manage")]
    scopes: Vec<ScopeName>,

    /// The name of the token: what it is for.
    #[arg(long, default_value = "made with hookstep token")]
    name: String,

    /// The number of days after which the token expires; by default it does not expire.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    expires_in: Option<u16>,

    /// The host's data directory.
    #[arg(long, env = "HOOKSTEP_DATA_DIR", default_value = ".hookstep")]
    data_dir: PathBuf,
}

/// A scope, as the flag names it.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ScopeName {
    Trigger,
    Read,
    Manage,
}

impl From<ScopeName> for Scope {
    fn from(name: ScopeName) -> Self {
        match name {
            ScopeName::Trigger => Self::Trigger,
            ScopeName::Read => Self::Read,
            ScopeName::Manage => Self::Manage,
        }
    }
}

/// Creates a token and prints it.
#[expect(clippy::print_stdout, reason = "the token is the output")]
pub(crate) async fn create(args: TokenArgs) -> CommandResult {
    let whose = match args.platform {
        true => NewToken::platform(),
        false => {
            let scopes = args.scopes.into_iter().map(Scope::from).collect();
            NewToken { scopes, ..NewToken::admin(args.org.parse()?) }
        }
    };
    let sources = hookstep_ambient::Sources::system();
    let expires_at = args.expires_in.map(|number| sources.now().plus(days(number.into())));
    let new = NewToken { name: args.name, expires_at, ..whose };
    println!("{}", hookstep_host::create_token(&args.data_dir, new, sources).await?);
    Ok(())
}
