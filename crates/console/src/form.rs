//! Forms and query strings: reading them, and showing what is wrong where it is.

use std::ops::Deref;

use axum::http::Uri;
use hookstep_http_edge::Problem;
use maud::{Markup, Render, html};
use url::form_urlencoded;

/// What a form sent, in its order. Some of it is secret, so it has no `Debug`.
#[derive(Default)]
pub(crate) struct Form(Vec<(String, String)>);

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
    /// Reads a body of the kind that forms send.
    pub(crate) fn read(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// A form with these values.
    pub(crate) fn from_pairs(pairs: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The same with these values, too.
    pub(crate) fn with(mut self, pairs: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        self.0.extend(Self::from_pairs(pairs).0);
        self
    }

    /// A field that is there once; empty when it is not there.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// A field as a text of more lines, which browsers send with CR LF.
    pub(crate) fn text(&self, name: &str) -> String {
        self.get(name).replace("\r\n", "\n")
    }

    /// A field that is there many times.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn is_checked(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }
}

/// The one fault of a form that was sent, if it has one.
#[derive(Clone, Copy, Default)]
pub(crate) struct Fault<'a>(pub(crate) Option<&'a Problem>);

impl<'a> Fault<'a> {
    /// What is wrong with a field, or with a part of it.
    pub(crate) fn of(self, field: &str) -> Option<&'a str> {
        let problem = self.0?;
        let rest = problem.wrong_field()?.strip_prefix(field)?;
        (rest.is_empty() || rest.starts_with(['.', '['])).then(|| problem.detail())
    }

    /// What is wrong with a field as a whole, and not with a part of it.
    pub(crate) fn of_all(self, field: &str) -> Option<&'a str> {
        self.0.filter(|problem| problem.wrong_field() == Some(field)).map(Problem::detail)
    }

    /// The line above the form. With a field it points there.
    pub(crate) fn summary(self) -> Markup {
        html! {
            @if let Some(problem) = self.0 {
                div.alert.failed role="alert" tabindex="-1" data-focus {
                    strong { "Not saved. " } (crate::parts::sentence(problem.detail()))
                    @if let Some(field) = problem.wrong_field() { " " a href={"#" (anchor(field))} { "Go to the field" } }
                }
            }
        }
    }
}

/// The id of the control of a field: of a list, that of the whole.
pub(crate) fn anchor(field: &str) -> String {
    let whole = field.split('[').next().unwrap_or_default();
    let whole = if whole.starts_with("headers") { "headers" } else { whole };
    whole.replace('.', "-")
}

/// A labelled control, with its hint and what is wrong with it. `control` is given the attributes that tie it to them.
pub(crate) struct Field<'a> {
    /// The field as the API names it.
    pub(crate) name: &'a str,
    pub(crate) label: &'a str,
    pub(crate) hint: &'a str,
    pub(crate) fault: Fault<'a>,
}

impl Field<'_> {
    /// The control with its label.
    pub(crate) fn with(&self, control: impl FnOnce(&Ties) -> Markup) -> Markup {
        let id = anchor(self.name);
        let wrong = self.fault.of(self.name);
        let described = match (self.hint.is_empty(), wrong.is_some()) {
            (true, false) => None,
            (false, false) => Some(format!("{id}-hint")),
            (true, true) => Some(format!("{id}-wrong")),
            (false, true) => Some(format!("{id}-hint {id}-wrong")),
        };
        let ties = Ties { invalid: wrong.map(|_| "true"), described, id };
        html! {
            div.field {
                label for=(ties.id) { (self.label) }
                (control(&ties))
                @if !self.hint.is_empty() { p.hint id={(ties.id) "-hint"} { (self.hint) } }
                @if let Some(wrong) = wrong { (Wrong(&ties.id, wrong)) }
            }
        }
    }

    /// A line of text.
    pub(crate) fn line(&self, kind: &str, name: &str, value: &str) -> Markup {
        self.with(|Ties { id, invalid, described }| {
            html! {
                input id=(id) name=(name) type=(kind) value=(value) autocomplete="off" spellcheck="false"
                    aria-invalid=[*invalid] aria-describedby=[described.as_deref()];
            }
        })
    }

    /// A secret: never shown, kept when nothing is typed and there is one.
    pub(crate) fn secret(&self, name: &str, is_there: bool) -> Markup {
        self.with(|Ties { id, invalid, described }| {
            html! {
                input id=(id) name=(name) type="password" autocomplete="new-password" spellcheck="false"
                    placeholder=[is_there.then_some("kept — type to replace")]
                    aria-invalid=[*invalid] aria-describedby=[described.as_deref()];
            }
        })
    }

    /// A text of more lines.
    pub(crate) fn area(&self, name: &str, value: &str, placeholder: &str) -> Markup {
        self.with(|Ties { id, invalid, described }| html! {
            textarea.code id=(id) name=(name) rows="4" placeholder=(placeholder) spellcheck="false" autocomplete="off"
                aria-invalid=[*invalid] aria-describedby=[described.as_deref()] { (value) }
        })
    }
}

/// What ties a control to its label, its hint and its fault.
pub(crate) struct Ties {
    pub(crate) id: String,
    pub(crate) invalid: Option<&'static str>,
    pub(crate) described: Option<String>,
}

/// What is wrong with the control of this id.
pub(crate) struct Wrong<'a>(pub(crate) &'a str, pub(crate) &'a str);

impl Render for Wrong<'_> {
    fn render(&self) -> Markup {
        html! { p.wrong id={(self.0) "-wrong"} { (crate::parts::sentence(self.1)) } }
    }
}
