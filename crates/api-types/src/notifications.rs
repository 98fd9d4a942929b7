//! Who is told about changes of webhooks.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who is to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationFields {
    /// The e-mail addresses that get a mail about each change, all different.
    #[schema(max_items = 5, examples(json!(["ops@example.com"])))]
    pub emails: Vec<String>,
}

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Notifications {
    /// The e-mail addresses that get a mail about each change.
    pub emails: Vec<String>,
    /// Whether this deployment sends mails. Otherwise, its operator has to set it up first.
    pub enabled: bool,
}
