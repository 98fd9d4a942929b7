//! Credentials: what serde reads but never writes. A derived schema would leave it out.

use hookstep_contract::limits::{
    BODY_PARAMETER_CHARS, CONNECTION_VALUE_CHARS, MAX_TOKEN_PARAMETERS, SCOPE_CHARS, URL_BYTES,
};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use super::fields::{Fields, text};
use super::{ClientAuthentication, Place, TokenMethod};

/// How requests to the receiver are authenticated.
#[derive(Debug)]
pub enum Auth {}

/// An additional parameter of a token request.
#[derive(Debug)]
pub enum Parameter {}

/// A client certificate, or a private certificate authority.
#[derive(Debug)]
pub enum Tls {}

fn or_null(text: ObjectBuilder) -> ObjectBuilder {
    text.schema_type(SchemaType::from_iter([Type::String, Type::Null]))
}

/// What a connection holds.
fn value(description: &str) -> ObjectBuilder {
    text(description).min_length(Some(1)).max_length(Some(CONNECTION_VALUE_CHARS))
}

fn secret(description: &str) -> ObjectBuilder {
    value(&format!("{description} Write-only: if it is left out, it stays as it is.")).write_only(true)
}

fn reference<T: ToSchema>(description: &str) -> Ref {
    Ref::builder().ref_location_from_schema_name(T::name()).description(Some(description)).build()
}

impl PartialSchema for Auth {
    fn schema() -> RefOr<Schema> {
        let token_url = text("The token endpoint. As for receivers, it must be a public https address.")
            .format(Some(SchemaFormat::Custom("uri".to_owned())))
            .max_length(Some(URL_BYTES))
            .examples(["https://auth.example.com/oauth2/token"]);
        let parameters = ArrayBuilder::new()
            .items(Ref::from_schema_name(Parameter::name()))
            .max_items(Some(MAX_TOKEN_PARAMETERS))
            .description(Some("Additional parameters of the token request."));
        let scope = text("The scope of the token.")
            .min_length(Some(1))
            .max_length(Some(SCOPE_CHARS))
            .examples(["orders:write"]);
        let private_key = "With `private_key_jwt`: the private key as PEM, RSA from 2,048 bits or ECDSA on P-256. \
            Write-only: if it is left out, it stays as it is.";
        let private_key = text(private_key).write_only(true);
        let key_id =
            text("With `private_key_jwt`: the `kid` of the key.").min_length(Some(1)).max_length(Some(255));
        let variants = [
            Fields::variant("none", "No authentication."),
            Fields::variant("basic", "HTTP Basic.")
                .required("username", value("The user name."))
                .optional("password", secret("The password.")),
            Fields::variant(
                "api_key",
                "A header with a fixed value. For a bearer token, name it `Authorization`.",
            )
            .required("name", value("The name of the header.").examples(["X-Api-Key"]))
            .optional("value", secret("The value.")),
            Fields::variant(
                "oauth_client_credentials",
                "A bearer token from an authorisation server (RFC 6749 §4.4).",
            )
            .required("token_url", token_url)
            .required("client_id", value("The client id."))
            .optional("client_secret", secret("The client secret."))
            .optional(
                "method",
                reference::<TokenMethod>("The HTTP method of the token request; by default POST."),
            )
            .optional("parameters", parameters)
            .optional("scope", scope)
            .optional(
                "client_authentication",
                reference::<ClientAuthentication>("How the client authenticates."),
            )
            .optional("private_key", private_key)
            .optional("key_id", key_id),
            Fields::variant(
                "connection",
                "An EventBridge connection that the operator created for this org.",
            )
            .required("connection_arn", text("Its ARN; its name begins with `hookstep.{org_id}.`.")),
        ];
        let one_of = OneOfBuilder::new().description(Some(
            "How requests to the receiver are authenticated. Answers do not contain the secrets.",
        ));
        variants.into_iter().fold(one_of, |one_of, variant| one_of.item(variant.build())).into()
    }
}

impl ToSchema for Auth {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((TokenMethod::name().into(), TokenMethod::schema()));
        schemas.push((ClientAuthentication::name().into(), ClientAuthentication::schema()));
        schemas.push((Parameter::name().into(), Parameter::schema()));
        Parameter::schemas(schemas);
    }
}

impl PartialSchema for Parameter {
    fn schema() -> RefOr<Schema> {
        let parameter_value = "The value. In a body it may be empty, and may have 8,192 characters; in a query or a header it \
            has 1 to 512. Write-only: if it is left out, it stays as it is.";
        let parameter_value = text(parameter_value).max_length(Some(BODY_PARAMETER_CHARS)).write_only(true);
        Fields::new("An additional parameter of a token request, for example `audience` or `scope`.")
            .required("in", reference::<Place>("Where it goes."))
            .required("name", value("Its name."))
            .optional("value", parameter_value)
            .build()
            .into()
    }
}

impl ToSchema for Parameter {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Place::name().into(), Place::schema()));
    }
}

impl PartialSchema for Tls {
    fn schema() -> RefOr<Schema> {
        let key = "The private key of the certificate. Write-only: if it is left out, it stays as it is.";
        let ca = "The only certificate authorities to trust for the receiver; by default those that browsers trust.";
        Fields::new("A client certificate, or a private certificate authority. All texts are PEM.")
            .optional(
                "certificate",
                or_null(text("The client certificate, with its intermediate certificates.")),
            )
            .optional("private_key", or_null(text(key)).write_only(true))
            .optional("ca", or_null(text(ca)))
            .build()
            .into()
    }
}

impl ToSchema for Tls {}
