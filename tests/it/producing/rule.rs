//! The rule of the bus and its target, for tests that look at one event.
#![expect(clippy::unwrap_used, reason = "an event that cannot be read fails the test")]

use hookstep_ambient::Sources;
use hookstep_catalogue::Catalogue;
use hookstep_claims::Claims;
use hookstep_contract::MachineKind;
use hookstep_contract::limits::INLINE_BYTES;
use hookstep_dispatch::{BusEvent, Context};
use hookstep_executions::{DeliveryMachines, ExecutionClient};
use hookstep_store::{Configs, EventTypes};

use crate::world::World;

pub(super) const EXPRESS: &str = "arn:aws:states:local:000000000000:stateMachine:hookstep-express";

/// EventBridge ids are UUIDs of no particular version.
const BUS_ID: &str = "17793124-05d4-b198-2fde-7ededc63b103";

/// The event id made from the bus's id and the time: the milliseconds since 1970, the version, and most of the
/// digits of the bus's id.
pub(super) const EVENT_ID: &str = "01a20bb4-5b78-7198-8fde-7ededc63b103";

/// An event as the input transformer of the rule in `infra/template.yaml` writes it.
pub(super) fn passed_on(detail_type: &str, detail: &str) -> BusEvent {
    let detail_type = serde_json::Value::from(detail_type);
    let event = format!(
        r#"{{"accepted_at": "2026-11-24T03:58:19Z", "event": {{
            "version": "0", "id": "{BUS_ID}", "detail-type": {detail_type}, "source": "orders", "account": "000000000000",
            "time": "2026-11-24T03:58:17Z", "region": "us-east-1", "resources": [], "detail": {detail}
        }}}}"#
    );
    serde_json::from_str(&event).unwrap()
}

/// The dependencies of the function `dispatch` on a host.
pub(super) fn target(world: &World) -> Context {
    let clients = world.host.clients();
    let (bucket, states) = (clients.bucket.clone(), clients.states.clone());
    Context {
        configs: Configs::new(clients.tables.clone(), "configs"),
        catalogue: Catalogue::new(EventTypes::new(clients.tables.clone(), "configs", Sources::system())),
        claims: Claims::new(|| bucket, "hookstep-claims"),
        machines: DeliveryMachines::new(ExecutionClient::new(|| states), EXPRESS, "", MachineKind::Express),
        inline_limit: INLINE_BYTES,
    }
}
