//! Forms and query strings: reads them, and shows errors next to the fields that are wrong.

use std::fmt;
use std::ops::Deref;

use axum::http::Uri;
use hookstep_contract::FieldError;
use maud::{Markup, Render, html};
use url::form_urlencoded;

/// The fields that a form sent, in order. Some are secret, so `Debug` shows only their names.
#[derive(Default)]
pub(crate) struct Form(Vec<(String, String)>);

/// The fields of forms whose values are secret.
const SECRETS: [&str; 6] = ["password", "key_value", "client_secret", "client_key", "private_key", "token"];

impl fmt::Debug for Form {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// The query string of a page, which is read like a form.
#[derive(Default)]
pub(crate) struct Query(Form);

impl Query {
    /// Reads the query of an address.
    pub(crate) fn of(uri: &Uri) -> Self {
        Self(Form::read(uri.query().unwrap_or_default().as_bytes()))
    }
}

impl Deref for Query {
    type Target = Form;

    fn deref(&self) -> &Form {
        &self.0
    }
}

impl Form {
    /// Reads an `application/x-www-form-urlencoded` body.
    pub(crate) fn read(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// A form with these values.
    pub(crate) fn from_pairs(pairs: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// Adds these values.
    pub(crate) fn with(mut self, pairs: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        self.0.extend(Self::from_pairs(pairs).0);
        self
    }

    /// The same, with another value of a field.
    pub(crate) fn replacing(&self, name: &str, value: String) -> Self {
        let rest = self.0.iter().filter(|(key, _)| key != name).cloned();
        Self(rest.chain([(name.to_owned(), value)]).collect())
    }

    /// The same, without its secrets.
    pub(crate) fn from_shown(form: &Self) -> Self {
        Self(form.not_secret().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// The first value of a field; empty when there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// A field of several lines, which browsers send with CR LF.
    pub(crate) fn text(&self, name: &str) -> String {
        self.get(name).replace("\r\n", "\n")
    }

    /// All values of a field.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The fields without those that are secret.
    pub(crate) fn not_secret(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        // The places of parameters stay, so that their names and values still belong together.
        pairs.filter_map(|(name, value)| match name {
            "parameter_value" => Some((name, "")),
            name => (!SECRETS.contains(&name)).then_some((name, value)),
        })
    }

    pub(crate) fn is_checked(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }
}

/// The errors that a sent form has: each wrong field once.
#[derive(Clone, Copy, Default)]
pub(crate) struct FormFault<'a>(pub(crate) &'a [FieldError]);

impl<'a> FormFault<'a> {
    /// The error of a field, or of a part of it.
    pub(crate) fn of(self, field: &str) -> Option<&'a str> {
        let is_part = |error: &&FieldError| {
            let rest = error.field.strip_prefix(field);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.0.iter().find(is_part).map(|error| error.reason.as_str())
    }

    /// The error of a field as a whole, not of a part of it.
    pub(crate) fn of_all(self, field: &str) -> Option<&'a str> {
        self.0.iter().find(|error| error.field == field).map(|error| error.reason.as_str())
    }

    /// The message above the form, with a link to each field that is wrong.
    pub(crate) fn summary(self) -> Markup {
        html! {
            @if !self.0.is_empty() {
                div.alert.failed role="alert" tabindex="-1" data-focus {
                    strong { "Not saved. " }
                    @if self.0.len() > 1 { (self.0.len()) " fields are wrong:" }
                    ul { @for FieldError { field, reason } in self.0 {
                        li { a href={"#" (anchor(field))} { (label(field)) } ": " span { (reason) } }
                    } }
                }
            }
        }
    }
}

/// What a form calls a field of the API.
pub(crate) fn label(field: &str) -> String {
    let last = field.rsplit('.').next().unwrap_or(field);
    let name = match (field.split(['.', '[']).next().unwrap_or(field), last) {
        ("url", _) => "URL",
        ("auth", "auth") => "Authentication",
        ("tls", "tls") => "TLS",
        ("headers", _) => "Headers",
        ("event_headers", _) => "Headers from the event",
        ("cloud_events", "source") => "Source",
        ("cloud_events", "type") => "Type",
        ("cloud_events", _) => "Envelope of events",
        ("extra_signature", "header") => "Header of the signature",
        ("extra_signature", "algorithm") => "Hash function",
        ("extra_signature", "encoding") => "Written in",
        ("extra_signature", "prefix") => "Text before it",
        ("extra_signature", _) => "One more signature",
        ("event_types", _) => "Event types",
        ("event_type_versions", _) => "Pinned versions",
        ("retry", _) => "Pauses before each retry",
        ("timeout_seconds", _) => "Timeout",
        ("max_in_flight", _) => "Attempts at once",
        ("rate_limit", "per") => "Period",
        ("rate_limit", "burst") => "Burst",
        ("rate_limit", "events") => "Attempts in a period",
        ("rate_limit", _) => "Rate",
        ("ordering", "key") => "Key",
        ("ordering", "on_failure") => "When an event fails for good",
        ("ordering", _) => "Order",
        ("delivery", _) => "Attempts are made",
        ("shards", _) => "Partitions of its events",
        ("emails", _) => "E-mail addresses",
        ("expires_at", _) => "Valid for",
        ("filter", _) => "Filter",
        ("transform", "content_type") => "Content type of the result",
        ("transform", _) => "Transform",
        ("tls", "ca") => "Trusted authority",
        (_, "username") => "User name",
        (_, "token_url") => "Token URL",
        (_, "connection_arn") => "ARN of the connection",
        ("auth", "name") => "Header",
        _ => "",
    };
    if name.is_empty() {
        crate::parts::sentence(&last.replace('_', " ")).trim_end_matches('.').to_owned()
    } else {
        name.to_owned()
    }
}

/// The HTML id of the control of a field; an entry of a list has that of the list.
pub(crate) fn anchor(field: &str) -> String {
    let whole = field.split('[').next().unwrap_or_default();
    let lists = ["headers", "event_headers", "event_type_versions"];
    let whole = lists.into_iter().find(|list| whole.starts_with(list)).unwrap_or(whole);
    whole.replace('.', "-")
}

/// A control with its label, its hint and its error.
pub(crate) struct Field<'a> {
    /// The name that the API has for the field.
    pub(crate) name: &'a str,
    pub(crate) label: &'a str,
    pub(crate) hint: &'a str,
    pub(crate) fault: FormFault<'a>,
}

impl Field<'_> {
    /// The control with its label. `control` renders it with the attributes that refer to label, hint and error.
    pub(crate) fn with(&self, control: impl FnOnce(&ControlAttributes) -> Markup) -> Markup {
        let id = anchor(self.name);
        let wrong = self.fault.of(self.name);
        let described = match (self.hint.is_empty(), wrong.is_some()) {
            (true, false) => None,
            (false, false) => Some(format!("{id}-hint")),
            (true, true) => Some(format!("{id}-wrong")),
            (false, true) => Some(format!("{id}-hint {id}-wrong")),
        };
        let attributes = ControlAttributes { invalid: wrong.map(|_| "true"), described, id };
        html! {
            div.field {
                label for=(attributes.id) { (self.label) }
                (control(&attributes))
                @if !self.hint.is_empty() { p.hint id={(attributes.id) "-hint"} { (self.hint) } }
                @if let Some(wrong) = wrong { (Wrong(&attributes.id, wrong)) }
            }
        }
    }

