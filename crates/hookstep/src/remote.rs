//! Which Hookstep the client commands talk to, and which webhook they mean.

use std::error::Error;

use clap::Args;
use hookstep_client::{Client, ConfigId, Webhook};

/// The Hookstep to talk to.
#[derive(Clone, Debug, Args)]
pub(crate) struct Remote {
    /// The Hookstep to talk to: a host, or the `ApiUrl` of a deployment to AWS. The token comes from `HOOKSTEP_TOKEN`.
    #[arg(long, env = "HOOKSTEP_URL", default_value = "http://127.0.0.1:4700")]
    url: String,
}

impl Remote {
    /// A client with the token of the environment.
    pub(crate) fn client(&self) -> Result<Client, Box<dyn Error + Send + Sync>> {
        let token = hookstep_ambient::env::required("HOOKSTEP_TOKEN").map_err(|_| {
            "HOOKSTEP_TOKEN must be set to an API token (the host prints one at its first start; `hookstep token` makes \
             more)"
        })?;
        Ok(Client::new(&self.url, token.trim())?)
    }

    /// A client for what everybody may read.
    pub(crate) fn anonymous(&self) -> Result<Client, hookstep_client::Error> {
        Client::new(&self.url, "")
    }
}

/// The webhook with this id, or the only one of this name.
pub(crate) async fn webhook(client: &Client, text: &str) -> Result<ConfigId, Box<dyn Error + Send + Sync>> {
    if let Ok(config_id) = text.parse() {
        return Ok(config_id);
    }
    let named: Vec<_> = webhooks(client).await?.into_iter().filter(|webhook| webhook.name == text).collect();
    match &named[..] {
        [webhook] => Ok(webhook.config_id),
        [] => Err(format!("there is no webhook with the id or the name {text:?}").into()),
        several => {
            Err(format!("{} webhooks have the name {text:?}: say which by its id", several.len()).into())
        }
    }
}

/// All webhooks of the org.
pub(crate) async fn webhooks(client: &Client) -> Result<Vec<Webhook>, hookstep_client::Error> {
    let mut page = client.webhooks(None).await?;
    let mut all = page.data;
    while let Some(cursor) = page.next_cursor {
        page = client.webhooks(Some(&cursor)).await?;
        all.append(&mut page.data);
    }
    Ok(all)
}
