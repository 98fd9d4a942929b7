"""Versions and aliases of state machines, and the calls of the scheduler, as far as ministack 1.5.33 lacks them.

It has versions and aliases in its API, and not in CloudFormation, and a sync execution cannot be started by an alias.
Its SAM transform sees the parameters' defaults only, and there is no CodeDeploy: a parameter of the template turns that
off. Its scheduler keeps schedules, but a state machine cannot make one.
"""

import contextvars
import json

from ministack.core.responses import get_account_id
from ministack.services import scheduler, stepfunctions
from ministack.services.cloudformation import changesets, engine, handlers, provisioners, stacks
from samtranslator.translator import transform

# Between two looks for schedules that are due. On AWS a schedule fires within a minute.
SWEEP_SECONDS = 0.5

# For a name of a resource in CloudFormation.
VERSION, ALIAS = "AWS::StepFunctions::StateMachineVersion", "AWS::StepFunctions::StateMachineAlias"


def install():
    provisioners._RESOURCE_HANDLERS[VERSION] = {"create": create_version, "delete": delete_version}
    provisioners._RESOURCE_HANDLERS[ALIAS] = {"create": create_alias, "delete": delete_alias}
    start_sync_by_alias()
    transform_with_parameters()
    scheduler._SCHEDULE_TICK_INTERVAL = SWEEP_SECONDS
    stepfunctions._AWS_SDK_SERVICE_MAP["scheduler"] = {"protocol": "of this test"}
    invoke = stepfunctions._invoke_aws_sdk_integration

    def invoke_sdk(resource, arguments):
        return create_schedule(arguments) if resource.endswith(":scheduler:createSchedule") else invoke(resource, arguments)

    stepfunctions._invoke_aws_sdk_integration = invoke_sdk


def create_version(_logical_id, properties, _stack):
    arn = answer(stepfunctions._publish_state_machine_version({"stateMachineArn": properties["StateMachineArn"]}))
    return arn["stateMachineVersionArn"], {"Arn": arn["stateMachineVersionArn"]}


def delete_version(physical_id, _properties):
    stepfunctions._delete_state_machine_version({"stateMachineVersionArn": physical_id})


def create_alias(_logical_id, properties, _stack):
    version = properties["DeploymentPreference"]["StateMachineVersionArn"]
    routing = [{"stateMachineVersionArn": version, "weight": 100}]
    made = stepfunctions._create_state_machine_alias({"name": properties["Name"], "routingConfiguration": routing})
    arn = answer(made)["stateMachineAliasArn"]
    return arn, {"Arn": arn}


def delete_alias(physical_id, _properties):
    stepfunctions._delete_state_machine_alias({"stateMachineAliasArn": physical_id})


def start_sync_by_alias():
    start = stepfunctions._start_sync_execution

    def start_sync_execution(data):
        machine = stepfunctions._resolve_state_machine_arn(data.get("stateMachineArn", ""))
        return start(data | {"stateMachineArn": machine} if machine else data)

    stepfunctions._start_sync_execution = start_sync_execution


def transform_with_parameters():
    given = contextvars.ContextVar("given", default={})
    apply, translate = engine._apply_transforms, transform.transform

    def apply_transforms(template, provided=None, previous=None):
        token = given.set(engine._transform_parameters(template, provided, previous))
        try:
            return apply(template, provided, previous)
        finally:
            given.reset(token)

    for module in (engine, changesets, handlers, stacks):
        if hasattr(module, "_apply_transforms"):
            module._apply_transforms = apply_transforms
    transform.transform = lambda template, _, policies: translate(template, given.get(), policies)


def create_schedule(arguments):
    """`aws-sdk:scheduler:createSchedule`. On AWS an error's name is that of the exception with the service's prefix."""
    made = scheduler._create_schedule(arguments["Name"], arguments)
    status, _, body = made
    body = json.loads(body)
    if status >= 400:
        raise stepfunctions._ExecutionError(f"Scheduler.{body['__type']}", body["Message"])
    return body


def answer(response):
    status, _, body = response
    if status >= 400:
        raise ValueError(f"{get_account_id()}: {body!r}")
    return json.loads(body)