    /// A text field of one line.
    pub(crate) fn line(&self, kind: &str, name: &str, value: &str) -> Markup {
        self.with(|ControlAttributes { id, invalid, described }| {
            html! {
                input id=(id) name=(name) type=(kind) value=(value) autocomplete="off" spellcheck="false"
                    aria-invalid=[*invalid] aria-describedby=[described.as_deref()];
            }
        })
    }

    /// A field for a secret. The stored secret is never shown, and stays when the field is left empty. A secret that was
    /// typed is not sent back: the script of the page puts it in again; without a script, the field says that it is missing.
    pub(crate) fn secret(&self, form: &Form, name: &str, is_there: bool) -> Markup {
        self.with(|ControlAttributes { id, invalid, described }| {
            html! {
                input id=(id) name=(name) type="password" autocomplete="new-password" spellcheck="false" data-secret
                    placeholder=[is_there.then_some("kept — type to replace")]
                    aria-invalid=[*invalid] aria-describedby=[described.as_deref()];
                @if !form.get(name).is_empty() { (again()) }
            }
        })
    }

    /// The same for a private key, of several lines.
    pub(crate) fn secret_area(&self, form: &Form, name: &str, is_there: bool) -> Markup {
        let placeholder = if is_there { "kept — paste to replace" } else { "-----BEGIN PRIVATE KEY-----" };
        self.with(|ControlAttributes { id, invalid, described }| {
            html! {
                textarea.code id=(id) name=(name) rows="4" placeholder=(placeholder) spellcheck="false" autocomplete="off" data-secret
                    aria-invalid=[*invalid] aria-describedby=[described.as_deref()] {}
                @if !form.get(name).is_empty() { (again()) }
            }
        })
    }

    /// A text field of several lines.
    pub(crate) fn area(&self, name: &str, value: &str, placeholder: &str) -> Markup {
        self.with(|ControlAttributes { id, invalid, described }| html! {
            textarea.code id=(id) name=(name) rows="4" placeholder=(placeholder) spellcheck="false" autocomplete="off"
                aria-invalid=[*invalid] aria-describedby=[described.as_deref()] { (value) }
        })
    }
}

/// Says that a secret has to be typed again.
pub(crate) fn again() -> Markup {
    html! { p.again { "Type it again: it was not saved, and is not sent back." } }
}

/// The attributes with which a control refers to its label, its hint and its error.
pub(crate) struct ControlAttributes {
    pub(crate) id: String,
    pub(crate) invalid: Option<&'static str>,
    pub(crate) described: Option<String>,
}

/// The error of the control with this id.
pub(crate) struct Wrong<'a>(pub(crate) &'a str, pub(crate) &'a str);

impl Render for Wrong<'_> {
    fn render(&self) -> Markup {
        html! { p.wrong id={(self.0) "-wrong"} { (crate::parts::sentence(self.1)) } }
    }
}
