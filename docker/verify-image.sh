#!/usr/bin/env bash
# Builds the image and proves what it promises, with whichever of docker, podman and buildah is there: started
# read-only as its own user against a real SSM endpoint it gets healthy and answers the Co-signer; it stops cleanly,
# holds nothing that it should not, and keeps its limits of size, start-up time and memory.
#
# Usage: docker/verify-image.sh [--tree DIRECTORY]
#
#   --tree DIRECTORY   leave the image's file tree there
#
# An engine that neither has the base image nor can pull it is left alone.
#
# Variables: NODE_IMAGE, the base image; default: the Dockerfile's, or with buildah alone a stand-in made on the spot.
# MOTO_IMAGE, the SSM endpoint's; with buildah alone moto_server is started.
# Needs `npm ci`; with buildah alone also root, debootstrap and moto_server.
# Exit code: 0 all of it holds, 1 something does not, 2 wrong usage.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."

MAX_ADDED_MB=40
MAX_BOOT_RATIO=10
MAX_RSS_MB=128
REQUESTS=10000

# --- what is there ---------------------------------------------------------------------------------------------------

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
    [ -n "$keep" ] || misuse '--tree takes a directory'
    ;;
  --help) usage && exit 0 ;;
  *) misuse "\"$1\" is not known: --help shows how to use it" ;;
esac
[ -d node_modules ] || misuse 'There is no node_modules: run npm ci first.'

# An engine is of use if it has the base image, or can get it.
base=${NODE_IMAGE:-$(sed -n 's/^ARG NODE_IMAGE=//p' Dockerfile)}
of_use() {
  "$1" image inspect "$base" >/dev/null 2>&1 || "$1" pull "$base" >/dev/null 2>&1 && return
  printf '%s is there, but has no %s and cannot pull it.\n' "$1" "$base" >&2
  false
}
if docker info >/dev/null 2>&1 && of_use docker; then
  engine=docker
elif command -v podman >/dev/null && of_use podman; then
  engine=podman
elif command -v buildah >/dev/null; then
  engine=buildah
  [ "$(id -u)" = 0 ] || misuse 'With buildah alone this needs root.'
else
  misuse 'There is none of docker, podman and buildah that can be used: install one of them.'
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

# --- telling ---------------------------------------------------------------------------------------------------------

if [ -t 1 ]; then red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'; else red='' green='' plain=''; fi
step() { printf '%s  %s\n' "$(date -u +%T)" "$*" >&2; }
# expect WHAT COMMAND...: the command tells whether it holds; what it prints is why it does not.
expect() {
  local what=$1 output
  shift
  if output=$("$@" 2>&1); then
    printf '%sok%s      %s\n' "$green" "$plain" "$what"
  else
    printf '%sFAILED%s  %s\n%s' "$red" "$plain" "$what" "${output:+        ${output:0:600}$'\n'}"
    failures=$((failures + 1))
  fi
}
at_most() { awk -v value="$1" -v limit="$2" 'BEGIN { exit !(value <= limit) }'; }
nothing() { [ -z "$1" ] || { printf '%s' "$1" && false; }; }

# --- tools -----------------------------------------------------------------------------------------------------------

