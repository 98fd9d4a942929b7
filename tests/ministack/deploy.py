"""Deploys infra/template.yaml to ministack and prints what a client needs, as JSON.

Makes the same calls as `sam package` and `sam deploy`: zip each function, upload, point CodeUri and
DefinitionUri at the uploads, CreateChangeSet, ExecuteChangeSet, wait. (The SAM CLI itself pins another
botocore version than ministack.) The template is otherwise deployed unchanged.
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

# Deliberately not a parameter of the template: receivers on this machine.
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
    # The policy denies requests without TLS, and ministack's clients use none.
    aws.client("s3").delete_bucket_policy(Bucket=resources["ClaimsBucket"])
    print(json.dumps({"outputs": stack["outputs"], "resources": resources}))


class Aws:
    """Clients of one endpoint. The machine's own AWS configuration is not read."""

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
    """Uploads the template's local files; returns the URL of the template that refers to the uploads."""
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
    """A function as a zip for Lambda, barely compressed because it is unpacked on this machine."""
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
    """Adds variables to a function's environment, in a version that its alias goes over to."""
    known = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": known | variables})
    version = functions.publish_version(FunctionName=name)["Version"]
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion=version)


if __name__ == "__main__":
    main()
