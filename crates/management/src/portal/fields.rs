//! What can be asked for with a link into the portal.

use hookstep_api_types::PortalSessionFields;
use hookstep_contract::{FieldError, OrgId, Portal};
use hookstep_http_edge::Problem;
use url::{Host, Url};

use crate::Context;
use crate::sessions::LIFETIME;

/// How long a session lasts if nobody says so, and at least, in seconds.
const DEFAULT_SECONDS: u32 = 3600;
const MIN_SECONDS: u32 = 60;

/// The most webhooks that a link can name.
const MAX_WEBHOOKS: usize = 100;

/// The longest address of the way back, in characters.
const MAX_URL_CHARS: usize = 2000;

/// What was asked for, if it can be had.
pub(super) async fn portal(
    ctx: &Context,
    org_id: &OrgId,
    fields: PortalSessionFields,
) -> Result<Portal, Problem> {
    let PortalSessionFields { role, expires_in, webhooks, locale, theme, return_url } = fields;
    let lasts_seconds = expires_in.unwrap_or(DEFAULT_SECONDS);
    if !(u64::from(MIN_SECONDS)..=LIFETIME.as_secs()).contains(&u64::from(lasts_seconds)) {
        let reason = format!("must be {MIN_SECONDS} to {} seconds", LIFETIME.as_secs());
        return Err(FieldError::new("expires_in", reason).into());
    }
    if let Some(webhooks) = &webhooks {
        if !(1..=MAX_WEBHOOKS).contains(&webhooks.len()) {
            return Err(FieldError::new("webhooks", format!("must be 1 to {MAX_WEBHOOKS} ids")).into());
        }
        for config_id in webhooks {
            if ctx.configs.get(org_id, *config_id).await?.is_none() {
                let reason = format!("the org has no webhook {config_id}");
                return Err(FieldError::new("webhooks", reason).into());
            }
        }
    }
    let theme = theme.unwrap_or_default();
    theme.check()?;
    let return_url = return_url.as_deref().map(way_back).transpose()?;
    let locale = locale.unwrap_or_default();
    Ok(Portal { role, webhooks, locale, theme, return_url, lasts_seconds, is_open: false })
}

/// An address as browsers write it: only `https`, so that the link runs no script; and `http` on the machine itself, for
/// development.
fn way_back(text: &str) -> Result<String, FieldError> {
    let url = Url::parse(text).ok().filter(|_| text.chars().count() <= MAX_URL_CHARS);
    let is_right = |url: &Url| {
        let is_local = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        let is_web = url.scheme() == "https" || url.scheme() == "http" && is_local;
        is_web && url.username().is_empty() && url.password().is_none()
    };
    let reason = format!("must be an https URL without a password, of up to {MAX_URL_CHARS} characters");
    let url = url.filter(is_right).ok_or_else(|| FieldError::new("return_url", reason))?;
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_is_an_address_of_the_web() {
        for right in
            ["https://app.example.com/settings?tab=1#x", "http://localhost:3000/", "http://127.0.0.1/"]
        {
            assert_eq!(way_back(right).as_deref(), Ok(right));
        }
        assert_eq!(way_back("https:app.example.com/x\n").as_deref(), Ok("https://app.example.com/x"));
        for wrong in [
            "",
            "/settings",
            "javascript:alert(1)",
            "data:text/html,x",
            "http://app.example.com/",
            "https://u:p@a.example/",
        ] {
            assert!(way_back(wrong).is_err(), "{wrong}");
        }
        assert!(way_back(&format!("https://a.example/{}", "a".repeat(2000))).is_err());
    }
}
