#!/usr/bin/env bash
# Builds the image and checks it, with docker, podman or buildah. The image must contain only the expected files, and
# stay below its limits for size, start-up time and memory. Run read-only as its own user against an SSM endpoint, it
# must become healthy, answer the Co-signer, and stop cleanly. The image of the Lambda function must answer an event.
#
# Usage: docker/verify-image.sh [--tree DIRECTORY]
#
#   --tree DIRECTORY   copy the image's file tree to this directory
#
# An engine is used only if it has the base image or can pull it.
#
# Environment variables:
#   NODE_IMAGE   base image; default: the Dockerfile's, or with buildah alone, a substitute built locally
#   MOTO_IMAGE   image for the SSM endpoint; with buildah alone, the installed moto_server is used
# Run `npm ci` first. With buildah alone, this also needs root, debootstrap and moto_server.
# Exit code: 0 all checks passed, 1 a check failed, 2 usage error.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."

MAX_ADDED_MB=40
MAX_BOOT_RATIO=12
MAX_RSS_MB=128
MAX_COLD_START_MS=1200
REQUESTS=10000

# --- arguments and engine --------------------------------------------------------------------------------------------

usage() { sed -n '/^# Builds/,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//'; }
misuse() {
  printf '%s\n' "$*" >&2
  exit 2
}

keep=
case "${1-}" in
  '') ;;
  --tree)
    keep=${2-}
    [ -n "$keep" ] || misuse '--tree needs a directory'
    ;;
  --help) usage && exit 0 ;;
  *) misuse "unknown argument \"$1\": --help shows the usage" ;;
esac
[ -d node_modules ] || misuse 'node_modules does not exist: run npm ci first.'

base=${NODE_IMAGE:-$(sed -n 's/^ARG NODE_IMAGE=//p' Dockerfile)}
has_base_image() {
  "$1" image inspect "$base" >/dev/null 2>&1 || "$1" pull "$base" >/dev/null 2>&1 && return
  printf 'Skipping %s: it does not have %s and cannot pull it.\n' "$1" "$base" >&2
  false
}
if docker info >/dev/null 2>&1 && has_base_image docker; then
  engine=docker
elif command -v podman >/dev/null && has_base_image podman; then
  engine=podman
elif command -v buildah >/dev/null; then
  engine=buildah
  [ "$(id -u)" = 0 ] || misuse 'buildah needs root here: run this script as root.'
else
  misuse 'No usable container engine: install docker, podman or buildah.'
fi

