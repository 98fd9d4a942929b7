//! `hookstep portal`.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use hookstep_client::{ConfigId, Locale, OrgId, PortalRole, PortalSessionFields};

use crate::out;
use crate::remote::Remote;
use crate::settings::CommandResult;

pub(crate) const HELP: &str = "\
The token is one of the platform, or one of the org with the scopes manage and
read. The link works once, within five minutes.

Examples:
  hookstep portal acme
  hookstep portal acme --role manage --expires-in 7200 --locale de
  hookstep portal acme --webhook 01939f2e-7c00-7000-8000-5f2a6c1d9e01";

/// The arguments of `hookstep portal`.
#[derive(Debug, Args)]
pub(crate) struct PortalArgs {
    #[command(flatten)]
    remote: Remote,

    /// The org whose webhooks are shown.
    org_id: OrgId,

    /// What the session allows; each role may do what those before it may.
    #[arg(long, default_value = "view", value_parser = role())]
    role: PortalRole,

    /// How long the session lasts once the link was opened, in seconds: 60 to 43200.
    #[arg(long, value_name = "SECONDS")]
    expires_in: Option<u32>,

    /// A webhook that is shown, instead of all; may be repeated.
    #[arg(long = "webhook", value_name = "ID")]
    webhooks: Vec<ConfigId>,

    /// The language of the pages.
    #[arg(long, value_parser = locale())]
    locale: Option<Locale>,

    /// Where a link in the head of the pages leads.
    #[arg(long, value_name = "URL")]
    return_url: Option<String>,

    /// Print Hookstep's answer as one line of JSON.
    #[arg(long)]
    json: bool,
}

fn role() -> impl TypedValueParser<Value = PortalRole> {
    let names = PossibleValuesParser::new(PortalRole::ALL.map(PortalRole::as_str));
    names.map(|name| {
        PortalRole::ALL.into_iter().find(|role| role.as_str() == name).unwrap_or(PortalRole::View)
    })
}

fn locale() -> impl TypedValueParser<Value = Locale> {
    PossibleValuesParser::new(["en", "de"]).map(|name| if name == "de" { Locale::De } else { Locale::En })
}

/// Makes a link into the portal.
pub(crate) async fn portal(args: PortalArgs) -> CommandResult {
    let PortalArgs { remote, org_id, role, expires_in, webhooks, locale, return_url, json } = args;
    let webhooks = (!webhooks.is_empty()).then(|| webhooks.into_iter().collect());
    let fields = PortalSessionFields { role, expires_in, webhooks, locale, theme: None, return_url };
    let made = remote.client()?.create_portal_session(&org_id, &fields).await?;
    if json {
        return Ok(out::json(&made)?);
    }
    out::note(format_args!("open it by {}; it works once", made.link_expires_at));
    Ok(out::line(format_args!("{}", &*made.url))?)
}
