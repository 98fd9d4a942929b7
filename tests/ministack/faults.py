"""Faults of the platform that a test plans: which states of a webhook's deliveries fail, how, and how often.

On AWS, a throttled function or a refused call fails the task with such an error. ministack 1.5.33 has no throttles
and no quotas. The file that the environment variable FAULTS names has one fault in each line, as JSON: `config_id`,
`state`, `error` and `times` (null: for good). A line is never changed; more lines may follow, and a line with
`clear` ends the faults of a webhook before it.
"""

import contextvars
import json
import os
import threading

from ministack.services import stepfunctions

STATE = contextvars.ContextVar("state", default=None)

# Between two tries of a task. On AWS they are up to a minute apart.
PAUSE_SECONDS = 0.05


class Plan:
    def __init__(self, path):
        self.path = path
        self.lock = threading.Lock()
        self.read = 0
        self.faults = []

    def error(self, state, arguments):
        """The error that the task of this state fails with now, or None."""
        with self.lock:
            self.update()
            text = json.dumps(arguments)
            for fault in self.faults:
                if fault["state"] == state and fault["times"] != 0 and fault["config_id"] in text:
                    if fault["times"] is not None:
                        fault["times"] -= 1
                    return fault["error"]
        return None

    def update(self):
        if not os.path.exists(self.path) or os.path.getsize(self.path) == self.read:
            return
        with open(self.path, "rb") as file:
            file.seek(self.read)
            lines = file.read()
        # The last line may not be complete yet.
        whole = lines[: lines.rfind(b"\n") + 1]
        self.read += len(whole)
        for line in whole.splitlines():
            fault = json.loads(line)
            if "clear" in fault:
                self.faults = [f for f in self.faults if f["config_id"] != fault["clear"]]
            else:
                self.faults.append(fault)


def install():
    plan = Plan(os.environ["FAULTS"])
    execute, invoke, sleep = stepfunctions._execute_task, stepfunctions._invoke_resource, stepfunctions._scaled_sleep

    def execute_task(state, state_input, execution, context):
        token = STATE.set(context.get("State", {}).get("Name"))
        try:
            return execute(state, state_input, execution, context)
        finally:
            STATE.reset(token)

    def invoke_resource(resource, arguments):
        error = plan.error(STATE.get(), arguments)
        if error == "States.Runtime":
            # On AWS no Catch gets this error; here only one that is none of the interpreter's passes every Catch.
            raise RuntimeError("planned by a test")
        if error:
            raise stepfunctions._ExecutionError(error, "planned by a test")
        return invoke(resource, arguments)

    def scaled_sleep(seconds):
        # Within a task, this is the pause before a retry.
        sleep(seconds if STATE.get() is None else min(seconds, PAUSE_SECONDS))

    stepfunctions._execute_task = execute_task
    stepfunctions._invoke_resource = invoke_resource
    stepfunctions._scaled_sleep = scaled_sleep
