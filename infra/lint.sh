#!/usr/bin/env bash
# Checks the template, its policies, the state machines and the scripts with the linters of AWS and others. Needs Python 3;
# the tools are installed from PyPI and npm into a virtual environment under the target directory, all but shellcheck.
set -euo pipefail
cd "$(dirname "$0")/.."

requirements=infra/lint/requirements.txt
tools="${CARGO_TARGET_DIR:-target}/lint-$(sha256sum $requirements | cut -c1-12)"
if [ ! -e "$tools/complete" ]; then
  rm -rf "$tools"
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check --requirement $requirements
  touch "$tools/complete"
fi
export PATH="$tools/bin:$PATH" SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=eu-central-1

cfn-lint infra/template.yaml infra/verify/probe.yaml
sam validate --lint --template infra/template.yaml
checkov --skip-download --config-file infra/lint/checkov.yaml --file infra/template.yaml
if command -v shellcheck >/dev/null; then
  shellcheck infra/*.sh
else
  echo "shellcheck is not installed: the scripts are not checked" >&2
fi
npx --yes asl-validator@4.0.0 --json-path statemachine.asl.json --json-path replay.asl.json --json-path test-auth.asl.json