image=callback-handler-verify
name=$image-$$
work=$(mktemp -d)
failures=0
# shellcheck source=/dev/null
source "docker/verify/$([ $engine = buildah ] && echo buildah || echo container).sh"
cleanup() {
  set +e
  engine_cleanup >/dev/null 2>&1
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --- reporting -------------------------------------------------------------------------------------------------------

if [ -t 1 ]; then red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'; else red='' green='' plain=''; fi
step() { printf '%s  %s\n' "$(date -u +%T)" "$*" >&2; }
# expect DESCRIPTION COMMAND...: checks that the command succeeds, and prints its output if it fails.
expect() {
  local description=$1 output
  shift
  if output=$("$@" 2>&1); then
    printf '%sok%s      %s\n' "$green" "$plain" "$description"
  else
    printf '%sFAILED%s  %s\n%s' "$red" "$plain" "$description" "${output:+        ${output:0:600}$'\n'}"
    failures=$((failures + 1))
  fi
}
at_most() { awk -v value="$1" -v limit="$2" 'BEGIN { exit !(value <= limit) }'; }
# is_empty STRING: fails and prints the string if it is not empty.
is_empty() { [ -z "$1" ] || { printf '%s' "$1" && false; }; }

# --- helpers ---------------------------------------------------------------------------------------------------------

free_port() {
  node -e 'const s = net.createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}

# wait_for URL: waits up to a minute for a response with status 200. Does not verify a certificate.
wait_for() {
  node -e '
    process.exitCode = 1;
    const end = Date.now() + 60_000;
    const retry = () => Date.now() < end && setTimeout(request, 50);
    const request = () =>
      (process.argv[1].startsWith("https:") ? https : http)
        .get(process.argv[1], { agent: false, timeout: 5000, rejectUnauthorized: false }, (response) => (response.statusCode === 200 ? process.exit(0) : retry()))
        .on("timeout", function () { this.destroy(); })
        .on("error", retry);
    request();' "$1"
}

# Copies this machine's npm configuration for the build: registry, credentials, proxy and CA. They are passed as
# secrets.
npm_secrets() (
  umask 077
  : >"$work/npm-ca"
  {
    # Expand ${NAME}, because the variables are not available in the build.
    for key in userconfig globalconfig; do
      file=$(npm config get $key)
      [ ! -f "$file" ] || grep -E '^(@|//)' "$file" || true
    done | node -p 'fs.readFileSync(0, "utf8").replace(/\$\{(\w+)\}/g, (match, name) => process.env[name] ?? match)'
    for key in registry proxy https-proxy noproxy strict-ssl; do
      value=$(npm config get "$key")
      [[ $value =~ ^(null|undefined)?$ ]] || echo "$key=$value"
    done
    ca=$(npm config get cafile)
    [ -f "$ca" ] || ca=${NODE_EXTRA_CA_CERTS-}
    if [ -f "$ca" ]; then
      cat "$ca" >"$work/npm-ca"
      echo 'cafile=/run/secrets/npm-ca'
    fi
  } >"$work/npmrc" 2>"$work/npm.log" || {
    cat "$work/npm.log" >&2
    exit 1
  }
)

# build CONTEXT OPTIONS...
build() {
  local context=$1
  shift
  engine_build "$@" ${NODE_IMAGE:+--build-arg "NODE_IMAGE=$NODE_IMAGE"} \
    --build-arg "VERSION=$(node -p 'require("./package.json").version')" \
    --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)" \
    --secret "id=npmrc,src=$work/npmrc" --secret "id=npm-ca,src=$work/npm-ca" \
    "$context" >"$work/build.log" 2>&1 || {
    tail -40 "$work/build.log" >&2
    exit 1
  }
}

cosigner() { npm run --silent cosigner -- --url "$url" --keys "$work/keys" "$@" 2>&1; }

# --- build -----------------------------------------------------------------------------------------------------------

engine_prepare
npm_secrets
step "building the image with $engine"
build . --tag "$image"
if [ "$engine" != buildah ]; then # with buildah alone, caching layers takes minutes
  mkdir "$work/changed"
  git ls-files -z | xargs -0 cp --preserve=mode --parents -t "$work/changed"
  echo '// changed' >>"$work/changed/src/main.ts"
  step 'building it again with a changed source file'
  build "$work/changed" --tag "$image-changed"
  expect 'a changed source file does not reinstall the dependencies' \
    awk '/npm ci/ { seen = NR } seen && NR <= seen + 3 && /^#[0-9]+ CACHED|Using cache/ { hit = 1 } END { exit !hit }' "$work/build.log"
fi
step 'building the tools of docker/compose.yaml'
build . --tag "$image-tools" --target tools
step 'building the image of the Lambda function'
build . --tag "$image-lambda" --target lambda

# --- contents --------------------------------------------------------------------------------------------------------

step 'checking its contents'
tree=$(engine_tree "$image")
[ -z "$keep" ] || { mkdir -p "$keep" && cp -a "$tree/." "$keep"; }

