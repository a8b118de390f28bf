# shellcheck shell=bash
# Checks the image of the Lambda function. Sourced by docker/verify-image.sh, after its checks of the service's image.

step 'checking the image of the Lambda function'
image=$image-lambda
tree=$(engine_tree "$image")
expect 'adds only the same files' unknown_files
expect 'contains no private key' keys_in "$tree"
expect 'contains no npm configuration' npm_configuration_in "$tree"
expect 'has the expected user, entry point and labels' configured \
  '{"User":"10001:10001","Entrypoint":["node","dist/runtime.js"],"ExposedPorts":[]}'
added_mb=$(du -sk --apparent-size "$tree/app" | awk '{ printf "%.1f", $1 / 1024 }')
expect "size added to the base image: $added_mb MB, limit $MAX_ADDED_MB MB" at_most "$added_mb" $MAX_ADDED_MB

event=$(node_modules/.bin/tsx docker/verify/event.ts "$work/keys")
step 'starting it as a user of Lambda, who differs from that of the image'
answer= cold_ms=none
{ read -r cold_ms && read -r answer; } < <(engine_run lambda "${environment[@]}" EVENT="$event" -- \
  node --input-type=module - <docker/verify/invoke.js 2>"$work/lambda.log") || true
verified() { node_modules/.bin/tsx docker/verify/event.ts "$work/keys" "$event" "$answer" || { cat "$work/lambda.log" && false; }; }
expect 'the Co-signer verifies its answer to an event of a load balancer' verified
expect "start to the first answer on one core: $cold_ms ms, limit $MAX_COLD_START_MS ms" at_most "$cold_ms" $MAX_COLD_START_MS
no_key_in_lambda_log() { grep -q '"event":"decision"' "$work/lambda.log" && ! grep -q 'PRIVATE KEY' "$work/lambda.log"; }
expect 'its log contains the decisions, and not the private key' no_key_in_lambda_log
