//! AWS SDK clients of the services in this process. Each client reaches only one service.

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, SharedCredentialsProvider, StalledStreamProtectionConfig,
};
use aws_smithy_runtime_api::client::http::HttpClient;
use aws_types::SdkConfig;

use crate::bucket::Bucket;
use crate::bus::{Bus, EventBridge};
use crate::connections::ConnectionStore;
use crate::keys::LocalKey;
use crate::schedules::Schedules;
use crate::secrets::Secrets;
use crate::states::States;
use crate::transport::{to_bucket, to_json_service, to_scheduler};

/// The region in the SDK's configuration; it affects only signatures.
const REGION: &str = "us-east-1";

/// An S3 client. Presigned URLs point to `url`.
pub fn s3(bucket: Bucket, credentials: Credentials, url: &str) -> aws_sdk_s3::Client {
    // Only the bucket can be reached from outside this process,
    // through presigned URLs, so only the bucket checks signatures.
    let config = aws_sdk_s3::config::Builder::from(&config(url, to_bucket(bucket)))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .force_path_style(true)
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

/// A Step Functions client.
pub fn step_functions(states: States) -> aws_sdk_sfn::Client {
    let config = config("http://states.local", to_json_service(states));
    let config = aws_sdk_sfn::config::Builder::from(&config).allow_no_auth().build();
    aws_sdk_sfn::Client::from_conf(config)
}

/// An EventBridge client, for the bus and connections.
pub fn event_bridge(bus: Bus, connections: ConnectionStore) -> aws_sdk_eventbridge::Client {
    let config = config("http://events.local", to_json_service(EventBridge { bus, connections }));
    let config = aws_sdk_eventbridge::config::Builder::from(&config).allow_no_auth().build();
    aws_sdk_eventbridge::Client::from_conf(config)
}

/// An EventBridge Scheduler client.
pub fn scheduler(schedules: Schedules) -> aws_sdk_scheduler::Client {
    let config = config("http://scheduler.local", to_scheduler(schedules));
    let config = aws_sdk_scheduler::config::Builder::from(&config).allow_no_auth().build();
    aws_sdk_scheduler::Client::from_conf(config)
}

/// A Secrets Manager client, for the secrets of connections.
pub fn secrets_manager(connections: ConnectionStore) -> aws_sdk_secretsmanager::Client {
    let config = config("http://secretsmanager.local", to_json_service(Secrets(connections)));
    let config = aws_sdk_secretsmanager::config::Builder::from(&config).allow_no_auth().build();
    aws_sdk_secretsmanager::Client::from_conf(config)
}

/// A KMS client; the key is [`crate::KEY_ID`].
pub fn kms(key: LocalKey) -> aws_sdk_kms::Client {
    let config = config("http://kms.local", to_json_service(key));
    let config = aws_sdk_kms::config::Builder::from(&config).allow_no_auth().build();
    aws_sdk_kms::Client::from_conf(config)
}

fn config(url: &str, connector: impl HttpClient + 'static) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::from_static(REGION))
        // The services have no transient failures of their own, and the state machine retries failed tasks.
        .retry_config(RetryConfig::disabled())
        // A sync execution sends nothing until its receiver
        // responds; stalled-stream protection would abort it.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(connector)
        .endpoint_url(url)
        .build()
}