# shellcheck source=/dev/null
source docker/verify/contents.sh
expect 'adds only the bundled service and console, the policy, package.json and the bill of materials' unknown_files
expect 'its bill of materials lists the dependencies of the service, and no others' has_sbom
expect 'contains no source code or tests, not even in source maps' sources
expect 'the search for private keys finds a planted key' finds_keys
expect 'contains no private key' keys_in "$tree"
expect 'contains no package manager' package_managers
expect 'contains no npm configuration' npm_configuration_in "$tree"
expect 'has the expected user, entry point, port, stop signal, health check and labels' configured \
  '{"User":"10001:10001","Entrypoint":["node","dist/main.js"],"ExposedPorts":["3000/tcp"],"StopSignal":"SIGTERM","Healthcheck":["CMD","node","dist/healthcheck.js"]}'
tools_tree=$(engine_tree "$image-tools")
expect 'the build stages can be searched' [ -d "$tools_tree/app/node_modules" ]
expect 'the build stages contain no npm configuration' npm_configuration_in "$tools_tree"
expect 'the build stages contain no private key' keys_in "$tools_tree"
added_mb=$(du -sk --apparent-size "$tree/app" | awk '{ printf "%.1f", $1 / 1024 }')
expect "size added to the base image: $added_mb MB, limit $MAX_ADDED_MB MB" at_most "$added_mb" $MAX_ADDED_MB

# --- runtime ---------------------------------------------------------------------------------------------------------

step 'starting an SSM endpoint, and storing keys and policy in it'
engine_start_ssm
environment=(
  AWS_REGION=eu-central-1
  AWS_ENDPOINT_URL="$ssm_inside"
  AWS_ACCESS_KEY_ID=verify
  AWS_SECRET_ACCESS_KEY=verify
  CALLBACK_PRIVATE_KEY_PARAMETER=/verify/callback-private-key
  COSIGNER_PUBLIC_KEY_PARAMETER=/verify/cosigner-public-key
  POLICY_PARAMETER=/verify/policy
)
wait_for "$ssm_here/moto-api/" || {
  echo 'The SSM endpoint did not start:' >&2
  engine_ssm_log >&2
  exit 1
}
env "${environment[@]}" AWS_ENDPOINT_URL="$ssm_here" AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true \
  node_modules/.bin/tsx docker/seed.ts --policy policy.yaml --keys "$work/keys" --tls "$work/tls" >/dev/null

without_parameters() {
  local code=0 output
  output=$(engine_run confined AWS_REGION=eu-central-1 -- node dist/main.js </dev/null) || code=$?
  echo "exit code $code: $output"
  [ "$code" = 1 ] && grep -q 'CALLBACK_PRIVATE_KEY_PARAMETER is not set' <<<"$output" &&
    grep -q 'COSIGNER_PUBLIC_KEY_PARAMETER is not set' <<<"$output"
}
expect 'without parameters it exits with code 1 and lists what is missing' without_parameters

console_without_variables() {
  local code=0 output
  output=$(engine_run confined AWS_REGION=eu-central-1 -- node dist/console.js </dev/null) || code=$?
  echo "exit code $code: $output"
  [ "$code" = 1 ] && grep -q 'CONSOLE_ORIGIN' <<<"$output"
}
expect 'without variables the console exits with code 1 and names what is missing' console_without_variables

step 'starting the service read-only, as its own user'
engine_launch confined "${environment[@]}"
healthy() { wait_for "$url/health" || { engine_log && false; }; }
expect 'it becomes healthy' healthy
expect 'its health check succeeds' engine_exec node dist/healthcheck.js
without_service() { ! engine_run confined PORT=1 -- node dist/healthcheck.js </dev/null >/dev/null 2>&1; }
expect 'its health check fails if the service is not running' without_service
unprivileged() {
  engine_status | awk '
    /^Uid:|^Gid:/ { if ($2 != 10001 || $3 != 10001 || $4 != 10001) { print; bad = 1 } }
    /^Cap(Prm|Eff):/ { if ($2 !~ /^0+$/) { print; bad = 1 } }
    /^NoNewPrivs:/ { if ($2 != 1) { print; bad = 1 } }
    /^(Uid|CapEff|NoNewPrivs):/ { seen++ }
    END { exit bad || seen != 3 }'
}
expect 'it runs as user 10001, without capabilities and unable to gain privileges' unprivileged
expect 'the Co-signer verifies its answer' cosigner
refused() {
  local output
  ! output=$(cosigner --tamper hmac) && grep -q '"code":"invalid_token"' <<<"$output"
}
expect 'it refuses a forged request' refused
step "sending $REQUESTS requests"
expect "the Co-signer verifies $REQUESTS answers" cosigner --count $REQUESTS
rss_mb=$(engine_status | awk '/^VmRSS:/ { printf "%.0f", $2 / 1024 }')
expect "memory (RSS) after $REQUESTS requests: $rss_mb MB, limit $MAX_RSS_MB MB" at_most "$rss_mb" $MAX_RSS_MB
engine_stop
expect "it stops on SIGTERM with exit code $exit_code" [ "$exit_code" = 0 ]

