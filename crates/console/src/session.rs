//! Visitors, by the session that their cookie opens or, in the portal, by that of their header.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use hookstep_contract::{Actor, ConfigId, OrgId, Portal, PortalRole, Scope, SessionId};
use hookstep_http_edge::{Caller, Sender};
use hookstep_management::Context;
use hookstep_management::portal::PortalVisitor;
use hookstep_management::sessions::{self, LIFETIME};

use crate::admission::{self, is_portal};
use crate::error::PageError;

/// The names of the cookie, with and without TLS. Browsers accept a `__Host-` cookie only from the host itself, over TLS.
const SECURE_NAME: &str = "__Host-hookstep";
const PLAIN_NAME: &str = "hookstep";

/// A visitor whose token has the scope `read`, or who is in the portal.
pub(crate) struct Visitor {
    caller: Caller,
    session_id: SessionId,
    actor: Actor,
    /// `None` outside the portal.
    portal: Option<Portal>,
}

/// A visitor who may send events again, and tests.
pub(crate) struct Replayer(pub(crate) Visitor);

/// A visitor whose token also has the scope `manage`, or whose role in the portal allows as much.
pub(crate) struct Manager(pub(crate) Visitor);

/// A manager who may also see new signing secrets.
pub(crate) struct SecretKeeper(pub(crate) Visitor);

impl Visitor {
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Who the visitor is, for the audit log.
    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }

    pub(crate) fn session_id(&self) -> SessionId {
        self.session_id
    }

    pub(crate) fn org_id(&self) -> &OrgId {
        self.caller.org_id()
    }

    /// What is different in the portal, if the visitor is there.
    pub(crate) fn portal(&self) -> Option<&Portal> {
        self.portal.as_ref()
    }

    /// Whether the visitor may send events again, and tests.
    pub(crate) fn can_replay(&self) -> bool {
        self.may_change_as(PortalRole::Replay)
    }

    /// Whether the visitor may change webhooks.
    pub(crate) fn can_manage(&self) -> bool {
        self.may_change_as(PortalRole::Manage)
    }

    /// Whether the visitor may create webhooks, and change what is not about a single one.
    pub(crate) fn can_manage_all(&self) -> bool {
        self.can_manage() && self.sees_all()
    }

    /// Whether the visitor may see new signing secrets.
    pub(crate) fn can_see_secrets(&self) -> bool {
        self.may_change_as(PortalRole::ManageSecrets)
    }

    /// Whether the visitor may see all webhooks of the org.
    pub(crate) fn sees_all(&self) -> bool {
        self.portal.as_ref().is_none_or(|portal| portal.webhooks.is_none())
    }

    /// Whether the visitor may know of this webhook.
    pub(crate) fn sees(&self, config_id: ConfigId) -> bool {
        self.portal.as_ref().is_none_or(|portal| portal.shows(config_id))
    }

    fn may_change_as(&self, role: PortalRole) -> bool {
        self.caller.may(Scope::Manage) && self.portal.as_ref().is_none_or(|portal| role <= portal.role)
    }
}

impl AsRef<Visitor> for Visitor {
    fn as_ref(&self) -> &Visitor {
        self
    }
}

impl AsRef<Visitor> for Manager {
    fn as_ref(&self) -> &Visitor {
        &self.0
    }
}

impl AsRef<Visitor> for SecretKeeper {
    fn as_ref(&self) -> &Visitor {
        &self.0
    }
}

impl AsRef<Visitor> for Replayer {
    fn as_ref(&self) -> &Visitor {
        &self.0
    }
}

impl FromRequestParts<Arc<Context>> for Visitor {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, ctx: &Arc<Context>) -> Result<Self, PageError> {
        if is_portal(&parts.headers) {
            let PortalVisitor { caller, actor, session_id, portal } = admission::visitor(parts)?;
            return Ok(Self { caller, session_id, actor, portal: Some(portal) });
        }
        let Some(value) = value(&parts.headers) else { return Err(sign_in_first(parts)) };
        match sessions::resume(ctx, &value).await {
            Ok((caller, session_id)) => {
                let Ok(sender) = Sender::from_request_parts(parts, ctx).await;
                let actor = Actor { session_id: Some(session_id), ..caller.actor(&sender) };
                Ok(Self { caller, session_id, actor, portal: None })
            }
            Err(problem) if problem.status().is_server_error() => Err(problem.into()),
            Err(_) => Err(sign_in_first(parts)),
        }
    }
}

impl FromRequestParts<Arc<Context>> for Manager {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, ctx: &Arc<Context>) -> Result<Self, PageError> {
        let visitor = Visitor::from_request_parts(parts, ctx).await?;
        if visitor.can_manage() { Ok(Self(visitor)) } else { Err(may_only_read(&visitor)) }
    }
}

