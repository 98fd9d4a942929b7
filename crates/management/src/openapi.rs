//! The part of the OpenAPI document about this crate's routes. A test puts it together with the part of `trigger` and
//! keeps the whole in `openapi.json`, so that nothing is built at run time, and no function depends on another.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, OpenApi as Document};
use utoipa::{Modify, OpenApi};

const DESCRIPTION: &str = "Hookstep delivers webhooks. Every request carries an API token: `Authorization: Bearer <token>`. \
    A token belongs to one org and reaches no data of any other; its scopes (`trigger`, `read`, `manage`) say what it may \
    do there. A token of the platform (scope `platform`) belongs to no org: it manages orgs, and with the header `X-Org-Id: <org_id>` \
    it may do in an org what any token of that org may do. Errors are `application/problem+json` (RFC 9457) and name the field that is wrong; nothing is half-saved. \
    Times are UTC.";

/// The part of the document about the routes of this crate, and what all parts share.
pub fn openapi() -> Document {
    Routes::openapi()
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Hookstep", description = DESCRIPTION),
    tags(
        (name = "Webhooks", description = "Receivers of events, and how events are sent to them."),
        (name = "Events", description = "Trigger deliveries, and see how they went."),
        (name = "Event types", description = "The catalogue of the types of events that an org sends, and what their payloads look like."),
        (name = "Tokens", description = "The API tokens of an org, and the sessions in the console that were opened with them."),
        (name = "Audit", description = "Who changed what, when and from where."),
        (name = "Orgs", description = "The tenants of a platform, and the platform's own tokens."),
        (name = "Signatures", description = "The keys with which receivers verify requests."),
        (name = "Service", description = "About the service itself."),
    ),
    paths(
        crate::webhooks::crud::list,
        crate::webhooks::crud::create,
        crate::webhooks::crud::read,
        crate::webhooks::crud::replace,
        crate::webhooks::patch::patch,
        crate::webhooks::crud::delete,
        crate::webhooks::rotate_secret::rotate_secret,
        crate::webhooks::test_auth::test_auth,
        crate::webhooks::test_send::test,
        crate::webhooks::preview::preview,
        crate::stats::read,
        crate::stats::of_org::read_org,
        crate::events::lookup::list,
        crate::events::lookup::read,
        crate::events::body::read,
        crate::events::search::find,
        crate::events::publication::read,
        crate::event_types::crud::create,
        crate::event_types::crud::list,
        crate::event_types::crud::read,
        crate::event_types::crud::patch,
        crate::event_types::crud::delete,
        crate::event_types::versions::create,
        crate::event_types::versions::read,
        crate::event_types::versions::delete,
        crate::event_types::listeners::list,
        crate::event_types::check::check,
        crate::event_types::import::import,
        crate::event_types::export::export,
        crate::replays::single::replay,
        crate::events::cancel::cancel,
        crate::erasures::create,
        crate::erasures::list,
        crate::erasures::read,
        crate::replays::bulk::create,
        crate::replays::bulk::read,
        crate::notifications::read,
        crate::notifications::replace,
        crate::tokens::create,
        crate::tokens::list,
        crate::tokens::delete,
        crate::sessions::list,
        crate::sessions::delete,
        crate::audit::list,
        crate::audit::list_of_platform,
        crate::orgs::crud::create,
        crate::orgs::crud::list,
        crate::orgs::crud::read,
        crate::orgs::patch::patch,
        crate::orgs::erase::delete,
        crate::portal::create,
        crate::platform_overview::read,
        crate::platform_tokens::create,
        crate::platform_tokens::list,
        crate::platform_tokens::delete,
        crate::signing::public_key::show,
        crate::signing::jwks::show,
        crate::source_addresses::show,
        crate::signing::rotate_key::rotate,
        crate::health::live,
        crate::health::ready,
        crate::health::check,
        crate::docs::published::show,
        crate::docs::page,
        crate::docs::style,
    ),
    components(schemas(hookstep_api_types::ProblemDetails)),
    modifiers(&Shared),
)]
struct Routes;

/// The components that all routes refer to.
struct Shared;

impl Modify for Shared {
    fn modify(&self, document: &mut Document) {
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "An API token of the org, or of the platform with `X-Org-Id`. The scope that an operation needs is in `x-required-scope`.",
            ))
            .build();
        let components = document.components.get_or_insert_with(Components::new);
        components.add_security_scheme("token", SecurityScheme::Http(token));
        for (name, refusal) in hookstep_http_edge::refusals() {
            components.responses.insert(name.to_owned(), refusal);
        }
    }
}
