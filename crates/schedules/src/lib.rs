//! The schedules that start the further attempts of events. The state machine makes them; here they are deleted when an
//! event is cancelled.

use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::error::SdkError;
use hookstep_ambient::OnDemand;
use hookstep_contract::EventRecord;
use thiserror::Error;

/// The schedules of a deployment.
#[derive(Clone, Debug)]
pub struct RetrySchedules {
    client: OnDemand<Client>,
    group: String,
}

/// A schedule could not be deleted.
#[derive(Debug, Error)]
#[error("the schedule of an attempt could not be deleted")]
pub struct NotDeleted(#[source] Box<dyn std::error::Error + Send + Sync>);

impl RetrySchedules {
    /// The schedules in the group with this name. `client` is called once, for the first request.
    pub fn new(client: impl FnOnce() -> Client + Send + 'static, group: impl Into<String>) -> Self {
        Self { client: OnDemand::new(client), group: group.into() }
    }

    /// Deletes the schedules of the next attempt of an event; returns whether there was one.
    ///
    /// # Errors
    /// If a schedule may still exist.
    pub async fn delete(&self, event: &EventRecord) -> Result<bool, NotDeleted> {
        let mut was_there = false;
        for name in event.waiting_names() {
            was_there |= self.delete_named(name).await?;
        }
        Ok(was_there)
    }

    async fn delete_named(&self, name: String) -> Result<bool, NotDeleted> {
        let request = self.client.delete_schedule().group_name(&self.group).name(name);
        match Box::pin(request.send()).await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_resource_not_found_exception() => Ok(false),
            Err(error) => Err(NotDeleted(error.into())),
        }
    }
}
