//! The refusals of the API as the OpenAPI document names them, one for each status.

use hookstep_api_types::ProblemDetails;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder, ResponsesBuilder};
use utoipa::{IntoResponses, ToResponse, ToSchema};

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident, $description:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl<'r> ToResponse<'r> for $name {
                fn response() -> (&'r str, RefOr<Response>) {
                    (stringify!($name), refusal($description).into())
                }
            }
        )*

        /// Every refusal, for the components of the document.
        pub fn refusals() -> Vec<(&'static str, RefOr<Response>)> {
            vec![$($name::response()),*]
        }
    };
}

refusals! {
    /// 400
    Invalid, "Something in the request is wrong; `field` says what, as a path into the body or the name of a \
        parameter.";
    /// 401
    Unauthorized, "The request carries no token, or one that is unknown, expired or revoked.";
    /// 403
    Forbidden, "The token lacks the scope that this operation needs, it is not one of the org that `X-Org-Id` names, or the org \
        is suspended.";
    /// 404
    NotFound, "The org of the token has nothing with this id.";
    /// 409
    Conflict, "The state of the resource does not allow the request, or an earlier request contradicts it; `detail` says \
        which.";
    /// 413
    TooLarge, "The body is larger than this operation takes.";
    /// 500
    Internal, "An error in Hookstep. Trying again may help.";
    /// 503
    Unavailable, "A service that Hookstep depends on does not answer. Try again.";
    /// 504
    TimedOut, "There is no result yet. Try again.";
}

/// The refusals of every operation that needs a token.
#[derive(Clone, Copy, Debug)]
pub struct Authenticated;

impl IntoResponses for Authenticated {
    fn responses() -> std::collections::BTreeMap<String, RefOr<Response>> {
        ResponsesBuilder::new()
            .response("401", Ref::from_response_name(Unauthorized::response().0))
            .response("403", Ref::from_response_name(Forbidden::response().0))
            .response("500", Ref::from_response_name(Internal::response().0))
            .build()
            .into()
    }
}

fn refusal(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemDetails::name()))).build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}