free_port() {
  node -e 'const s = net.createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}

# answers URL: waits until it does, with 200, for a minute at most.
answers() {
  node -e '
    process.exitCode = 1;
    const end = Date.now() + 60_000;
    const again = () => Date.now() < end && setTimeout(ask, 50);
    const ask = () =>
      http
        .get(process.argv[1], { agent: false, timeout: 5000 }, (reply) => (reply.statusCode === 200 ? process.exit(0) : again()))
        .on("timeout", function () { this.destroy(); })
        .on("error", again);
    ask();' "$1"
}

# For npm in the build, what npm on this machine has: registry, credentials, proxy, CA. They go in as secrets.
npm_secrets() (
  umask 077
  : >"$work/npm-ca"
  {
    # ${NAME} stands for a variable, which the build does not have.
    for key in userconfig globalconfig; do
      file=$(npm config get $key)
      [ ! -f "$file" ] || grep -E '^(@|//)' "$file" || true
    done | node -p 'fs.readFileSync(0, "utf8").replace(/\$\{(\w+)\}/g, (text, name) => process.env[name] ?? text)'
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
if [ "$engine" != buildah ]; then # without an engine, keeping layers would take minutes
  mkdir "$work/changed"
  git ls-files -z | xargs -0 cp --preserve=mode --parents -t "$work/changed"
  echo '// changed' >>"$work/changed/src/main.ts"
  step 'building it with a source file changed'
  build "$work/changed" --tag "$image-changed"
  expect 'a changed source file does not install the dependencies again' \
    awk '/npm ci/ { seen = NR } seen && NR <= seen + 3 && /^#[0-9]+ CACHED|Using cache/ { hit = 1 } END { exit !hit }' "$work/build.log"
fi
step 'building the tools of docker/compose.yaml'
build . --tag "$image-tools" --target tools

# --- what is in it ---------------------------------------------------------------------------------------------------

step 'looking into it'
tree=$(engine_tree "$image")
[ -z "$keep" ] || { mkdir -p "$keep" && cp -a "$tree/." "$keep"; }

unknown_files() {
  [ -s "$tree/app/dist/main.js" ] || { echo 'there is no service in it' && return 1; }
  nothing "$(cd "$tree/app" && find . -type f | grep -vE '^\./(package\.json|policy\.yaml|dist/[A-Za-z0-9_-]+\.js(\.map)?|dist/compiled/v24[^/]*/[0-9a-f]+)$' || true)"
}
sources() {
  nothing "$(find "$tree/app" -name '*.ts' -o -name test; grep -l '"sourcesContent"' "$tree"/app/dist/*.map || true)"
}
# Not in the base's own libraries, some of which test themselves with keys that everybody knows.
keys_in() {
  nothing "$(find "$1" -xdev \( -path "$1/proc" -o -path "$1/dev" -o -path "$1/usr/lib" -o -path "$1/usr/share" \) -prune \
    -o -type f -print0 | xargs -0 grep -lzP 'PRIVATE KEY-----(\s|\\n|\\r)+[A-Za-z0-9+/]{40}' || true)"
}
package_managers() {
  nothing "$(find "$tree"/usr/local/bin "$tree"/usr/bin "$tree"/opt \( -name 'npm*' -o -name 'npx*' -o -name 'yarn*' -o -name 'corepack*' \) -print
    find "$tree" -xdev -type d -name node_modules -prune -print)"
}
npm_configuration_in() {
  nothing "$(find "$1" -xdev \( -name .npmrc -o -name npm-ca -o -path "$1/root/.npm/*" \) -size +0 -print | head -5)"
}
configured() {
  engine_config | EXPECTED=$1 node -e '
    const { User, Entrypoint, ExposedPorts, StopSignal, Healthcheck, Labels, Env } = JSON.parse(fs.readFileSync(0, "utf8"));
    const found = { User, Entrypoint, ExposedPorts: Object.keys(ExposedPorts), StopSignal, Healthcheck: Healthcheck?.Test };
    const labels = ["version", "revision", "source", "licenses"].map((label) => Labels[`org.opencontainers.image.${label}`]);
    if (labels.some((label) => !label)) found.Labels = labels;
    if (Env.some((variable) => /KEY|TOKEN|SECRET|PASSW|NPM_/i.test(variable))) found.Env = Env;
    if (JSON.stringify(found) !== process.env.EXPECTED) { console.log(found); process.exit(1); }'
}
expect 'the image holds the bundled service, its policy and its version, and nothing else' unknown_files
expect 'no source and no test is in it, and none in its source maps' sources
finds_keys() {
  mkdir "$work/planted"
  node -p 'crypto.generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" })' \
    >"$work/planted/key"
  ! keys_in "$work/planted"
}
expect 'a key that is there would be found' finds_keys
expect 'no private key is in it' keys_in "$tree"
expect 'no package manager is in it' package_managers
expect 'no npm configuration is in it' npm_configuration_in "$tree"
expect 'user, entry point, port, stop signal, health check and labels are set' configured \
  '{"User":"10001:10001","Entrypoint":["node","dist/main.js"],"ExposedPorts":["3000/tcp"],"StopSignal":"SIGTERM","Healthcheck":["CMD","node","dist/healthcheck.js"]}'
tools_tree=$(engine_tree "$image-tools")
expect 'the tools can be looked into, too' [ -d "$tools_tree/app/node_modules" ]
expect 'no npm configuration is in the stages that it is built by' npm_configuration_in "$tools_tree"
expect 'nor a private key' keys_in "$tools_tree"
added_mb=$(du -sk --apparent-size "$tree/app" | awk '{ printf "%.1f", $1 / 1024 }')
expect "what the product adds to its base: $added_mb MB, limit $MAX_ADDED_MB MB" at_most "$added_mb" $MAX_ADDED_MB

# --- how it runs -----------------------------------------------------------------------------------------------------

step 'starting an SSM endpoint, and putting keys and policy there'
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
answers "$ssm_here/moto-api/" || {
  echo 'The SSM endpoint did not start:' >&2
  engine_ssm_log >&2
  exit 1
}
env "${environment[@]}" AWS_ENDPOINT_URL="$ssm_here" AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true \
  node_modules/.bin/tsx docker/seed.ts --keys "$work/keys" --tls "$work/tls" >/dev/null

without_parameters() {
  local code=0 output
  output=$(engine_run confined AWS_REGION=eu-central-1 -- node dist/main.js </dev/null) || code=$?
  echo "exit code $code: $output"
  [ "$code" = 1 ] && grep -q 'CALLBACK_PRIVATE_KEY_PARAMETER is not set' <<<"$output" &&
    grep -q 'COSIGNER_PUBLIC_KEY_PARAMETER is not set' <<<"$output"
}
expect 'without parameters it ends with 1 and says all that is missing' without_parameters

step 'starting the service, read-only, as its own user'
engine_launch confined "${environment[@]}"
healthy() { answers "$url/health" || { engine_log && false; }; }
expect 'it gets healthy' healthy
expect 'its health check says so' engine_exec node dist/healthcheck.js
without_service() { ! engine_run confined PORT=1 -- node dist/healthcheck.js </dev/null >/dev/null 2>&1; }
expect 'and says so if nothing listens' without_service
unprivileged() {
  engine_status | awk '
    /^Uid:|^Gid:/ { if ($2 != 10001 || $3 != 10001 || $4 != 10001) { print; bad = 1 } }
    /^Cap(Prm|Eff):/ { if ($2 !~ /^0+$/) { print; bad = 1 } }
    /^NoNewPrivs:/ { if ($2 != 1) { print; bad = 1 } }
    /^(Uid|CapEff|NoNewPrivs):/ { seen++ }
    END { exit bad || seen != 3 }'
}
expect 'it runs as user 10001, without capabilities or a way to get any' unprivileged
expect 'the Co-signer asks it, and verifies the answer' cosigner
refused() {
  local output
  ! output=$(cosigner --tamper hmac) && grep -q '"code":"invalid_token"' <<<"$output"
}
expect 'a forged request gets no decision' refused
step "sending it $REQUESTS requests"
expect "the Co-signer verifies $REQUESTS answers" cosigner --count $REQUESTS
rss_mb=$(engine_status | awk '/^VmRSS:/ { printf "%.0f", $2 / 1024 }')
expect "RSS after $REQUESTS requests: $rss_mb MB, limit $MAX_RSS_MB MB" at_most "$rss_mb" $MAX_RSS_MB
engine_stop
expect "on SIGTERM it ends, with exit code $exit_code" [ "$exit_code" = 0 ]

step 'measuring its start'
read -r boot_ms boot_ratio \
  <<<"$(engine_run confined "${environment[@]}" -- node --input-type=module - <docker/verify/measure-boot.js)"
expect "boot to healthy: $boot_ratio times node -e 0 ($boot_ms ms), limit $MAX_BOOT_RATIO times" at_most "$boot_ratio" $MAX_BOOT_RATIO

# HOW is confined (as in production), writable (its own user, on a writable file system) or root (on one, too).
written() { nothing "$(engine_written)"; }
for how in writable root; do
  step "starting it on a writable file system, as $([ $how = root ] && echo root || echo its own user)"
  engine_launch $how "${environment[@]}"
  expect 'it gets healthy' healthy
  expect 'the Co-signer asks it, and verifies the answer' cosigner
  engine_stop
  expect "on SIGTERM it ends, with exit code $exit_code" [ "$exit_code" = 0 ]
  expect 'it has written nothing' written
done

if [ "$failures" = 0 ]; then
  printf '%sThe image holds what it promises.%s\n' "$green" "$plain"
else
  printf '%s%s of the above did not hold.%s\n' "$red" "$failures" "$plain"
  exit 1
fi
