//! Which Hookstep and which webhook the client commands use.

use clap::Args;
use hookstep_client::{Client, ConfigId, Webhook};

use crate::settings::BoxError;

/// The Hookstep that a client command calls.
#[derive(Clone, Debug, Args)]
pub(crate) struct Remote {
    /// The URL of Hookstep: of a host, or the `ApiUrl` of a deployment on AWS. The token comes from `HOOKSTEP_TOKEN`.
    #[arg(long, env = "HOOKSTEP_URL", default_value = "http://127.0.0.1:4700")]
    url: String,
}

impl Remote {
    /// A client with the token from the environment.
    pub(crate) fn client(&self) -> Result<Client, BoxError> {
        let token = hookstep_ambient::env::required("HOOKSTEP_TOKEN").map_err(|_| {
            "HOOKSTEP_TOKEN must be set to an API token (the host prints one at its first start; `hookstep token` \
             creates more)"
        })?;
        Ok(Client::new(&self.url, token.trim())?)
    }

    /// A client without a token, for what everybody may read.
    pub(crate) fn anonymous(&self) -> Result<Client, hookstep_client::Error> {
        Client::new(&self.url, "")
    }
}

/// Finds the webhook with this id, or the only one with this name.
pub(crate) async fn find_webhook(client: &Client, text: &str) -> Result<ConfigId, BoxError> {
    if let Ok(config_id) = text.parse() {
        return Ok(config_id);
    }
    let named: Vec<_> = webhooks(client).await?.into_iter().filter(|webhook| webhook.name == text).collect();
    match &named[..] {
        [webhook] => Ok(webhook.config_id),
        [] => Err(format!("there is no webhook with the id or the name {text:?}").into()),
        several => {
            Err(format!("{} webhooks have the name {text:?}: use the id instead", several.len()).into())
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
