"""Makes each alarm of a deployed stack ring and end: puts numbers into the metric that it watches, one beyond its threshold
and one that is not, and prints the names of the alarms that did as JSON.
"""

import argparse
import json

import boto3
from botocore.config import Config

# By comparison: how far from the threshold a number is that rings, and one that does not.
STEPS = {
    "GreaterThanThreshold": (1, 0),
    "GreaterThanOrEqualToThreshold": (0, -1),
    "LessThanThreshold": (-1, 0),
}


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--endpoint", required=True)
    cloudwatch = boto3.client(
        "cloudwatch",
        endpoint_url=arguments.parse_args().endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(proxies={}, retries={"max_attempts": 0}),
    )
    print(json.dumps([alarm["AlarmName"] for alarm in alarms(cloudwatch) if rings_and_ends(cloudwatch, alarm)]))


def alarms(cloudwatch):
    return list(cloudwatch.get_paginator("describe_alarms").paginate().search("MetricAlarms[]"))


def rings_and_ends(cloudwatch, alarm):
    # In a metric of its own, whose past is empty.
    metric = f"{alarm['MetricName']} of {alarm['AlarmName']}"
    keys = ["AlarmName", "AlarmActions", "ComparisonOperator", "EvaluationPeriods", "Statistic", "Threshold", "Period"]
    steps = dict(zip(("ALARM", "OK"), STEPS[alarm["ComparisonOperator"]]))
    states = []
    for wanted, step in steps.items():
        copy = {key: alarm[key] for key in keys} | {"Namespace": alarm["Namespace"], "MetricName": f"{metric} {wanted}"}
        cloudwatch.put_metric_alarm(**copy)
        datum = {"MetricName": f"{metric} {wanted}", "Value": alarm["Threshold"] + step}
        cloudwatch.put_metric_data(Namespace=alarm["Namespace"], MetricData=[datum])
        seen = cloudwatch.describe_alarms(AlarmNames=[alarm["AlarmName"]])["MetricAlarms"][0]
        states.append(seen["StateValue"] == wanted and bool(seen["AlarmActions"]))
    return all(states)


if __name__ == "__main__":
    main()