impl FromRequestParts<Arc<Context>> for Replayer {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, ctx: &Arc<Context>) -> Result<Self, PageError> {
        let visitor = Visitor::from_request_parts(parts, ctx).await?;
        if visitor.can_replay() { Ok(Self(visitor)) } else { Err(may_only_read(&visitor)) }
    }
}

impl FromRequestParts<Arc<Context>> for SecretKeeper {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, ctx: &Arc<Context>) -> Result<Self, PageError> {
        let visitor = Visitor::from_request_parts(parts, ctx).await?;
        if visitor.can_see_secrets() { Ok(Self(visitor)) } else { Err(may_only_read(&visitor)) }
    }
}

fn may_only_read(visitor: &Visitor) -> PageError {
    let detail = match visitor.portal {
        None => {
            "You are signed in with a token that may only read. Sign in with one that has the scope manage."
        }
        Some(_) => "The org is suspended: nothing can be changed now.",
    };
    PageError::new(StatusCode::FORBIDDEN, detail)
}

/// Sends the visitor to the sign-in, and from there back to the page. Only a GET can be repeated.
fn sign_in_first(parts: &Parts) -> PageError {
    let next = match parts.method {
        Method::GET => parts.uri.path_and_query().map_or("/", |path| path.as_str()),
        _ => "/",
    };
    PageError::SignIn { next: next.to_owned() }
}

/// The cookie with the value of a new session. The server ends the session earlier if it is not used.
pub(crate) fn cookie(headers: &HeaderMap, value: &str) -> String {
    set_cookie(headers, value, LIFETIME.as_secs())
}

/// The cookie that signs out.
pub(crate) fn no_cookie(headers: &HeaderMap) -> String {
    set_cookie(headers, "", 0)
}

fn set_cookie(headers: &HeaderMap, value: &str, max_age: u64) -> String {
    let (name, secure) = match needs_tls(headers) {
        true => (SECURE_NAME, "; Secure"),
        false => (PLAIN_NAME, ""),
    };
    // Lax, so that a link from elsewhere opens its page. Requests that change something are protected by `guard` instead.
    format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}")
}

/// The value in the cookie of a request.
pub(crate) fn value(headers: &HeaderMap) -> Option<String> {
    let value = cookie_value(headers, if needs_tls(headers) { SECURE_NAME } else { PLAIN_NAME })?;
    Some(value.to_owned()).filter(|value| !value.is_empty())
}

/// The value of a cookie of a request.
pub(crate) fn cookie_value<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let cookies = cookies.flat_map(|cookies| cookies.split(';'));
    let mut pairs = cookies.filter_map(|cookie| cookie.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

/// Whether the session needs TLS: it does everywhere except on the machine itself. A proxy that terminates TLS need not send
/// a header; without TLS nobody can sign in from another machine, and the sign-in page then explains why.
pub(crate) fn needs_tls(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let is_forwarded = text("x-forwarded-proto").is_some_and(|protocols| protocols.starts_with("https"));
    is_forwarded || !text(header::HOST.as_str()).is_some_and(is_loopback)
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers_of(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|&(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_session_goes_without_tls_on_this_machine_only() {
        let cases = [
            (headers_of(&[("host", "127.0.0.1:4700")]), false),
            (headers_of(&[("host", "localhost:4700")]), false),
            (headers_of(&[("host", "[::1]:4700")]), false),
            (headers_of(&[("host", "localhost"), ("x-forwarded-proto", "https")]), true),
            (headers_of(&[("host", "10.0.0.1:4700")]), true),
            (headers_of(&[("host", "localhost.example.com")]), true),
            (headers_of(&[("host", "hooks.example.com"), ("x-forwarded-proto", "http")]), true),
            (headers_of(&[]), true),
        ];
        for (headers, expected) in cases {
            assert_eq!(needs_tls(&headers), expected, "{headers:?}");
            let cookie = cookie(&headers, "t");
            assert_eq!(cookie.starts_with("__Host-") && cookie.ends_with("; Secure"), expected, "{cookie}");
        }
    }

    #[test]
    fn a_value_comes_back_from_its_own_cookie_only() {
        let host = ("host", "localhost");
        let cookie = cookie(&headers_of(&[host]), "0123abcd");
        let sent_value = cookie.split([';', '=']).nth(1).unwrap();
        let sent = |cookies: String| {
            let mut headers = headers_of(&[host]);
            headers.insert("cookie", cookies.parse().unwrap());
            value(&headers)
        };
        assert_eq!(sent(format!("other=1; hookstep={sent_value}")), Some("0123abcd".to_owned()));
        assert_eq!(sent(format!("__Host-hookstep={sent_value}")), None);
        assert_eq!(sent("hookstep=".to_owned()), None);
    }
}
