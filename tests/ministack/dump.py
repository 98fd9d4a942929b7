"""Prints everything that a deployed stack has stored: table items, logs, and the data of every execution.

The secrets of connections are left out, because Secrets Manager is where they belong.
"""

import argparse
import json

import boto3
from botocore.config import Config


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--endpoint", required=True)
    endpoint = arguments.parse_args().endpoint

    def client(service):
        return boto3.client(
            service,
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(proxies={}, retries={"max_attempts": 0}),
        )

    for part in [tables(client("dynamodb")), logs(client("logs")), executions(client("stepfunctions"))]:
        for line in part:
            print(json.dumps(line, default=str))


def tables(dynamodb):
    for table in dynamodb.list_tables()["TableNames"]:
        for page in dynamodb.get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                yield {"table": table, "item": item}


def logs(cloudwatch):
    for groups in cloudwatch.get_paginator("describe_log_groups").paginate():
        for group in groups["logGroups"]:
            name = group["logGroupName"]
            for page in cloudwatch.get_paginator("filter_log_events").paginate(logGroupName=name):
                for event in page["events"]:
                    yield {"group": name, "message": event["message"]}


def executions(states):
    for machines in states.get_paginator("list_state_machines").paginate():
        for machine in machines["stateMachines"]:
            arn = machine["stateMachineArn"]
            for page in states.get_paginator("list_executions").paginate(stateMachineArn=arn):
                for run in page["executions"]:
                    yield states.describe_execution(executionArn=run["executionArn"])
                    history = states.get_paginator("get_execution_history")
                    for events in history.paginate(executionArn=run["executionArn"]):
                        yield from events["events"]


if __name__ == "__main__":
    main()
