//! The page of the portal: an empty one, whose script opens the session of a link and fetches the pages of the console into it.
//! It is the only page that others may show in a frame.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hookstep_http_edge::{Problem, Sender, WrongToken};
use hookstep_management::Context;
use hookstep_management::portal;
use maud::html;
use serde_json::json;

use crate::assets::PORTAL_SCRIPT;
use crate::document::document_with;
use crate::form::Form;
use crate::guard::ShownIn;

/// `GET /portal`: the same for everybody.
pub(crate) async fn show(State(ctx): State<Arc<Context>>) -> Response {
    let head = html! { script src=(PORTAL_SCRIPT.path()) defer {} };
    let body = html! {
        main #content {
            noscript { p.alert.waiting { "This page needs JavaScript." } }
            h1.hidden { "Webhooks" }
            p.muted role="status" { "…" }
        }
        template #ended {
            div.empty data-ended { h1 { "This session has ended" } p { "Go back to where you opened this page, and open it again." } }
        }
        template #failed { "The service cannot be reached. Try again in a moment." }
    };
    let mut page = document_with("Webhooks", head, body).into_response();
    page.extensions_mut().insert(ShownIn(ctx.frame_origins.clone()));
    page
}

/// The web component that shows the portal in a page of a product.
const COMPONENT: &str = include_str!("../../../../clients/portal/hookstep-portal.js");

/// `GET /portal/hookstep-portal.js`
pub(crate) async fn component() -> impl IntoResponse {
    // Its name is in pages of others, so a new version is found within an hour.
    let kept = (header::CACHE_CONTROL, "public, max-age=3600");
    ([(header::CONTENT_TYPE, "text/javascript"), kept], COMPONENT)
}

/// `POST /portal/session`: opens the session of a link, and answers its value, which the script keeps.
pub(crate) async fn open(
    State(ctx): State<Arc<Context>>,
    sender: Sender,
    form: Form,
) -> Result<Response, Problem> {
    match portal::open(&ctx, form.get("link"), &sender).await {
        Ok(opened) => {
            Ok(Json(json!({"session": opened.value, "logo": opened.logo, "org": opened.org_id}))
                .into_response())
        }
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => {
            let mut refusal = problem.into_response();
            refusal.extensions_mut().insert(WrongToken);
            Ok(refusal)
        }
        Err(problem) => Err(problem),
    }
}
