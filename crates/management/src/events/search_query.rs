//! What a search for events asks for, as it stands in an address.

use hookstep_api_types::schema;
use hookstep_contract::limits::{CORRELATION_ID_BYTES, EVENT_TYPE_CHARS};
use hookstep_contract::{ConfigId, EventId, FieldError, ReasonCode};
use hookstep_store::{CodeFilter, EventFilter, EventSearch, TypeFilter};
use serde::Deserialize;
use url::Host;
use utoipa::IntoParams;

use super::lookup::{parse_status, parse_time};
use crate::paging;

/// The longest text to look for in bodies, in characters.
pub const MAX_TEXT_CHARS: usize = 200;

/// The longest name of a host.
const MAX_HOST_CHARS: usize = 253;

/// The parameters of a search. What is left out matches every event.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// Only events of this type; all that begin alike with `.*` at the end.
    #[serde(rename = "type")]
    #[param(value_type = String, required = false, min_length = 1, max_length = 128, example = "order.*")]
    pub event_type: Option<String>,
    /// Only events with this status.
    #[param(value_type = schema::Status, required = false)]
    pub status: Option<String>,
    /// Only events whose last attempt was answered with this status code (`503`) or one of this class (`5xx`), or that were skipped
    /// or have failed for this reason (`dns`).
    #[param(value_type = String, required = false, min_length = 1, max_length = 40, example = "5xx")]
    pub code: Option<String>,
    /// Only events of webhooks whose URL has this host, now.
    #[param(value_type = String, required = false, min_length = 1, max_length = 253, example = "example.com")]
    pub host: Option<String>,
    /// Only events of this webhook, which may be deleted.
    #[param(value_type = schema::ConfigId, required = false)]
    pub config_id: Option<String>,
    /// Only events with this correlation id.
    #[param(value_type = String, required = false, min_length = 1, max_length = 1024)]
    pub correlation_id: Option<String>,
    /// Only this event. Excludes all other parameters.
    #[param(value_type = schema::EventId, required = false)]
    pub event_id: Option<String>,
    /// Only events whose body, as it was accepted, has this text, to the byte. Up to 500 bodies and about 8 MiB of them are
    /// searched for a page. Large bodies, which are claim checks, and bodies that are no longer stored are not.
    #[param(value_type = String, required = false, min_length = 1, max_length = 200)]
    pub text: Option<String>,
    /// Only events that were accepted at this time or later.
    #[param(value_type = schema::Timestamp, required = false)]
    pub from: Option<String>,
    /// Only events that were accepted at this time or earlier.
    #[param(value_type = schema::Timestamp, required = false)]
    pub to: Option<String>,
    /// The most entries of the page.
    #[param(value_type = u32, required = false, minimum = 1, maximum = 100, default = 50)]
    pub limit: Option<String>,
    /// The `next_cursor` of the previous page; leave it out for the first page.
    #[param(value_type = String, required = false)]
    pub cursor: Option<String>,
}

/// A search whose parameters are fine.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Which webhooks are searched.
    pub webhooks: Webhooks,
    /// Which of their events are wanted.
    pub by: By,
    /// A text that their bodies have.
    pub text: Option<String>,
}

/// Which webhooks of an org are searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Webhooks {
    /// All of them.
    All,
    /// One of them, be it deleted.
    One(ConfigId),
    /// Those with this host, as it stands in a parsed URL.
    On(String),
}

/// By what events are searched.
#[derive(Clone, Debug)]
pub enum By {
    /// By the id of one.
    Id(EventId),
    /// By what is known about them.
    Fields {
        /// The producer's own id for them.
        correlation_id: Option<String>,
        /// Everything else.
        search: EventSearch,
    },
}

impl SearchQuery {
    /// Reads the parameters.
    ///
    /// # Errors
    /// The parameter that is wrong.
    pub fn parse(&self) -> Result<Wanted, FieldError> {
        if let Some(event_id) = self.only_event()? {
            return Ok(Wanted { webhooks: Webhooks::All, by: By::Id(event_id), text: None });
        }
        let part = |text: &Option<String>| text.clone();
        let filter = EventFilter {
            status: self.status.as_deref().map(parse_status).transpose()?,
            outcome: None,
            from: self.from.as_deref().map(|text| parse_time("from", text)).transpose()?,
            to: self.to.as_deref().map(|text| parse_time("to", text)).transpose()?,
            before: paging::decode_cursor(self.cursor.as_deref())?,
            limit: paging::parse_limit(self.limit.as_deref())?,
        };
        if let (Some(from), Some(to)) = (filter.from, filter.to)
            && from > to
        {
            return Err(FieldError::new("from", "must not be later than to"));
        }
        let is_fine = |id: &String| (1..=CORRELATION_ID_BYTES).contains(&id.len());
        if self.correlation_id.as_ref().is_some_and(|id| !is_fine(id)) {
            let reason = format!("must be 1 to {CORRELATION_ID_BYTES} bytes");
            return Err(FieldError::new("correlation_id", reason));
        }
        let is_fine = |text: &String| (1..=MAX_TEXT_CHARS).contains(&text.chars().count());
        if self.text.as_ref().is_some_and(|text| !is_fine(text)) {
            return Err(FieldError::new("text", format!("must be 1 to {MAX_TEXT_CHARS} characters")));
        }
        let search = EventSearch {
            filter,
            event_type: self.event_type.as_deref().map(parse_type).transpose()?,
            code: self.code.as_deref().map(parse_code).transpose()?,
        };
        let by = By::Fields { correlation_id: part(&self.correlation_id), search };
        Ok(Wanted { webhooks: self.webhooks()?, by, text: part(&self.text) })
    }

