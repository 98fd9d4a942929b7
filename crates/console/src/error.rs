//! Errors as pages.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use hookstep_http_edge::Problem;
use maud::html;

use crate::document::alone;

/// Why a page cannot be shown.
#[derive(Debug)]
pub(crate) enum PageError {
    /// The visitor is not signed in.
    SignIn {
        /// The page to show after signing in.
        next: String,
    },
    /// The problem that the API would answer.
    Problem(Problem),
}

impl PageError {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::Problem(Problem::new(status, detail))
    }
}

impl<P: Into<Problem>> From<P> for PageError {
    fn from(problem: P) -> Self {
        Self::Problem(problem.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn { next } if next == "/" => Redirect::to("/console/sign-in").into_response(),
            Self::SignIn { next } => {
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                let query = query.append_pair("next", &next).finish();
                Redirect::to(&format!("/console/sign-in?{query}")).into_response()
            }
            Self::Problem(problem) => {
                let status = problem.status();
                let title = status.canonical_reason().unwrap_or("Error");
                let page = alone(
                    title,
                    html! {
                        p.error-code { (status.as_u16()) }
                        h1 { (title) }
                        p { (crate::parts::sentence(problem.detail())) }
                        p { a.button href="/" { "To the webhooks" } }
                    },
                );
                (status, page).into_response()
            }
        }
    }
}
