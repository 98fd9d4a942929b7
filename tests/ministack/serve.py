"""Starts ministack so that a test can use it: it ends with the test, and some of its ways are put right first.

Everything else is set by environment variables (tests/it/ministack/server.rs).
"""

import os
import signal
import socketserver
import sys
import threading

from ministack.app import main
from ministack.services import stepfunctions
from ministack.services.cloudformation import provisioners


def end_with_the_test():
    """However the test ends, its end of our standard input is closed then. Functions run in this process group."""
    os.setpgid(0, 0)

    def watch():
        sys.stdin.buffer.read()
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def answer_at_once():
    """The Runtime API answers in two small writes: with Nagle's algorithm, the second waits 40 ms for the first."""
    socketserver.StreamRequestHandler.disable_nagle_algorithm = True


def evaluate_timeouts():
    """On AWS a state's TimeoutSeconds may be an expression. ministack 1.5.33 takes the text for a number and fails."""
    execute = stepfunctions._execute_task

    def execute_task(state, state_input, execution, context):
        if isinstance(state.get("TimeoutSeconds"), str):
            seconds = stepfunctions._jsonata_state_field(state, "TimeoutSeconds", "number", state_input, context)
            state = state | {"TimeoutSeconds": seconds}
        return execute(state, state_input, execution, context)

    stepfunctions._execute_task = execute_task


def write_outputs():
    """On AWS a Succeed state may have an Output. ministack 1.5.33 hands on the state's input."""
    take_input = stepfunctions._apply_input_path

    def apply_input_path(state, state_input, context):
        if state.get("Type") == "Succeed" and "Output" in state:
            return stepfunctions._apply_jsonata_output(state, state_input, context)
        return take_input(state, state_input, context)

    stepfunctions._apply_input_path = apply_input_path


def take_sums():
    """On AWS an alarm may watch the sum of several metrics. ministack 1.5.33 refuses such a template; here the alarm watches
    the first of them."""
    record = provisioners._cw_metric_alarm_record

    def metric_alarm_record(name, properties):
        if "Metrics" in properties:
            first = next(metric["MetricStat"] for metric in properties["Metrics"] if "MetricStat" in metric)
            rest = {key: value for key, value in properties.items() if key != "Metrics"}
            properties = rest | first["Metric"] | {"Statistic": first["Stat"], "Period": first["Period"]}
        return record(name, properties)

    provisioners._cw_metric_alarm_record = metric_alarm_record


end_with_the_test()
answer_at_once()
evaluate_timeouts()
write_outputs()
take_sums()
main()
