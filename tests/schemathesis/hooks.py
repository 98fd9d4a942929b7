"""What schemathesis cannot know: existing ids, what must not be deleted, and where requests may go.

Every URL that would be called is replaced with the test receiver's, so that nothing leaves this machine.
"""

import os
import uuid

import schemathesis

RECEIVER = os.environ["RECEIVER_URL"]
IDS = {name: os.environ[name.upper()] for name in ("config_id", "event_id", "replay_id", "token_id", "publication_id", "erasure_id")}
NOBODY = "0190a000-0000-7000-8000-00000000000f"
TOKEN, PLATFORM = (f"Bearer {os.environ[name]}" for name in ("HOOKSTEP_TOKEN", "PLATFORM_TOKEN"))
PLATFORM_TOKEN_ID = os.environ["PLATFORM_TOKEN_ID"]
# The product's limit: longer URLs are not replaced, so that the product still rejects them.
URL_BYTES = 2048


@schemathesis.hook
def before_call(context, case, kwargs):
    if isinstance(case.body, dict):
        keep_local(case.body)
    # Not where the check is that nothing works without a token, or with another one.
    if is_of_platform(case.path) and case.headers.get("Authorization") == TOKEN:
        case.headers["Authorization"] = PLATFORM
    for name, value in (case.path_parameters or {}).items():
        if case.operation.method.upper() == "DELETE":
            # Deleting the run's own token or the shared webhook would make all later requests fail.
            if value in (IDS.get(name), PLATFORM_TOKEN_ID):
                case.path_parameters[name] = NOBODY
        elif is_uuid(value) and not is_scenario(case):
            case.path_parameters[name] = IDS[name]


def is_of_platform(path):
    """Whether a token of the platform is needed."""
    return path.startswith(("/orgs", "/platform/"))


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
