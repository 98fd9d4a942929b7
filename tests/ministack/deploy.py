"""Deploys infra/template.yaml to ministack and prints what a client must know, as JSON.

It does what `sam package` and `sam deploy` do, by the same calls: zip each function, upload, point CodeUri and DefinitionUri
at the uploads, CreateChangeSet, ExecuteChangeSet, wait. (The SAM CLI itself pins another botocore than ministack.) The
template is otherwise deployed as it stands.
"""

import argparse
import io
import json
import pathlib
import re
import sys
import time
import zipfile

import boto3
from botocore.config import Config

PATIENCE_SECONDS = 120

# What the template has no parameter for, on purpose: receivers on this machine.
PRIVATE_TARGETS = {"ALLOW_PRIVATE_TARGETS": "true"}


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--endpoint", required=True)
    arguments.add_argument("--template", required=True, type=pathlib.Path)
    arguments.add_argument("--functions", required=True, type=pathlib.Path, help="<dir>/<function>/bootstrap")
    arguments.add_argument("--stack", default="hookstep")
    arguments.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE")
    options = arguments.parse_args()
    aws = Aws(options.endpoint)
    template = package(aws.client("s3"), options.template, options.functions)
    stack = deploy(aws.client("cloudformation"), options.stack, template, options.parameter)
    resources = {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in stack.pop("resources")}
    for function in ["DeliverFunction", "ConsoleFunction"]:
        set_variables(aws.client("lambda"), resources[function], PRIVATE_TARGETS)
    # It refuses what comes without TLS, as ministack's callers do.
    aws.client("s3").delete_bucket_policy(Bucket=resources["ClaimsBucket"])
    print(json.dumps({"outputs": stack["outputs"], "resources": resources}))


class Aws:
    """Clients of one endpoint. Nothing of the machine's own AWS configuration is read."""

    def __init__(self, endpoint):
        self.endpoint = endpoint

    def client(self, service):
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(proxies={}, retries={"max_attempts": 0}),
        )


def package(s3, template, functions):
    """Uploads what the template names by a local path; answers the URL of the template that names the uploads."""
    bucket = "hookstep-artifacts"
    s3.create_bucket(Bucket=bucket)

    def upload(name, body):
        s3.put_object(Bucket=bucket, Key=name, Body=body)
        return f"s3://{bucket}/{name}"

    def uploaded(line):
        source = template.parent / line["path"]
        if line["property"] == "DefinitionUri":
            return line["start"] + upload(source.name, source.read_bytes())
        return line["start"] + upload(f"{source.name}.zip", zipped(functions / source.name / "bootstrap"))

    text = re.sub(
        r"^(?P<start>\s*(?P<property>CodeUri|DefinitionUri):\s*)(?P<path>\.\./\S+)$",
        uploaded,
        template.read_text(),
        flags=re.MULTILINE,
    )
    upload(template.name, text.encode())
    return f"{s3.meta.endpoint_url}/{bucket}/{template.name}"


def zipped(bootstrap):
    """A function as Lambda takes it. Hardly compressed: it is unpacked again on this machine."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as files:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        files.writestr(entry, bootstrap.read_bytes())
    return archive.getvalue()


def deploy(cloudformation, stack, template_url, parameters):
    parameters = [dict(zip(("ParameterKey", "ParameterValue"), p.split("=", 1))) for p in parameters]
    change_set = dict(StackName=stack, ChangeSetName="first")
    cloudformation.create_change_set(
        **change_set,
        ChangeSetType="CREATE",
        TemplateURL=template_url,
        Parameters=parameters,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    wait(lambda: cloudformation.describe_change_set(**change_set), "CREATE_COMPLETE", stack)
    cloudformation.execute_change_set(**change_set)

    def described():
        return cloudformation.describe_stacks(StackName=stack)["Stacks"][0] | {"Status": None}

    done = wait(described, "CREATE_COMPLETE", stack, field="StackStatus", why=lambda: events(cloudformation, stack))
    return {
        "outputs": {o["OutputKey"]: o["OutputValue"] for o in done.get("Outputs", [])},
        "resources": cloudformation.describe_stack_resources(StackName=stack)["StackResources"],
    }


def wait(look, wanted, stack, field="Status", why=lambda: ""):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        seen = look()
        if seen[field] == wanted:
            return seen
        if seen[field].endswith(("FAILED", "ROLLBACK_COMPLETE")) or time.monotonic() > deadline:
            sys.exit(f"{stack}: {seen[field]}: {seen.get('StatusReason', '')} {seen.get('StackStatusReason', '')}\n{why()}")
        time.sleep(0.1)


def events(cloudformation, stack):
    """Why a stack was not created."""
    failed = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    return "\n".join(
        f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason', '')}" for e in failed if "FAILED" in e["ResourceStatus"]
    )


def set_variables(functions, name, variables):
    """Adds to a function's environment."""
    known = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": known | variables})


if __name__ == "__main__":
    main()
