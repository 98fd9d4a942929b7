//! The services that the state machines' tasks call directly.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hookstep_asl::Json;
use hookstep_aws_local::{Bus, LaneQueue, Queue, Reply, Schedules, Tables};
use hookstep_engine::{Operation, ServiceFailure, Services};

use crate::machines::LANE_QUEUE;

/// The tables, the bus, the schedules and the queues of this host.
pub(crate) struct TaskServices {
    pub(crate) tables: Tables,
    pub(crate) bus: Bus,
    pub(crate) schedules: Schedules,
    pub(crate) lanes: LaneQueue,
    /// The queue of lost events.
    pub(crate) lost: Queue,
}

impl Services for TaskServices {
    fn call(&self, operation: Operation, request: Json) -> BoxFuture<'_, Result<Json, ServiceFailure>> {
        async move {
            let tables = async |operation, request: Json| {
                let answer = self.tables.call(operation, &request).await;
                answer
                    .map(Json::from)
                    .map_err(|error| ServiceFailure { name: error.name.to_owned(), message: error.message })
            };
            let reply = match operation {
                Operation::PutItem => return tables("PutItem", request).await,
                Operation::GetItem => return tables("GetItem", request).await,
                Operation::DeleteItem => return tables("DeleteItem", request).await,
                Operation::PutEvents => self.bus.put(request.to_string().as_bytes()).await,
                Operation::CreateSchedule => self.schedules.create(request.to_string().as_bytes()).await,
                Operation::SendMessage if request.get("QueueUrl") == Some(&Json::from(LANE_QUEUE)) => {
                    self.lanes.send(request.to_string().as_bytes()).await
                }
                Operation::SendMessage => self.lost.call("SendMessage", request.to_string().as_bytes()).await,
            };
            read(&reply)
        }
        .boxed()
    }
}

fn read(reply: &Reply) -> Result<Json, ServiceFailure> {
    if reply.status != 200 {
        let (name, message) = reply.error();
        return Err(ServiceFailure { name, message });
    }
    serde_json::from_slice(&reply.body).map_err(|error| ServiceFailure {
        name: String::new(),
        message: format!("the answer is no JSON: {error}"),
    })
}
