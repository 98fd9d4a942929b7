//! The form of the search, and what it says in the address.

use hookstep_contract::{FieldError, Timestamp};
use hookstep_management::events::search_query::{SearchQuery, Wanted};
use maud::{Markup, html};

use super::BASE;
use crate::form::{ControlAttributes, Field, FormFault, Query};
use crate::parts;
use crate::screens::event_table::STATUSES;
use crate::screens::event_table::period::{PERIODS, Period};

/// Rows on a page.
pub(super) const LIMIT: usize = 25;

/// The texts of the form: the name in the address, what the form calls it, and a hint.
const TEXTS: [(&str, &str, &str); 6] = [
    ("type", "Event type", "order.created, or order.*"),
    ("code", "Status code or reason", "503, 5xx, or dns"),
    ("host", "Host of the receiver", "example.com"),
    ("correlation_id", "Correlation id", ""),
    ("event_id", "Event id", "alone: no other field counts"),
    ("text", "Text in the body", "to the byte; up to 500 bodies a page"),
];

/// A search as it stands in the address.
pub(super) struct Request {
    texts: [String; TEXTS.len()],
    status: String,
    /// A webhook; the form has no field for it.
    config_id: String,
    period: Period,
    cursor: String,
}

impl Request {
    pub(super) fn of(query: &Query) -> Self {
        Self {
            texts: TEXTS.map(|(name, ..)| match name {
                // White space may be what is looked for.
                "text" => query.get(name).to_owned(),
                name => query.get(name).trim().to_owned(),
            }),
            status: query.get("status").to_owned(),
            config_id: query.get("config_id").to_owned(),
            period: Period::of(query),
            cursor: query.get("cursor").to_owned(),
        }
    }

    fn text(&self, wanted: &str) -> &str {
        let texts = TEXTS.iter().zip(&self.texts);
        texts.into_iter().find(|((name, ..), _)| *name == wanted).map_or("", |(_, text)| text)
    }

    /// What is to be searched.
    ///
    /// # Errors
    /// The field that is wrong.
    pub(super) fn wanted(&self, now: Timestamp) -> Result<Wanted, FieldError> {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        if self.is_for_one() {
            let event_id = given(self.text("event_id"));
            return SearchQuery { event_id, ..SearchQuery::default() }.parse();
        }
        let (from, to) = self.period.bounds(now)?;
        let query = SearchQuery {
            event_type: given(self.text("type")),
            status: given(&self.status),
            code: given(self.text("code")),
            host: given(self.text("host")),
            config_id: given(&self.config_id),
            correlation_id: given(self.text("correlation_id")),
            event_id: None,
            text: given(self.text("text")),
            from: from.map(|from| from.to_string()),
            to: to.map(|to| to.to_string()),
            limit: Some(LIMIT.to_string()),
            cursor: given(&self.cursor),
        };
        query.parse()
    }

    /// Whether an event is searched by its id.
    pub(super) fn is_for_one(&self) -> bool {
        !self.text("event_id").is_empty()
    }

    pub(super) fn is_first(&self) -> bool {
        self.cursor.is_empty()
    }

    pub(super) fn is_filtered(&self) -> bool {
        let parts = self.texts.iter().chain([&self.status, &self.config_id]);
        self.period.is_given() || parts.into_iter().any(|part| !part.is_empty())
    }

    /// The query string of another page of the same search.
    pub(super) fn at(&self, cursor: &str) -> String {
        let texts = TEXTS.iter().zip(&self.texts).map(|((name, ..), text)| (*name, text.as_str()));
        let others = [("status", &*self.status), ("config_id", &*self.config_id), ("cursor", cursor)];
        let pairs = texts.chain(self.period.pairs()).chain(others);
        parts::query(pairs.filter(|(_, value)| !value.is_empty()))
    }
}

pub(super) fn form(request: &Request, fault: Option<&FieldError>) -> Markup {
    let faults = FormFault(fault.map(std::slice::from_ref).unwrap_or_default());
    html! {
        form.card.searching method="get" action=(BASE) role="search" aria-label="Events" {
            @if !request.config_id.is_empty() { input type="hidden" name="config_id" value=(request.config_id); }
            input type="hidden" name="offset" value="" data-offset;
            @for ((name, label, hint), text) in TEXTS.iter().zip(&request.texts) {
                (Field { name, label, hint, fault: faults }.line("search", name, text))
            }
            (choice("status", "Status", &STATUSES, &request.status, faults))
            (choice("period", "Period", &PERIODS.map(|(value, name, _)| (value, name)), request.period.name(), faults))
            @for (name, label, value) in [("from", "From", request.period.from()), ("to", "To", request.period.to())] {
                (Field { name, label, hint: "", fault: faults }.line("datetime-local", name, value))
            }
            p.hint data-utc { "From and to are in UTC." }
            div.actions {
                button.primary { "Find" }
                @if request.is_filtered() { a href=(BASE) { "Show all events" } }
            }
            @if let Some(FieldError { field, reason }) = fault.filter(|fault| !is_shown(&fault.field)) {
                p.alert.failed role="alert" { (parts::sentence(&format!("{field} {reason}"))) }
            }
            @if !request.config_id.is_empty() && fault.is_none() {
                p.only { "Only the webhook " a.mono href={"/console/webhooks/" (request.config_id)} { (request.config_id) } }
            }
        }
    }
}

/// Whether the form has a field with this name, which shows its own error.
fn is_shown(field: &str) -> bool {
    TEXTS.iter().any(|(name, ..)| *name == field) || ["status", "period", "from", "to"].contains(&field)
}

fn choice(name: &str, label: &str, options: &[(&str, &str)], chosen: &str, fault: FormFault<'_>) -> Markup {
    Field { name, label, hint: "", fault }.with(|ControlAttributes { id, invalid, described }| {
        html! {
            select id=(id) name=(name) aria-invalid=[*invalid] aria-describedby=[described.as_deref()] {
                @for (value, text) in options { option value=(value) selected[*value == chosen] { (text) } }
            }
        }
    })
}