step 'starting it with TLS=self-signed, as in prod'
engine_launch confined "${environment[@]}" TLS=self-signed
plain_url=$url
url=https://${url#http://}
# Like the load balancer, the clients do not verify the certificate.
export NODE_TLS_REJECT_UNAUTHORIZED=0 NODE_NO_WARNINGS=1
expect 'it becomes healthy' healthy
expect 'its health check succeeds' engine_exec env TLS=self-signed node dist/healthcheck.js
without_tls() { ! engine_exec env TLS= node dist/healthcheck.js >/dev/null 2>&1; }
expect 'its health check fails without TLS' without_tls
plain_http() { ! node -e 'fetch(process.argv[1]).then(() => process.exit(0), () => process.exit(1))' "$plain_url/health"; }
expect 'it does not answer plain HTTP' plain_http
step "sending $REQUESTS requests"
expect "the Co-signer verifies $REQUESTS answers" cosigner --count $REQUESTS
rss_mb=$(engine_status | awk '/^VmRSS:/ { printf "%.0f", $2 / 1024 }')
expect "memory (RSS) after $REQUESTS requests: $rss_mb MB, limit $MAX_RSS_MB MB" at_most "$rss_mb" $MAX_RSS_MB
unset NODE_TLS_REJECT_UNAUTHORIZED NODE_NO_WARNINGS
no_key_in_log() { ! engine_log | grep -q 'PRIVATE KEY'; }
expect 'its log does not contain the private key' no_key_in_log
engine_stop
expect "it stops on SIGTERM with exit code $exit_code" [ "$exit_code" = 0 ]

for tls in '' self-signed; do
  step "measuring its start-up time${tls:+ with TLS=$tls}"
  read -r boot_ms boot_ratio \
    <<<"$(engine_run confined "${environment[@]}" TLS=$tls -- node --input-type=module - <docker/verify/measure-boot.js)"
  expect "start to healthy: $boot_ms ms, $boot_ratio times the start of Node.js, limit $MAX_BOOT_RATIO times" at_most "$boot_ratio" $MAX_BOOT_RATIO
done

# HOW is one of: confined (as in production), writable (its own user, writable file system), root (root, writable).
written() { is_empty "$(engine_written)"; }
for how in writable root; do
  step "starting it on a writable file system, as $([ $how = root ] && echo root || echo its own user)"
  engine_launch $how "${environment[@]}"
  expect 'it becomes healthy' healthy
  expect 'the Co-signer verifies its answer' cosigner
  engine_stop
  expect "it stops on SIGTERM with exit code $exit_code" [ "$exit_code" = 0 ]
  expect 'it writes no files' written
done

# --- Lambda ----------------------------------------------------------------------------------------------------------

# shellcheck source=/dev/null
source docker/verify/lambda.sh

if [ "$failures" = 0 ]; then
  printf '%sAll checks passed.%s\n' "$green" "$plain"
else
  printf '%s%s checks failed.%s\n' "$red" "$failures" "$plain"
  exit 1
fi
