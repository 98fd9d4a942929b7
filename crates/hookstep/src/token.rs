//! `hookstep token`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hookstep_contract::limits::days;
use hookstep_contract::{OrgId, Scope};
use hookstep_host::NewToken;

use crate::settings::CommandResult;

/// The arguments of `hookstep token`.
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// The org of the token; a new name makes a new org.
    #[arg(long, default_value = crate::serve::FIRST_ORG)]
    org: String,

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
    let org_id: OrgId = args.org.parse()?;
    let scopes = args.scopes.into_iter().map(Scope::from).collect();
    let sources = hookstep_ambient::Sources::system();
    let expires_at = args.expires_in.map(|number| sources.now().plus(days(number.into())));
    let new = NewToken { org_id, scopes, name: args.name, expires_at };
    println!("{}", hookstep_host::create_token(&args.data_dir, new, sources).await?);
    Ok(())
}
