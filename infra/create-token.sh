#!/usr/bin/env bash
# Creates an API token for a deployed stack and prints it; the token cannot be shown again. A new org name
# creates the org. Without `days`, the token is valid until it is revoked.
# Usage: infra/create-token.sh <stack> <org> [trigger,read,manage] [name] [days]
# With `--platform` in place of the org, it creates a token of the platform, which makes orgs and reaches each of them:
#        infra/create-token.sh <stack> --platform [name] [days]
# Needs the AWS CLI with permissions on the tokens table.
set -euo pipefail

stack="${1:?the name of the stack}"
org="${2:?the org: 1 to 32 of a-z, 0-9, - and _; or --platform}"
if [ "$org" = --platform ]; then
  # No org has this id.
  org="#platform"
  set -- "$stack" "$org" platform "${3:-platform}" "${4:-}"
else
  [[ $org =~ ^[a-z0-9_-]{1,32}$ ]] || { echo "not an org: 1 to 32 of a-z, 0-9, - and _" >&2; exit 2; }
  [[ ${3:-read} =~ ^(trigger|read|manage)(,(trigger|read|manage))*$ ]] || { echo "scopes are trigger, read and manage" >&2; exit 2; }
fi
scopes="${3:-trigger,read,manage}"
name="${4:-admin}"
days="${5:-}"

[[ $name =~ ^[A-Za-z0-9\ ._-]{1,100}$ ]] || { echo "a name is of letters, digits, spaces, '.', '_' and '-'" >&2; exit 2; }
[[ $days =~ ^([1-9][0-9]{0,4})?$ ]] || { echo "days are a number from 1" >&2; exit 2; }

table=$(aws cloudformation describe-stacks --stack-name "$stack" --output text \
  --query "Stacks[0].Outputs[?OutputKey=='TokensTable'].OutputValue")
token="hookstep_$(openssl rand -hex 32)"
hash=$(printf %s "$token" | openssl dgst -sha256 -r | cut -d' ' -f1)
# shellcheck disable=SC2086 # one word for each scope
list=$(printf '{"S":"%s"},' ${scopes//,/ })

# A UUIDv7: 48 bits of milliseconds, the version, the variant, and random bits.
now=$(date +%s)
time=$(printf %012x $((now * 1000)))
random=$(openssl rand -hex 9)
id="${time:0:8}-${time:8}-7${random:0:3}-8${random:3:3}-${random:6}"
expiry=${days:+", \"expires_at\": {\"N\": \"$((now + days * 86400))\"}"}

# Passed on standard input, because other users of this machine can read command lines. Only the hash is
# stored.
aws dynamodb put-item --table-name "$table" --item file:///dev/stdin <<JSON
{"token_hash": {"S": "$hash"}, "token_id": {"S": "$id"}, "org_id": {"S": "$org"}, "scopes": {"L": [${list%,}]}, "name": {"S": "$name"},
 "created_at": {"S": "$(date -u +%Y-%m-%dT%H:%M:%S.000Z)"}$expiry}
JSON
echo "$token"
