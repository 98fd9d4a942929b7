//! Links into the portal, which is the console for the people of a platform.

use std::collections::BTreeSet;

use hookstep_contract::{ConfigId, Locale, PortalRole, SessionId, Theme, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Sensitive, schema};

/// What a link into the portal opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PortalSessionFields {
    /// What its session allows.
    #[schema(value_type = schema::PortalRole)]
    pub role: PortalRole,
    /// How long the session lasts once the link was opened, in seconds; by default an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 60, maximum = 43200, default = 3600)]
    pub expires_in: Option<u32>,
    /// The only webhooks that it shows; by default all of the org, those to come included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<schema::ConfigId>>, min_items = 1, max_items = 100)]
    pub webhooks: Option<BTreeSet<ConfigId>>,
    /// The language of its pages; by default English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Locale>)]
    pub locale: Option<Locale>,
    /// How its pages look; by default like the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Theme>)]
    pub theme: Option<Theme>,
    /// Where a link in its head leads, back to the product: `https`, up to 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000, examples("https://app.example.com/settings"))]
    pub return_url: Option<String>,
}

/// A link into the portal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PortalSession {
    /// The id of the link, and of the session that it opens; by it, `DELETE /sessions/{session_id}` ends either.
    #[schema(value_type = schema::SessionId)]
    pub session_id: SessionId,
    /// The link: open it in a frame or in a tab. It works once, and is shown only this once.
    #[schema(value_type = String, examples("https://hooks.example.com/portal#link=9f86d0…"))]
    pub url: Sensitive,
    /// Until when the link has to be opened.
    #[schema(value_type = schema::Timestamp)]
    pub link_expires_at: Timestamp,
    /// What the session allows.
    #[schema(value_type = schema::PortalRole)]
    pub role: PortalRole,
    /// How long it lasts once the link was opened, in seconds.
    pub expires_in: u32,
}
