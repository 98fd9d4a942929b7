"""Which role does what, and whether its policies allow it.

ministack 1.5.33 with AUTH=true refuses what the role of a function does not allow. Here the roles of state machines and
of schedules are enforced as well. The file that the environment variable ACTIONS names has each action of a role once,
as JSON in a line: `role`, `action`, `resource` and `decision` (`Allow` or not). `policies.py` compares them with the
policies.
"""

import contextvars
import json
import os
import threading

from ministack.core import iam_evaluator
from ministack.core.arn import parse_arn
from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge, stepfunctions

# The role of the execution whose task runs in this thread.
ROLE = contextvars.ContextVar("role", default=None)

# Who makes the request that is being checked.
CALLER = contextvars.ContextVar("caller", default=None)


class Recorder:
    def __init__(self, path):
        self.path = path
        self.lock = threading.Lock()
        self.seen = set()

    def note(self, *action):
        with self.lock:
            if action not in self.seen:
                self.seen.add(action)
                with open(self.path, "a") as file:
                    file.write(json.dumps(dict(zip(("role", "action", "resource", "decision"), action))) + "\n")


def install():
    recorder = Recorder(os.environ["ACTIONS"])
    enforce, evaluate, execute = iam_evaluator.enforce, iam_evaluator.evaluate, stepfunctions._execute_task
    invoke, invoke_target = stepfunctions._invoke_resource, eventbridge._invoke_target

    def evaluate_for_caller(context, policies, *limits):
        CALLER.set(iam_evaluator._role_name_from_assumed_arn(context.principal_arn))
        return evaluate(context, policies, *limits)

    def enforce_and_note(access_key, action, service, region, resource_arn="*", service_context=None):
        CALLER.set(None)
        denied = enforce(access_key, action, service, region, resource_arn, service_context)
        # Nobody is asked about the root user, as whom the tests call.
        if CALLER.get():
            recorder.note(CALLER.get(), action, resource_arn, "Allow" if denied is None else "Deny")
        return denied

    def allows(role_arn, action, resource, keys):
        role, account = role_arn.rsplit("/", 1)[-1], get_account_id()
        context = iam_evaluator.EvalContext(
            principal_arn=f"arn:aws:sts::{account}:assumed-role/{role}/session",
            principal_type="AssumedRole",
            principal_account=account,
            action=action,
            resource_arn=resource,
            region=get_region(),
            service_context=keys,
        )
        decision = evaluate(context, iam_evaluator._gather_role_policies(role, account)).decision
        recorder.note(role, action, resource, decision)
        return decision == "Allow"

    def execute_task(state, state_input, execution, context):
        role = stepfunctions._state_machines[execution["stateMachineArn"]]["roleArn"] if execution else None
        token = ROLE.set(role)
        try:
            return execute(state, state_input, execution, context)
        finally:
            ROLE.reset(token)

    def invoke_resource(resource, arguments):
        for action, target, keys in actions(resource, arguments):
            if not allows(ROLE.get(), action, target, keys):
                raise stepfunctions._ExecutionError("States.Permissions", f"{ROLE.get()}: {action} on {target}")
        return invoke(resource, arguments)

    def invoke_scheduled(target, event, rule, view=None):
        # Only a schedule has a group. Rules call by the policies of their targets.
        if "GroupName" in rule:
            action = {"states": "states:StartExecution", "lambda": "lambda:InvokeFunction"}[parse_arn(target["Arn"]).service]
            if not allows(target["RoleArn"], action, target["Arn"], {}):
                return None
        return invoke_target(target, event, rule, view)

    iam_evaluator.enforce = enforce_and_note
    iam_evaluator.evaluate = evaluate_for_caller
    stepfunctions._execute_task = execute_task
    stepfunctions._invoke_resource = invoke_resource
    eventbridge._invoke_target = invoke_scheduled


def actions(resource, arguments):
    """What a task of a state machine does: the actions, their resources, and what conditions ask for."""

    def arn(service, name):
        return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{name}"

    match resource.removeprefix("arn:aws:states:::"):
        case "lambda:invoke":
            yield "lambda:InvokeFunction", arguments["FunctionName"], {}
        case "dynamodb:putItem":
            yield "dynamodb:PutItem", arn("dynamodb", f"table/{arguments['TableName']}"), {}
        case "dynamodb:deleteItem":
            leading = {"dynamodb:leadingkeys": [arguments["Key"]["pk"]["S"]]}
            yield "dynamodb:DeleteItem", arn("dynamodb", f"table/{arguments['TableName']}"), leading
        case "dynamodb:getItem":
            yield "dynamodb:GetItem", arn("dynamodb", f"table/{arguments['TableName']}"), {}
        case "states:startExecution":
            yield "states:StartExecution", arguments["StateMachineArn"], {}
        case "events:putEvents":
            for entry in arguments["Entries"]:
                yield "events:PutEvents", arn("events", f"event-bus/{entry['EventBusName']}"), {}
        case "sqs:sendMessage":
            yield "sqs:SendMessage", arn("sqs", arguments["QueueUrl"].rsplit("/", 1)[-1]), {}
        case "aws-sdk:scheduler:createSchedule":
            yield "scheduler:CreateSchedule", arn("scheduler", f"schedule/{arguments['GroupName']}/{arguments['Name']}"), {}
            passed = {"iam:passedtoservice": "scheduler.amazonaws.com"}
            yield "iam:PassRole", arguments["Target"]["RoleArn"], passed
        case unknown:
            raise stepfunctions._ExecutionError("States.Permissions", f"no action is known for {unknown}")
