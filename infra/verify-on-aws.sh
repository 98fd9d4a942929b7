#!/usr/bin/env bash
# Deploys Hookstep to an AWS account, tries what no emulator can settle, prints what was expected and seen, and removes
# everything, also after a failure. It takes about half an hour and costs less than a dollar, the key for the rest of
# its seven days included.
# Usage: infra/verify-on-aws.sh [--dry-run] [stack], by default hookstep-verify, which must not exist yet.
# --dry-run only prints the plan. ARCHITECTURE=x86_64 builds for that. Needs the AWS CLI 2 with rights to make and remove
# all that is in the template, the SAM CLI, cargo-lambda, Rust, curl, jq and openssl.
# The functions are called by the names of the checks, and by the trap.
# shellcheck disable=SC2317,SC2329
set -euo pipefail
cd "$(dirname "$0")/.."

plan_only=false
if [ "${1:-}" = --dry-run ]; then plan_only=true; shift; fi
stack="${1:-hookstep-verify}"
architecture="${ARCHITECTURE:-arm64}"
probe="$stack-probe"
org=verify
none='{}'
work=$(mktemp -d)

# In this order: name and what is expected. Each is a function below, prefixed with `try_`, which prints what it saw, and
# fails if that is not what was expected.
checks=(
  "delivery|an async event is delivered"
  "sync|a sync trigger answers succeeded"
  "short_retry|a retry after 5 s is made by the same execution"
  "schedule|a retry after 90 s is a schedule, which starts and is deleted"
  "cancel|cancelling an event deletes its schedule"
  "basic_auth|console may make a connection, and its credentials arrive"
  "digits|a number of 20 digits arrives from the bus to the digit"
  "large|an event of 130 KB arrives from the bus"
  "quote|a detail type with a quote and a backslash is delivered"
  "dropped_sync|a sync execution whose caller is gone after 5 s goes on"
  "reserved_name|Fail with an Error that begins with States. is refused or ends as States.Runtime"
  "own_name|Fail with the Error Platform.Timeout ends with that"
  "table_throttle|a throttled table is DynamoDB.ProvisionedThroughputExceededException"
  "function_throttle|a throttled function is Lambda.TooManyRequestsException"
)

say() { printf '%s\n' "$*" >&2; }

run() { # a command that changes something
  say "+ $*"
  if [ "$plan_only" = false ]; then "$@" >&2; fi
}

output() { # of a stack
  aws cloudformation describe-stacks --stack-name "$1" --output text --query "Stacks[0].Outputs[?OutputKey=='$2'].OutputValue"
}

resource() {
  aws cloudformation describe-stack-resource --stack-name "$stack" --logical-resource-id "$1" \
    --query StackResourceDetail.PhysicalResourceId --output text
}

deploy() {
  run sam build --parameter-overrides "Architecture=$architecture"
  run sam deploy --stack-name "$stack" --no-confirm-changeset --parameter-overrides "Architecture=$architecture" \
    RetentionDays=7 Canary=false PublishEvents=none ProtectTables=false
  run aws cloudformation deploy --stack-name "$probe" --template-file infra/verify/probe.yaml --capabilities CAPABILITY_IAM
}

# What a removed stack keeps: the names are read as long as it exists.
keep_names() {
  kept_tables=() kept_bucket='' kept_key='' kept_queue=''
  local table
  for table in ConfigsTable EventsTable TokensTable; do kept_tables+=("$(resource "$table")"); done
  kept_bucket=$(resource ClaimsBucket) kept_key=$(resource Key) kept_queue=$(resource LostQueue)
}

remove() {
  local status=$? table connection
  set +e
  say "Removing $stack and $probe."
  if [ "$plan_only" = true ]; then
    rm -rf "$work"
    run sam delete --stack-name "$stack" --no-prompts
    run aws cloudformation delete-stack --stack-name "$probe"
    say "+ then what a removed stack keeps: three tables, the bucket, LostQueue, the key, and connections of the org $org"
    exit "$status"
  fi
  keep_names
  for connection in $(aws events list-connections --name-prefix "hookstep.$org." --query 'Connections[].Name' --output text); do
    run aws events delete-connection --name "$connection"
  done
  run aws cloudformation delete-stack --stack-name "$probe"
  run sam delete --stack-name "$stack" --no-prompts
  for table in "${kept_tables[@]}"; do
    [ -n "$table" ] || continue
    run aws dynamodb delete-table --table-name "$table"
  done
  if [ -n "$kept_bucket" ]; then run aws s3 rb "s3://$kept_bucket" --force; fi
  if [ -n "$kept_queue" ]; then run aws sqs delete-queue --queue-url "$kept_queue"; fi
  if [ -n "$kept_key" ]; then run aws kms schedule-key-deletion --key-id "$kept_key" --pending-window-in-days 7; fi
  run aws cloudformation wait stack-delete-complete --stack-name "$probe"
  rm -rf "$work"
  exit "$status"
}

