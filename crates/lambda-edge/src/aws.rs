//! AWS clients inside a Lambda environment.
//!
//! `aws-config` is left out on purpose (docs/adr/0005): it brings a chain of credential providers and an STS client, while
//! a function's credentials are always in three environment variables.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use hookstep_ambient::env;

use crate::{Error, https};

/// [`Aws::from_env`] for a whole life of the function, so that clients can be made from it when they are first used.
///
/// # Errors
/// When a variable is missing.
pub fn aws() -> Result<&'static Aws, Error> {
    Ok(Box::leak(Box::new(Aws::from_env()?)))
}

/// What every AWS client of this function is made from.
#[derive(Clone, Debug)]
pub struct Aws(SdkConfig);

impl Aws {
    /// Reads region and credentials from the environment that Lambda sets. `AWS_ENDPOINT_URL` is honoured, for emulators.
    ///
    /// # Errors
    /// When a variable is missing.
    pub fn from_env() -> Result<Self, Error> {
        let endpoint = env::optional("AWS_ENDPOINT_URL");
        let credentials = Credentials::new(
            env::required("AWS_ACCESS_KEY_ID")?,
            env::required("AWS_SECRET_ACCESS_KEY")?,
            env::optional("AWS_SESSION_TOKEN"),
            None,
            "lambda environment",
        );
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(env::required("AWS_REGION")?))
            // A sync execution is silent while its receiver thinks, and a claim check is read as slowly as its receiver
            // takes it: both look like stalled streams. Our own deadlines end what hangs.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(https::client(endpoint.as_deref())?);
        config.set_endpoint_url(endpoint);
        Ok(Self(config.build()))
    }

    /// The shared part of a client's configuration.
    pub fn config(&self) -> &SdkConfig {
        &self.0
    }
}
