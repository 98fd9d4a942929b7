//! Emulators have one host, whatever the service's operations are called at on AWS.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::endpoint::EndpointPrefix;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::endpoint_config::EndpointUrl;

/// For the client of Step Functions, whose `StartSyncExecution` is at a host `sync-…`: with `AWS_ENDPOINT_URL`, it calls that
/// host and not one of a name that nobody has.
#[derive(Debug)]
pub struct IgnoreEndpointPrefix;

impl Intercept for IgnoreEndpointPrefix {
    fn name(&self) -> &'static str {
        "IgnoreEndpointPrefix"
    }

    // By now the operation has set its prefix, and the endpoint is not resolved yet.
    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if cfg.load::<EndpointUrl>().is_some() {
            cfg.interceptor_state().unset::<EndpointPrefix>();
        }
        Ok(())
    }
}
