"""What schemathesis cannot know: existing ids, what must not be deleted, and where requests may go.

Every URL that would be called is replaced with the test receiver's, so that nothing leaves this machine.
"""

import os
import uuid

import schemathesis

RECEIVER = os.environ["RECEIVER_URL"]
IDS = {name: os.environ[name.upper()] for name in ("config_id", "event_id", "replay_id", "token_id", "publication_id")}
NOBODY = "0190a000-0000-7000-8000-00000000000f"
# The product's limit: longer URLs are not replaced, so that the product still rejects them.
URL_BYTES = 2048


@schemathesis.hook
def before_call(context, case, kwargs):
    if isinstance(case.body, dict):
        keep_local(case.body)
    for name, value in (case.path_parameters or {}).items():
        if case.operation.method.upper() == "DELETE":
            # Deleting the run's own token or the shared webhook would make all later requests fail.
            if value == IDS.get(name):
                case.path_parameters[name] = NOBODY
        elif is_uuid(value) and not is_scenario(case):
            case.path_parameters[name] = IDS[name]


def is_scenario(case):
    """Whether the ids belong to resources that the scenario created."""
    return case.meta is not None and case.meta.phase.name.value == "stateful"


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
