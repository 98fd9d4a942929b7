//! What goes wrong, as a page.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use hookstep_http_edge::Problem;
use maud::html;

use crate::document::alone;

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum PageError {
    /// Nobody is signed in.
    SignIn {
        /// The page that was asked for.
        next: String,
    },
    /// What the API would have answered, too.
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
