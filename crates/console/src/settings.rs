//! The settings and the clients of the function.

use hookstep_ambient::{Sources, env};
use hookstep_bus::Bus;
use hookstep_claims::Claims;
use hookstep_contract::MachineKind;
use hookstep_egress::Policy;
use hookstep_executions::{DeliveryMachines, ExecutionClient, ReplayMachine, TestAuthMachine};
use hookstep_expression::Sandbox;
use hookstep_management::{Context, Readiness};
use hookstep_schedules::RetrySchedules;
use hookstep_secrets::{Connections, Keys};
use hookstep_store::{
    AuditLog, Bodies, Configs, EventErasures, EventTypes, Events, ExpiringBodies, Lanes, Orgs, Publications,
    Replays, Sessions, Tokens,
};

/// The context of the routes, from the environment.
pub(crate) fn context() -> Result<Context, hookstep_lambda_edge::Error> {
    let aws = hookstep_lambda_edge::aws()?;
    let (tables, events) = (aws_sdk_dynamodb::Client::new(aws.config()), env::required("EVENTS_TABLE")?);
    let states = ExecutionClient::new(|| {
        let config = aws_sdk_sfn::config::Builder::from(aws.config())
            .interceptor(hookstep_lambda_edge::IgnoreEndpointPrefix);
        aws_sdk_sfn::Client::from_conf(config.build())
    });
    let configs = Configs::new(tables.clone(), env::required("CONFIGS_TABLE")?);
    Ok(Context {
        sessions: Sessions::new(tables.clone(), env::required("TOKENS_TABLE")?),
        tokens: Tokens::new(tables.clone(), env::required("TOKENS_TABLE")?, Sources::system()),
        orgs: Orgs::new(tables.clone(), env::required("CONFIGS_TABLE")?, Sources::system()),
        audit_log: AuditLog::new(tables.clone(), &events),
        event_types: EventTypes::new(tables.clone(), env::required("CONFIGS_TABLE")?, Sources::system()),
        readiness: Readiness::new(configs.clone()),
        configs,
        events: Events::new(tables.clone(), &events).kept_for(env::retention()?),
        lanes: Lanes::new(tables.clone(), &events),
        publications: Publications::new(tables.clone(), &events),
        erasures: EventErasures::new(tables.clone(), &events),
        bodies: Bodies::new(tables.clone(), &events),
        expiring: ExpiringBodies::new(tables.clone(), &events),
        claims: Claims::new(|| aws_sdk_s3::Client::new(aws.config()), env::required("CLAIMS_BUCKET")?),
        replays: Replays::new(tables, &events).kept_for(env::retention()?),
        keys: Keys::new(|| aws_sdk_kms::Client::new(aws.config()), env::required("KEY_ID")?),
        connections: Connections::new(|| aws_sdk_eventbridge::Client::new(aws.config())),
        machines: DeliveryMachines::new(
            states.clone(),
            env::required("EXPRESS_STATE_MACHINE_ARN")?,
            env::required("STANDARD_STATE_MACHINE_ARN")?,
            MachineKind::standard_if(env::flag("ASYNC_STANDARD")),
        ),
        schedules: RetrySchedules::new(
            || aws_sdk_scheduler::Client::new(aws.config()),
            env::required("RETRY_SCHEDULE_GROUP")?,
        ),
        replay_machine: ReplayMachine::new(states.clone(), env::required("REPLAY_STATE_MACHINE_ARN")?),
        test_auth_machine: TestAuthMachine::new(states, env::required("TEST_AUTH_STATE_MACHINE_ARN")?),
        static_ips: env::required("STATIC_IPS").unwrap_or_default(),
        publish: env::required("PUBLISH_EVENTS")?.parse()?,
        bus: Bus::new(|| aws_sdk_eventbridge::Client::new(aws.config()), env::required("EVENT_BUS")?),
        has_mailer: env::flag("SENDS_MAIL"),
        console_url: env::optional("CONSOLE_URL").filter(|url| !url.is_empty()),
        frame_origins: env::optional("FRAME_ORIGINS").unwrap_or_default().parse()?,
        sandbox: Sandbox::of_this_program()?,
        policy: Policy {
            allow_http_targets: env::flag("ALLOW_HTTP_TARGETS"),
            allow_private_targets: env::flag("ALLOW_PRIVATE_TARGETS"),
        },
        sources: Sources::system(),
    })
}
