"""Starts ministack for a test: patches some of its behaviour, and stops it when the test ends.

All other settings are environment variables (tests/it/aws/ministack/server.rs).
"""

import json
import os
import re
import signal
import socketserver
import sys
import threading
import uuid

import faults
import permissions
import versions
from ministack.app import main
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import json_response
from ministack.services import eventbridge, lambda_svc, secretsmanager, stepfunctions
from ministack.services.cloudformation import provisioners


def end_with_the_test():
    """Our standard input closes however the test ends. Functions run in this process group."""
    os.setpgid(0, 0)

    def watch():
        sys.stdin.buffer.read()
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def answer_at_once():
    """The Runtime API responds in two small writes: with Nagle's algorithm, the second waits 40 ms for the first."""
    socketserver.StreamRequestHandler.disable_nagle_algorithm = True


def evaluate_timeouts():
    """On AWS a state's TimeoutSeconds may be an expression. ministack 1.5.33 parses the text as a
    number and fails."""
    execute = stepfunctions._execute_task

    def execute_task(state, state_input, execution, context):
        if isinstance(state.get("TimeoutSeconds"), str):
            seconds = stepfunctions._jsonata_state_field(state, "TimeoutSeconds", "number", state_input, context)
            state = state | {"TimeoutSeconds": seconds}
        return execute(state, state_input, execution, context)

    stepfunctions._execute_task = execute_task


def write_outputs():
    """On AWS a Succeed state may have an Output. ministack 1.5.33 passes on the state's input."""
    take_input = stepfunctions._apply_input_path

    def apply_input_path(state, state_input, context):
        if state.get("Type") == "Succeed" and "Output" in state:
            return stepfunctions._apply_jsonata_output(state, state_input, context)
        return take_input(state, state_input, context)

    stepfunctions._apply_input_path = apply_input_path


def take_sums():
    """On AWS an alarm may watch the sum of several metrics. ministack 1.5.33 rejects such a
    template; here the alarm watches only the first metric."""
    record = provisioners._cw_metric_alarm_record

    def metric_alarm_record(name, properties):
        if "Metrics" in properties:
            first = next(metric["MetricStat"] for metric in properties["Metrics"] if "MetricStat" in metric)
            rest = {key: value for key, value in properties.items() if key != "Metrics"}
            properties = rest | first["Metric"] | {"Statistic": first["Stat"], "Period": first["Period"]}
        return record(name, properties)

    provisioners._cw_metric_alarm_record = metric_alarm_record


def keep_connections_secret():
    """On AWS a connection has a secret in Secrets Manager, whose ARN is in the connection's description; an
    update keeps omitted values, except for HTTP parameters; secret values are never shown. ministack 1.5.33 has
    no such secret, replaces all values and shows them all."""
    create, describe = eventbridge._create_connection, eventbridge._describe_connection
    update, delete = eventbridge._update_connection, eventbridge._delete_connection
    deauthorize = eventbridge._deauthorize_connection

    def create_connection(data):
        answer = create(data)
        if answer[0] == 200:
            write_secret(eventbridge._connections[data["Name"]])
        return answer

    def update_connection(data):
        known = eventbridge._connections.get(data.get("Name"))
        if known and "AuthParameters" in data:
            same = data.get("AuthorizationType", known["AuthorizationType"]) == known["AuthorizationType"]
            kept = {k: v for k, v in known["AuthParameters"].items() if same or k == "InvocationHttpParameters"}
            data = data | {"AuthParameters": changed(kept, data["AuthParameters"])}
        answer = update(data)
        if answer[0] == 200:
            write_secret(known)
        return answer

    def describe_connection(data):
        status, headers, body = describe(data)
        return json_response(shown(json.loads(body))) if status == 200 else (status, headers, body)

    def without_secret(operation):
        def run(data):
            known = eventbridge._connections.get(data.get("Name"))
            answer = operation(data)
            if known and "SecretArn" in known:
                secretsmanager.delete_secret_in_process(known.pop("SecretArn"))
            return answer

        return run

    eventbridge._create_connection = create_connection
    eventbridge._update_connection = update_connection
    eventbridge._describe_connection = describe_connection
    eventbridge._delete_connection = without_secret(delete)
    eventbridge._deauthorize_connection = without_secret(deauthorize)


def write_secret(connection):
    """Creates a connection's secret or adds a version. A deauthorised connection without new values has none."""
    value = json.dumps(secret_value(connection["AuthParameters"]))
    if "SecretArn" in connection:
        secretsmanager.put_secret_value_in_process(connection["SecretArn"], value)
    elif connection["AuthParameters"]:
        name = f"events!connection/{connection['Name']}/{uuid.uuid4()}"
        connection["SecretArn"] = secretsmanager.create_secret_in_process(name, value)


