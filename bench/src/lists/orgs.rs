//! A platform with many orgs, which have webhooks.

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{Asker, Outcome};

/// How many requests are made at once while the orgs are made; they share the syncs of the disk.
const CONCURRENT: usize = 64;

/// Makes orgs with their webhooks.
pub(crate) async fn make(platform: &Asker<'_>, orgs: u32, webhooks: u32) -> Outcome<()> {
    let made = (0..orgs).map(|number| async move {
        let org_id = format!("customer-{number:05}");
        let name = format!("Customer {number} of the Platform");
        let org = format!(
            r#"{{"org_id": "{org_id}", "name": "{name}", "metadata": {{"plan": "free", "crm": "{number}"}}}}"#
        );
        platform.ask("POST", "/orgs", org).await?;
        let there = Asker { org_id: Some(&org_id), ..*platform };
        for webhook in 0..webhooks {
            let fields = format!(
                r#"{{"name": "Webhook {webhook}", "url": "https://example.com/{number}/{webhook}"}}"#
            );
            there.ask("POST", "/webhook", fields).await?;
        }
        Outcome::Ok(())
    });
    stream::iter(made).buffer_unordered(CONCURRENT).try_collect().await
}

/// What is measured: a name and a path each.
pub(crate) const PAGES: [(&str, &str); 6] = [
    ("the first 50", "/orgs"),
    ("the first 100", "/orgs?limit=100"),
    ("a search for one by its id", "/orgs?search=customer-04321"),
    ("a search for one by its name", "/orgs?search=CUSTOMER%204321%20of"),
    ("a search that finds nothing", "/orgs?search=nobody"),
    ("those that are suspended, of which there are none", "/orgs?status=suspended"),
];