api() { # api <method> <path> [body]: prints the answer
  curl --silent --show-error --max-time 40 --request "$1" --header "authorization: Bearer $token" \
    --header 'content-type: application/json' ${3:+--data "$3"} "$api_url$2"
}

webhook() { # webhook <path of the receiver> [fields]: prints its id
  api POST /webhook "$(jq -cn --arg url "$receiver$1" --argjson more "${2:-$none}" '{name: "verify", url: $url} + $more')" | jq -r .config_id
}

trigger() { # prints the event's id
  api POST "/webhook/$1/trigger" '{"order": 7}' | jq -r .event_id
}

ended() { # ended <webhook> <event> [seconds]: prints the event
  local event='{}' _
  for _ in $(seq "${3:-60}"); do
    event=$(api GET "/webhook/$1/events/$2")
    if [ "$(jq -r .status <<<"$event")" != in_progress ]; then break; fi
    sleep 1
  done
  printf '%s' "$event"
}

outcome() { # outcome <event> <expected status> [expected attempts]
  local seen
  seen=$(jq -r '"\(.status) after \(.attempt_count) attempt(s)\(.reason.code // "" | if . == "" then . else ", " + . end)"' <<<"$1")
  printf '%s' "$seen"
  [[ $seen == "$2 after ${3:-1} "* ]]
}

on_the_bus() { # on_the_bus <detail type> <detail>
  printf '%s' "$2" >"$work/detail"
  jq -cn --arg bus "$bus" --arg type "$1" --rawfile detail "$work/detail" \
    '[{EventBusName: $bus, Source: "verify", DetailType: $type, Detail: $detail}]' >"$work/entries"
  aws events put-events --entries "file://$work/entries" >"$work/put"
}

first_event() { # the only event of a webhook, when it has ended
  local id='' _
  for _ in $(seq 60); do
    id=$(api GET "/webhook/$1/events" | jq -r '.data[0].event_id // ""')
    if [ -n "$id" ]; then break; fi
    sleep 1
  done
  ended "$1" "$id"
}

state() { # state <definition> [input]: how a single state ends
  aws stepfunctions test-state --role-arn "$test_role" --definition "$1" --input "${2:-$none}" --output json 2>&1 | tr '\n' ' '
}

try_delivery() { local id; id=$(webhook 200); outcome "$(ended "$id" "$(trigger "$id")")" succeeded; }

try_sync() {
  local id answer
  id=$(webhook 200)
  answer=$(api POST "/webhook/$id/trigger?sync=true" '{"order": 7}')
  jq -r .status <<<"$answer"
  [ "$(jq -r .status <<<"$answer")" = succeeded ]
}

try_short_retry() {
  local id
  id=$(webhook after-3 '{"retry": {"schedule_seconds": [5]}}')
  outcome "$(ended "$id" "$(trigger "$id")")" succeeded 2
}

scheduled() { # whether the second attempt of an event has a schedule; waits for what is expected
  local _
  for _ in $(seq 20); do
    if aws scheduler get-schedule --group-name "$stack-retries" --name "$1-2" >"$work/schedule" 2>&1; then
      if [ "$2" = yes ]; then return 0; fi
    elif [ "$2" = no ]; then
      return 0
    fi
    sleep 1
  done
  return 1
}

try_schedule() {
  local id event
  id=$(webhook after-60 '{"retry": {"schedule_seconds": [90]}}')
  event=$(trigger "$id")
  scheduled "$event" yes || { echo "there is no schedule: $(cat "$work/schedule")"; return 1; }
  outcome "$(ended "$id" "$event" 240)" succeeded 2 || return 1
  scheduled "$event" no || { echo ", but the schedule is still there"; return 1; }
}

try_cancel() {
  local id event
  id=$(webhook 500 '{"retry": {"schedule_seconds": [3600]}}')
  event=$(trigger "$id")
  scheduled "$event" yes || { echo "there is no schedule"; return 1; }
  api POST "/webhook/$id/events/$event/cancel" '{}' >"$work/cancelled"
  scheduled "$event" no || { echo "the schedule is still there"; return 1; }
  outcome "$(ended "$id" "$event")" failed
}

try_basic_auth() {
  local id
  id=$(webhook 200 '{"auth": {"type": "basic", "username": "user", "password": "of no account"}}')
  if [ "$id" = null ]; then echo "the webhook was refused"; return 1; fi
  api POST "/webhook/$id/test-auth" '{}' | jq -r '"test-auth: \(.ok), "' | tr -d '\n'
  outcome "$(ended "$id" "$(trigger "$id")")" succeeded
}

from_the_bus() { # from_the_bus <payload>: prints what was delivered
  local id event
  id=$(webhook 200)
  on_the_bus 'Webhook Trigger' "{\"org_id\": \"$org\", \"config_id\": \"$id\", \"payload\": $1}"
  event=$(first_event "$id")
  outcome "$event" succeeded >"$work/outcome" || { cat "$work/outcome"; return 1; }
  curl --silent --location --header "authorization: Bearer $token" "$api_url/webhook/$id/events/$(jq -r .event_id <<<"$event")/payload"
}