def secret_value(parameters):
    """What EventBridge writes into the secret (docs/adr/0011-local-stand-ins.md)."""
    value = {}
    for kind, fields in parameters.items():
        if kind == "InvocationHttpParameters":
            value |= snake_case({kind: fields})
        else:
            fields = dict(fields)
            value |= snake_case(fields.pop("ClientParameters", {}) | fields)
    return value


def snake_case(value):
    if isinstance(value, list):
        return [snake_case({"IsValueSecret": False} | parameter) for parameter in value]
    if isinstance(value, dict):
        return {re.sub("(?<=[a-z])(?=[A-Z])", "_", k).lower(): snake_case(v) for k, v in value.items()}
    return value


def changed(old, new):
    """The existing parameters, overridden by those of an update."""
    nested = {
        k: changed(old[k], v)
        for k, v in new.items()
        if isinstance(v, dict) and isinstance(old.get(k), dict) and not k.endswith("HttpParameters")
    }
    return old | new | nested


def shown(value):
    """The fields of a connection that a description shows."""
    if isinstance(value, list):
        return [shown(item) for item in value]
    if isinstance(value, dict):
        hidden = {"Password", "ApiKeyValue", "ClientSecret"} | ({"Value"} if value.get("IsValueSecret") else set())
        return {k: shown(v) for k, v in value.items() if k not in hidden}
    return value


def authorize_connections_and_schedules():
    """On AWS the resource of `events:CreateConnection` and similar actions is `connection/{name}`, and that of a schedule
    names its group. ministack 1.5.33 uses a rule with that name instead, and the default group."""
    extract = iam_actions.extract_resource_arn

    def extract_resource_arn(service, method, path, headers, body, query, *rest):
        arn = extract(service, method, path, headers, body, query, *rest)
        if service == "scheduler" and "groupName" in query:
            group = query["groupName"]
            return arn.replace("/default/", f"/{group if isinstance(group, str) else group[0]}/")
        if service == "events" and headers.get("x-amz-target", "").endswith("Connection"):
            return arn.replace(":rule/default/", ":connection/")
        return arn

    iam_actions.extract_resource_arn = extract_resource_arn


def authorize_batches_of_messages():
    """On AWS the permission for a batch of SQS requests is that of a single one: `sqs:DeleteMessage` (SQS developer guide,
    "Actions, resources, and condition keys"). ministack 1.5.33 asks for one with the name of the request."""
    extract = iam_actions.extract_iam_action

    def extract_iam_action(service, *rest):
        action = extract(service, *rest)
        return action.removesuffix("Batch") if service == "sqs" and action else action

    iam_actions.extract_iam_action = extract_iam_action


def count_batches_in_flight():
    """CloudFormation parameters of the type Number are texts until a resource takes them. ministack 1.5.33 compares the
    MaximumConcurrency of a mapping as a text, and fails."""
    concurrency = lambda_svc._sqs_esm_concurrency

    def sqs_esm_concurrency(esm, *rest):
        scaling = esm.get("ScalingConfig") or {}
        if "MaximumConcurrency" in scaling:
            esm = esm | {"ScalingConfig": {"MaximumConcurrency": int(scaling["MaximumConcurrency"])}}
        return concurrency(esm, *rest)

    lambda_svc._sqs_esm_concurrency = sqs_esm_concurrency


def tell_encryption_contexts():
    """On AWS a policy may ask for the encryption context of a KMS request. ministack 1.5.33 does not know it."""
    context_of = iam_actions.request_tag_context

    def request_context(service, action, body, params):
        context = context_of(service, action, body, params)
        if service == "kms":
            pairs = json.loads(body or b"{}").get("EncryptionContext") or {}
            context = {**context, **{f"kms:EncryptionContext:{key}": value for key, value in pairs.items()}}
        return context

    iam_actions.request_tag_context = request_context


def call_with_tls():
    """The policy of the queue of lost events denies requests without TLS, and the clients of a test use none."""
    resolve = iam_evaluator._resolve_condition_key

    def resolve_condition_key(key, context):
        return "true" if key.lower() == "aws:securetransport" else resolve(key, context)

    iam_evaluator._resolve_condition_key = resolve_condition_key


end_with_the_test()
answer_at_once()
evaluate_timeouts()
write_outputs()
take_sums()
keep_connections_secret()
authorize_connections_and_schedules()
authorize_batches_of_messages()
count_batches_in_flight()
tell_encryption_contexts()
call_with_tls()
versions.install()
permissions.install()
faults.install()
main()