    /// The id when the search is for one event.
    fn only_event(&self) -> Result<Option<EventId>, FieldError> {
        let Some(text) = &self.event_id else { return Ok(None) };
        let Self { event_type, status, code, host, config_id, correlation_id, event_id: _, .. } = self;
        let Self { text: body, from, to, limit, cursor, .. } = self;
        let others =
            [event_type, status, code, host, config_id, correlation_id, body, from, to, limit, cursor];
        if others.into_iter().any(Option::is_some) {
            return Err(FieldError::new("event_id", "must be the only parameter"));
        }
        let wrong = |_| FieldError::new("event_id", "must be an event id: a lowercase UUID");
        text.parse().map(Some).map_err(wrong)
    }

    fn webhooks(&self) -> Result<Webhooks, FieldError> {
        match (&self.config_id, &self.host) {
            (Some(_), Some(_)) => Err(FieldError::new("host", "must not be given with config_id")),
            (Some(id), None) => {
                let wrong = |_| FieldError::new("config_id", "must be the id of a webhook: a lowercase UUID");
                id.parse().map(Webhooks::One).map_err(wrong)
            }
            (None, Some(host)) => parse_host(host).map(Webhooks::On),
            (None, None) => Ok(Webhooks::All),
        }
    }
}

fn parse_type(text: &str) -> Result<TypeFilter, FieldError> {
    let wrong = |reason: &str| Err(FieldError::new("type", reason));
    if !(1..=EVENT_TYPE_CHARS).contains(&text.chars().count()) || text.chars().any(char::is_control) {
        return wrong("must be 1 to 128 characters, without control characters");
    }
    match text.strip_suffix('*') {
        Some(start) if start.ends_with('.') && !start.contains('*') => {
            Ok(TypeFilter::BeginsWith(start.to_owned()))
        }
        None if !text.contains('*') => Ok(TypeFilter::Exactly(text.to_owned())),
        _ => wrong("may have a * only at the end, behind a dot"),
    }
}

fn parse_code(text: &str) -> Result<CodeFilter, FieldError> {
    if let Some(code) = ReasonCode::ALL.iter().find(|code| code.as_str() == text) {
        return Ok(CodeFilter::Reason(*code));
    }
    let class = text.strip_suffix("xx").and_then(|class| class.parse::<u16>().ok());
    match (class, text.parse::<u16>()) {
        (Some(class @ 1..=5), _) => Ok(CodeFilter::Answer(class * 100, class * 100 + 99)),
        (None, Ok(code @ 100..=999)) => Ok(CodeFilter::Answer(code, code)),
        _ => Err(FieldError::new(
            "code",
            "must be a status code like 503, a class like 5xx, or a reason code like dns",
        )),
    }
}

/// The host as it stands in a parsed URL: in lower case, an international name in its ASCII form.
fn parse_host(text: &str) -> Result<String, FieldError> {
    let host = Some(text).filter(|text| (1..=MAX_HOST_CHARS).contains(&text.chars().count()));
    let host = host.and_then(|text| Host::parse(text).ok());
    host.map(|host| host.to_string())
        .ok_or_else(|| FieldError::new("host", "must be a host name like example.com, without a port"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_status_a_class_of_them_or_a_reason() {
        for (text, expected) in [
            ("503", Some(CodeFilter::Answer(503, 503))),
            ("5xx", Some(CodeFilter::Answer(500, 599))),
            ("dns", Some(CodeFilter::Reason(ReasonCode::Dns))),
            ("99", None),
            ("1000", None),
            ("6xx", None),
            ("xx", None),
            ("DNS", None),
            ("", None),
        ] {
            assert_eq!(parse_code(text).ok(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_type_is_a_name_or_the_beginning_of_one_up_to_a_dot() {
        for (text, expected) in [
            ("order.created", Some(TypeFilter::Exactly("order.created".to_owned()))),
            ("order.*", Some(TypeFilter::BeginsWith("order.".to_owned()))),
            ("order*", None),
            ("*", None),
            ("*.*", None),
            ("a*b", None),
            ("", None),
            ("a\n", None),
        ] {
            assert_eq!(parse_type(text).ok(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_host_is_compared_as_it_stands_in_a_parsed_url() {
        for (text, expected) in [
            ("Example.COM", Some("example.com")),
            ("bücher.example", Some("xn--bcher-kva.example")),
            ("127.0.0.1", Some("127.0.0.1")),
            ("[::1]", Some("[::1]")),
            ("example.com:443", None),
            ("https://example.com", None),
            ("a b", None),
            ("", None),
        ] {
            assert_eq!(parse_host(text).ok().as_deref(), expected, "{text:?}");
        }
    }
}
