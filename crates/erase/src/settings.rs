//! The clients and the settings of the function.

use hookstep_ambient::{Sources, env};
use hookstep_claims::Claims;
use hookstep_contract::MachineKind;
use hookstep_erase::{Context, RUN_LIMIT, SETTLE};
use hookstep_executions::{DeliveryMachines, ExecutionClient};
use hookstep_schedules::RetrySchedules;
use hookstep_secrets::Connections;
use hookstep_store::{
    AuditLog, Bodies, Configs, EventErasures, Events, ExpiringBodies, Lanes, Orgs, Publications, Tokens,
};

/// The context of the function, from the environment.
pub(crate) fn context() -> Result<Context, hookstep_lambda_edge::Error> {
    let aws = hookstep_lambda_edge::aws()?;
    let (tables, sources) = (aws_sdk_dynamodb::Client::new(aws.config()), Sources::system());
    let events_table = env::required("EVENTS_TABLE")?;
    let machine = env::required("STANDARD_STATE_MACHINE_ARN")?;
    let states = ExecutionClient::new(|| aws_sdk_sfn::Client::new(aws.config()));
    Ok(Context {
        orgs: Orgs::new(tables.clone(), env::required("CONFIGS_TABLE")?, sources),
        tokens: Tokens::new(tables.clone(), env::required("TOKENS_TABLE")?, sources),
        bodies: Bodies::new(tables.clone(), &*events_table),
        expiring: ExpiringBodies::new(tables.clone(), &*events_table),
        publications: Publications::new(tables.clone(), &*events_table),
        lanes: Lanes::new(tables.clone(), &*events_table),
        erasures: EventErasures::new(tables.clone(), &*events_table),
        audit_log: AuditLog::new(tables.clone(), &*events_table),
        configs: Configs::new(tables.clone(), env::required("CONFIGS_TABLE")?),
        events: Events::new(tables, &*events_table),
        traces: None,
        claims: Claims::new(|| aws_sdk_s3::Client::new(aws.config()), env::required("CLAIMS_BUCKET")?),
        connections: Connections::new(|| aws_sdk_eventbridge::Client::new(aws.config())),
        schedules: RetrySchedules::new(
            || aws_sdk_scheduler::Client::new(aws.config()),
            env::required("RETRY_SCHEDULE_GROUP")?,
        ),
        // It only stops executions, and only standard ones can be stopped.
        machines: DeliveryMachines::new(states, machine.clone(), machine, MachineKind::Standard),
        settle: SETTLE,
        run_limit: RUN_LIMIT,
        sources,
    })
}