try_digits() {
  local seen
  seen=$(from_the_bus '{"card":41111111111111111111}') || { echo "$seen"; return 1; }
  echo "$seen"
  [[ $seen == *41111111111111111111* ]]
}

try_large() {
  local payload seen
  payload="{\"text\":\"$(head -c 130000 /dev/zero | tr '\0' x)\"}"
  seen=$(from_the_bus "$payload") || { echo "$seen"; return 1; }
  echo "${#seen} bytes"
  [ "${#seen}" -ge 130000 ]
}

try_quote() {
  local id
  id=$(webhook 200 '{"event_types": ["verify \"quoted\" \\ type"]}')
  on_the_bus 'verify "quoted" \ type' "{\"org_id\": \"$org\", \"order\": 7}"
  outcome "$(first_event "$id")" succeeded
}

try_dropped_sync() {
  local id event
  id=$(webhook slow)
  event=$(printf '%s-%s-7000-8000-%s' "$(printf %012x "$(date +%s%3N)" | cut -c1-8)" "$(printf %012x "$(date +%s%3N)" | cut -c9-12)" "$(openssl rand -hex 6)")
  jq -cn --arg event "$event" --arg org "$org" --arg config "$id" --arg at "$(date -u +%FT%T.000Z)" \
    '{event: {event_id: $event, org_id: $org, config_id: $config, origin: "api", mode: "sync", created_at: $at,
      content_type: "application/json", size: 2}, payload: {inline: {text: "{}"}}}' >"$work/input"
  AWS_MAX_ATTEMPTS=1 aws stepfunctions start-sync-execution --cli-read-timeout 5 --state-machine-arn "$(resource ExpressStateMachine):live" \
    --name "$event" --input "file://$work/input" >"$work/sync" 2>&1 && { echo "the call was not dropped"; return 1; }
  outcome "$(ended "$id" "$event")" succeeded
}

try_reserved_name() {
  local seen
  seen=$(state '{"Type": "Fail", "QueryLanguage": "JSONata", "Error": "{% \"States.Timeout\" %}", "Cause": "tried"}')
  echo "$seen"
  [[ $seen != *'"error": "States.Timeout"'* ]]
}

try_own_name() {
  local seen
  seen=$(state '{"Type": "Fail", "QueryLanguage": "JSONata", "Error": "{% \"Platform.\" & \"Timeout\" %}", "Cause": "tried"}')
  echo "$seen"
  [[ $seen == *'"error": "Platform.Timeout"'* ]]
}

try_table_throttle() {
  local item seen='' _
  item=$(head -c 100000 /dev/zero | tr '\0' x)
  for _ in $(seq 30); do
    seen=$(state "$(jq -cn --arg table "$small" '{Type: "Task", QueryLanguage: "JSONata", Resource: "arn:aws:states:::dynamodb:putItem",
      Arguments: {TableName: $table, Item: {pk: {S: "one"}, text: "{% $states.input %}"}}, End: true}')" "{\"S\": \"$item\"}")
    if [[ $seen == *'"error"'* ]]; then break; fi
  done
  echo "${seen:0:200}"
  [[ $seen == *DynamoDB.ProvisionedThroughputExceededException* ]]
}

try_function_throttle() {
  local seen
  seen=$(state "$(jq -cn --arg function "$throttled" '{Type: "Task", QueryLanguage: "JSONata", Resource: "arn:aws:states:::lambda:invoke",
    Arguments: {FunctionName: $function}, End: true}')")
  echo "${seen:0:200}"
  [[ $seen == *Lambda.TooManyRequestsException* ]]
}

row() { printf '%-18s | %-5s | %-74s | %s\n' "$@"; }

if [ "$plan_only" = false ] && aws cloudformation describe-stacks --stack-name "$stack" >"$work/known" 2>&1; then
  say "There is a stack $stack, which this script would remove. Name another."
  rm -rf "$work"
  exit 2
fi
trap remove EXIT
deploy
if [ "$plan_only" = true ]; then
  for check in "${checks[@]}"; do row "${check%%|*}" '' "${check#*|}" ''; done
  exit 0
fi
api_url=$(output "$stack" ApiUrl) bus=$(output "$stack" EventBusName) receiver=$(output "$probe" ReceiverUrl)
throttled=$(output "$probe" Throttled) small=$(output "$probe" Small) test_role=$(output "$probe" TestStateRole)
token=$(infra/create-token.sh "$stack" "$org")

failed=0
row check as expected seen
for check in "${checks[@]}"; do
  name="${check%%|*}" verdict=yes
  seen=$("try_$name" 2>&1) || { verdict=NO; failed=$((failed + 1)); }
  row "$name" "$verdict" "${check#*|}" "$(tr '\n' ' ' <<<"$seen" | cut -c1-200)"
done
exit "$failed"
