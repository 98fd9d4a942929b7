"""What schemathesis cannot know: which ids there are, and where a request may go.

Every URL that would be called becomes that of the receiver of the test, so that nothing leaves this machine.
"""

import os
import uuid

import schemathesis

RECEIVER = os.environ["RECEIVER_URL"]
IDS = {name: os.environ[name.upper()] for name in ("config_id", "event_id", "replay_id")}
# The product's own limit: what is longer is refused, and stays so.
URL_BYTES = 2048


@schemathesis.hook
def before_call(context, case, kwargs):
    if isinstance(case.body, dict):
        keep_local(case.body)
    # A scenario has ids of its own, and what it deletes nobody else may need.
    is_scenario = case.meta is not None and case.meta.phase.name.value == "stateful"
    if not is_scenario and case.operation.method.upper() != "DELETE":
        for name, value in IDS.items():
            if is_uuid((case.path_parameters or {}).get(name)):
                case.path_parameters[name] = value


def keep_local(fields):
    if is_url(fields.get("url")):
        fields["url"] = RECEIVER
    auth = fields.get("auth")
    if isinstance(auth, dict) and is_url(auth.get("token_url")):
        auth["token_url"] = RECEIVER


def is_url(value):
    return isinstance(value, str) and value.strip().lower().startswith("http") and len(value) <= URL_BYTES


def is_uuid(value):
    try:
        return str(uuid.UUID(value)) == value
    except (AttributeError, TypeError, ValueError):
        return False
