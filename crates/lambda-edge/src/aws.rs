//! AWS clients inside a Lambda environment.
//!
//! `aws-config` is deliberately not used (docs/adr/0005): it brings a chain of credential providers and an
//! STS client, while a function's credentials are always in three environment variables.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use hookstep_ambient::env;

use crate::{Error, https};

/// [`Aws::from_env`] with a static lifetime, so that clients can be created when they are first used.
///
/// # Errors
/// If a variable is missing.
pub fn aws() -> Result<&'static Aws, Error> {
    Ok(Box::leak(Box::new(Aws::from_env()?)))
}

/// The configuration shared by this function's AWS clients.
#[derive(Clone, Debug)]
pub struct Aws(SdkConfig);

impl Aws {
    /// Reads the region and credentials from the environment variables
    /// that Lambda sets. `AWS_ENDPOINT_URL` is honoured, for emulators.
    ///
    /// # Errors
    /// If a variable is missing.
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
            // A sync execution is silent until its receiver responds, and a claim check is read only as fast
            // as its receiver accepts it: both look like stalled streams. Our own timeouts end hung requests.
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
