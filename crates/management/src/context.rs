//! What the use cases and the routes of this crate need.

use hookstep_ambient::Sources;
use hookstep_bus::Bus;
use hookstep_claims::Claims;
use hookstep_contract::{Ciphertext, FrameOrigins, OrgId, Publish};
use hookstep_egress::Policy;
use hookstep_executions::{DeliveryMachines, ReplayMachine, TestAuthMachine};
use hookstep_expression::Sandbox;
use hookstep_http_edge::{HasTokens, Problem};
use hookstep_schedules::RetrySchedules;
use hookstep_secrets::{Connections, Keys};
use hookstep_store::{
    AuditLog, Bodies, Configs, EventErasures, EventTypes, Events, ExpiringBodies, Lanes, Orgs, Publications,
    Replays, Sessions, Tokens,
};

use crate::Readiness;

/// The tables, clients and settings that the routes need.
#[derive(Clone, Debug)]
pub struct Context {
    /// The table of API tokens.
    pub tokens: Tokens,
    /// The sessions of the console, in the same table.
    pub sessions: Sessions,
    /// The orgs.
    pub orgs: Orgs,
    /// Who changed what.
    pub audit_log: AuditLog,
    /// The table of webhooks.
    pub configs: Configs,
    /// The catalogues of event types.
    pub event_types: EventTypes,
    /// The table of events.
    pub events: Events,
    /// What waits in the lanes of webhooks.
    pub lanes: Lanes,
    /// The publications in it.
    pub publications: Publications,
    /// Their bodies.
    pub bodies: Bodies,
    /// Which of them are deleted before their events.
    pub expiring: ExpiringBodies,
    /// The bucket of claim checks.
    pub claims: Claims,
    /// Which events are to be erased, or were.
    pub erasures: EventErasures,
    /// The bulk replays.
    pub replays: Replays,
    /// What encrypts keys.
    pub keys: Keys,
    /// The connections that hold what webhooks say to receivers of who they are.
    pub connections: Connections,
    /// The state machines that deliver events.
    pub machines: DeliveryMachines,
    /// The schedules of further attempts.
    pub schedules: RetrySchedules,
    /// The state machine of bulk replays.
    pub replay_machine: ReplayMachine,
    /// The state machine that tries credentials.
    pub test_auth_machine: TestAuthMachine,
    /// The addresses that receivers are called from, with commas between them; empty where they are not fixed.
    pub static_ips: String,
    /// Which events of ours go on the bus.
    pub publish: Publish,
    /// The bus.
    pub bus: Bus,
    /// Whether mails can be sent about webhooks.
    pub has_mailer: bool,
    /// The address at which people open the console, for links; `None` for the one that a request names.
    pub console_url: Option<String>,
    /// Whose pages may show the portal in a frame.
    pub frame_origins: FrameOrigins,
    /// Where filters and transforms are evaluated.
    pub sandbox: Sandbox,
    /// Which receivers may be called at all.
    pub policy: Policy,
    /// Whether events can be taken right now.
    pub readiness: Readiness,
    /// The clock, new ids and the bytes of keys.
    pub sources: Sources,
}

impl HasTokens for Context {
    fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    fn orgs(&self) -> &Orgs {
        &self.orgs
    }
}

impl Context {
    pub(crate) async fn encrypt(&self, org_id: &OrgId, key: &str) -> Result<Ciphertext, Problem> {
        self.keys.encrypt(org_id, key).await.map_err(|error| Problem::internal(&error))
    }
}
