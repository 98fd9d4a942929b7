//! Refusals as the OpenAPI document names them: one per status, said once.

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

        /// Every refusal, for the document's components.
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
    Unauthorized, "There is no token in the request, or it is not known (any more).";
    /// 403
    Forbidden, "The token lacks the scope that this operation needs.";
    /// 404
    NotFound, "There is no such thing in the token's org.";
    /// 409
    Conflict, "It is not as it was when the request was made, or the request contradicts an earlier one; `detail` says \
        which.";
    /// 413
    TooLarge, "The body is larger than this operation takes.";
    /// 500
    Internal, "The fault is ours. Trying again may help.";
    /// 503
    Unavailable, "Something that we depend on does not answer. Try again.";
    /// 504
    TimedOut, "There is no result yet. Try again.";
}

/// What every operation that wants a token can answer.
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
