//! Which events a list has: as the condition of a query, and of a record that was read otherwise.

use hookstep_contract::{EventRecord, Outcome, ReasonCode, Status};
use hookstep_tables::Query;

use crate::EventFilter;
use crate::item::{n, s};

/// Which events to find, where more than one webhook is searched.
#[derive(Clone, Debug, Default)]
pub struct EventSearch {
    /// The status, the time and the page.
    pub filter: EventFilter,
    /// Only events of these types.
    pub event_type: Option<TypeFilter>,
    /// Only events whose last attempt, or whose end, has this code.
    pub code: Option<CodeFilter>,
}

/// Types of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeFilter {
    /// One type.
    Exactly(String),
    /// All types that begin like this.
    BeginsWith(String),
}

/// Codes that say how an event went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeFilter {
    /// The last attempt was answered with a status code from the first to the second of these.
    Answer(u16, u16),
    /// The event was skipped or has failed for this reason.
    Reason(ReasonCode),
}

impl From<EventFilter> for EventSearch {
    fn from(filter: EventFilter) -> Self {
        Self { filter, event_type: None, code: None }
    }
}

impl EventSearch {
    /// Whether there may be events of the period that are not wanted, so that a page needs more than it shows.
    pub(crate) fn is_selective(&self) -> bool {
        let EventFilter { status, outcome, .. } = self.filter;
        status.is_some() || outcome.is_some() || self.event_type.is_some() || self.code.is_some()
    }

    /// The query without the events that are not wanted. The time is not part of it.
    pub(crate) fn narrow(&self, mut query: Query) -> Query {
        let EventFilter { status, outcome, .. } = self.filter;
        let mut conditions = Vec::new();
        let equal = [("status", status.map(Status::as_str)), ("outcome", outcome.map(Outcome::as_str))];
        for (name, value) in equal {
            let Some(value) = value else { continue };
            conditions.push(format!("#{name} = :{name}"));
            query = query
                .expression_attribute_names(format!("#{name}"), name)
                .expression_attribute_values(format!(":{name}"), s(value));
        }
        if let Some(event_type) = &self.event_type {
            let (condition, text) = match event_type {
                TypeFilter::Exactly(text) => ("event_type = :type", text),
                TypeFilter::BeginsWith(text) => ("begins_with(event_type, :type)", text),
            };
            conditions.push(condition.to_owned());
            query = query.expression_attribute_values(":type", s(text));
        }
        match self.code {
            Some(CodeFilter::Answer(from, to)) => {
                conditions.push("status_code BETWEEN :code_from AND :code_to".to_owned());
                query = query
                    .expression_attribute_values(":code_from", n(from))
                    .expression_attribute_values(":code_to", n(to));
            }
            Some(CodeFilter::Reason(code)) => {
                conditions.push("#reason.#code = :code".to_owned());
                query = query
                    .expression_attribute_names("#reason", "reason")
                    .expression_attribute_names("#code", "code")
                    .expression_attribute_values(":code", s(code.as_str()));
            }
            None => {}
        }
        if conditions.is_empty() { query } else { query.filter_expression(conditions.join(" AND ")) }
    }

    /// Whether an event is wanted, apart from its time.
    pub(crate) fn admits(&self, event: &EventRecord) -> bool {
        let EventFilter { status, outcome, .. } = self.filter;
        let is_of_type = |wanted: &TypeFilter| {
            let event_type = event.event_type.as_deref();
            event_type.is_some_and(|event_type| match wanted {
                TypeFilter::Exactly(text) => event_type == text,
                TypeFilter::BeginsWith(text) => event_type.starts_with(text.as_str()),
            })
        };
        let has_code = |wanted: CodeFilter| match wanted {
            CodeFilter::Answer(from, to) => event.status_code.is_some_and(|code| (from..=to).contains(&code)),
            CodeFilter::Reason(code) => event.reason.as_ref().is_some_and(|reason| reason.code == code),
        };
        status.is_none_or(|status| event.status == status)
            && outcome.is_none_or(|outcome| event.outcome == Some(outcome))
            && self.event_type.as_ref().is_none_or(is_of_type)
            && self.code.is_none_or(has_code)
    }
}
