//! Disables host prefixes for emulators, which have a single host for all operations.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::endpoint::EndpointPrefix;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::endpoint_config::EndpointUrl;

/// For the Step Functions client, whose `StartSyncExecution` goes to a host named `sync-…`: with
/// `AWS_ENDPOINT_URL`, the client calls that URL's host itself, since the prefixed host does not exist.
#[derive(Debug)]
pub struct IgnoreEndpointPrefix;

impl Intercept for IgnoreEndpointPrefix {
    fn name(&self) -> &'static str {
        "IgnoreEndpointPrefix"
    }

    // At this point the operation has set its prefix, and the endpoint has not been resolved yet.
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
