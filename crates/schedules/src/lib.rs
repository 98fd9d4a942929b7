//! The schedules that start the further attempts of events. The state machine makes them; here they are deleted when an
//! event is cancelled.

use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::error::SdkError;
use hookstep_ambient::OnDemand;
use hookstep_contract::EventId;
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

    /// The name of the schedule of an attempt, as the state `ScheduleRetry` makes it.
    pub fn name(event_id: EventId, number: u32) -> String {
        format!("{event_id}-{number}")
    }

    /// Deletes the schedule of an attempt; returns whether there was one.
    ///
    /// # Errors
    /// If the schedule may still exist.
    pub async fn delete(&self, event_id: EventId, number: u32) -> Result<bool, NotDeleted> {
        let request =
            self.client.delete_schedule().group_name(&self.group).name(Self::name(event_id, number));
        match Box::pin(request.send()).await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_resource_not_found_exception() => Ok(false),
            Err(error) => Err(NotDeleted(error.into())),
        }
    }
}
