"""Compares the policies of a deployed stack with what its roles did (`permissions.py`), and prints as JSON what was
refused and what is allowed and was never done: lists of `policy action resource`.
"""

import argparse
import fnmatch
import json
import pathlib

import boto3
from botocore.config import Config


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--endpoint", required=True)
    arguments.add_argument("--actions", required=True, type=pathlib.Path)
    options = arguments.parse_args()
    iam = boto3.client(
        "iam",
        endpoint_url=options.endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(proxies={}, retries={"max_attempts": 0}),
    )
    done = [json.loads(line) for line in options.actions.read_text().splitlines()]
    refused = [f"{d['role']} {d['action']} {d['resource']}" for d in done if d["decision"] != "Allow"]
    unused = []
    for role, policy, action, resource in allowed(iam):
        of_role = (d for d in done if d["role"] == role and d["decision"] == "Allow")
        if not any(matches(d["action"], action) and matches(d["resource"], resource) for d in of_role):
            unused.append(f"{policy} {action} {resource}")
    print(json.dumps({"done": len(done), "refused": sorted(refused), "unused": sorted(unused)}))


def allowed(iam):
    for role in iam.get_paginator("list_roles").paginate().search("Roles[].RoleName"):
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            for statement in iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]:
                if statement["Effect"] == "Allow":
                    for action in as_list(statement["Action"]):
                        for resource in as_list(statement["Resource"]):
                            yield role, policy, action, resource


def as_list(value):
    return value if isinstance(value, list) else [value]


def matches(name, pattern):
    return fnmatch.fnmatchcase(name, pattern)


if __name__ == "__main__":
    main()
