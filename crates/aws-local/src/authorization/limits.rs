//! EventBridge's limits: the lengths and patterns in the service's model (botocore, events/2015-10-07).

use super::{
    ApiKey, AuthParameters, AuthorizationType, Basic, HttpParameters, Oauth, OauthClient, Parameter,
};

/// `HeaderParameters`, `QueryStringParameters` and `BodyParameters` have at most this many entries each.
const MAX_PARAMETERS: usize = 100;

impl AuthParameters {
    /// The first field that AWS would reject, if there is one.
    pub(crate) fn fault(&self, kind: AuthorizationType) -> Option<&'static str> {
        let Self { basic, api_key, oauth, invocation_http_parameters } = self;
        let given = [
            (AuthorizationType::Basic, basic.is_some()),
            (AuthorizationType::ApiKey, api_key.is_some()),
            (AuthorizationType::OauthClientCredentials, oauth.is_some()),
        ];
        if given.into_iter().any(|(of, there)| there != (of == kind)) {
            return Some("AuthParameters");
        }
        let basic = basic.as_ref().and_then(Basic::fault);
        let api_key = api_key.as_ref().and_then(ApiKey::fault);
        let oauth = oauth.as_ref().and_then(Oauth::fault);
        let http = invocation_http_parameters.as_ref().and_then(HttpParameters::fault);
        basic.or(api_key).or(oauth).or(http)
    }
}

impl Basic {
    fn fault(&self) -> Option<&'static str> {
        [("Username", &self.username), ("Password", &self.password)].into_iter().find_map(in_header)
    }
}

impl ApiKey {
    fn fault(&self) -> Option<&'static str> {
        let all = [("ApiKeyName", &self.api_key_name), ("ApiKeyValue", &self.api_key_value)];
        all.into_iter().find_map(in_header)
    }
}

impl Oauth {
    fn fault(&self) -> Option<&'static str> {
        let OauthClient { id, secret } = &self.client_parameters;
        let client = [("ClientID", id), ("ClientSecret", secret)].into_iter().find_map(in_header);
        // Plain HTTP is also allowed, because tests use token endpoints on this machine.
        let endpoint = self.authorization_endpoint.as_deref().unwrap_or_default();
        let endpoint = !(1..=2048).contains(&endpoint.len()) || !endpoint.bytes().all(may_be_in_url);
        client
            .or(endpoint.then_some("AuthorizationEndpoint"))
            .or(self.http_method.is_none().then_some("HttpMethod"))
            .or(self.http_parameters.as_ref().and_then(HttpParameters::fault))
    }
}

impl HttpParameters {
    fn fault(&self) -> Option<&'static str> {
        let lists = [
            ("HeaderParameters", &self.header_parameters, Parameter::fits_header as fn(&Parameter) -> bool),
            ("QueryStringParameters", &self.query_string_parameters, Parameter::fits),
            ("BodyParameters", &self.body_parameters, |_| true),
        ];
        lists.into_iter().find_map(|(name, list, fits)| {
            let list = list.as_deref().unwrap_or_default();
            (list.len() > MAX_PARAMETERS || !list.iter().all(fits)).then_some(name)
        })
    }
}

impl Parameter {
    fn fits(&self) -> bool {
        self.key.chars().count() <= 512 && self.value.chars().count() <= 512
    }

    fn fits_header(&self) -> bool {
        let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+,-.^_`|~".contains(&byte);
        let in_value = |byte| matches!(byte, b'\t' | b' '..=b'~');
        let key = !self.key.is_empty() && self.key.bytes().all(in_name);
        key && self.value.bytes().all(in_value) && self.fits()
    }
}

/// `AuthHeaderParameters`: 1 to 512 characters, without control characters and colons.
fn in_header((name, value): (&'static str, &Option<String>)) -> Option<&'static str> {
    let value = value.as_deref().unwrap_or_default();
    let bad = |c: char| c == ':' || (c.is_ascii_control() && c != '\t');
    (!(1..=512).contains(&value.chars().count()) || value.contains(bad)).then_some(name)
}

/// `HttpsEndpoint`.
fn may_be_in_url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"%-()_.!~*';/?:@&=+$,".contains(&byte)
}
