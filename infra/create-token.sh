#!/usr/bin/env bash
# Makes an API token of a deployed stack and prints it; it cannot be read again. A new org's name makes the org.
# Usage: infra/create-token.sh <stack> <org> [trigger,read,manage] [name] [days]: how many days it is good, by default until it is
# revoked. Needs the AWS CLI, with rights on the tokens table.
set -euo pipefail

stack="${1:?the name of the stack}"
org="${2:?the org: 1 to 32 of a-z, 0-9, - and _}"
scopes="${3:-trigger,read,manage}"
name="${4:-admin}"
days="${5:-}"

[[ $org =~ ^[a-z0-9_-]{1,32}$ ]] || { echo "not an org: 1 to 32 of a-z, 0-9, - and _" >&2; exit 2; }
[[ $scopes =~ ^(trigger|read|manage)(,(trigger|read|manage))*$ ]] || { echo "scopes are trigger, read and manage" >&2; exit 2; }
[[ $name =~ ^[A-Za-z0-9\ ._-]{1,100}$ ]] || { echo "a name is of letters, digits, spaces, '.', '_' and '-'" >&2; exit 2; }
[[ $days =~ ^([1-9][0-9]{0,4})?$ ]] || { echo "days are a number from 1" >&2; exit 2; }

table=$(aws cloudformation describe-stacks --stack-name "$stack" --output text \
  --query "Stacks[0].Outputs[?OutputKey=='TokensTable'].OutputValue")
token="hookstep_$(openssl rand -hex 32)"
hash=$(printf %s "$token" | openssl dgst -sha256 -r | cut -d' ' -f1)
list=$(printf '{"S":"%s"},' ${scopes//,/ })

# A UUIDv7: 48 bits of milliseconds, the version, the variant, and the rest random.
now=$(date +%s)
time=$(printf %012x $((now * 1000)))
random=$(openssl rand -hex 9)
id="${time:0:8}-${time:8}-7${random:0:3}-8${random:3:3}-${random:6}"
expiry=${days:+", \"expires_at\": {\"N\": \"$((now + days * 86400))\"}"}

# From standard input: what stands on a command line, others on this machine can read. The hash alone is kept.
aws dynamodb put-item --table-name "$table" --item file:///dev/stdin <<JSON
{"token_hash": {"S": "$hash"}, "token_id": {"S": "$id"}, "org_id": {"S": "$org"}, "scopes": {"L": [${list%,}]}, "name": {"S": "$name"},
 "created_at": {"S": "$(date -u +%Y-%m-%dT%H:%M:%S.000Z)"}$expiry}
JSON
echo "$token"
