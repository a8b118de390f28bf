# shellcheck shell=bash
# Engine functions of verify-image.sh for docker and podman ($engine).

engine_cleanup() {
  "$engine" rm --force "$name" "$name-ssm" "$name-tree"
  "$engine" network rm "$name"
  "$engine" rmi --force "$image" "$image-changed" "$image-tools" "$image-lambda"
}

engine_prepare() { :; }

engine_build() {
  if [ "$engine" = docker ]; then
    DOCKER_BUILDKIT=1 docker build --progress plain "$@"
  else
    podman build --format docker "$@"
  fi
}

# engine_tree IMAGE: prints the directory of the image's file tree.
engine_tree() {
  local directory
  directory=$(mktemp -d "$work/tree.XXXX")
  "$engine" create --name "$name-tree" "$1" none >/dev/null
  "$engine" export "$name-tree" | tar -x -C "$directory" --exclude 'dev/*'
  "$engine" rm "$name-tree" >/dev/null
  echo "$directory"
}

# podman reports the health check outside the configuration.
engine_config() {
  "$engine" image inspect "$image" | node -p '
    const [{ Config, HealthCheck }] = JSON.parse(fs.readFileSync(0, "utf8"));
    JSON.stringify({ Healthcheck: HealthCheck, ...Config })'
}

engine_start_ssm() {
  "$engine" network create "$name" >/dev/null
  "$engine" run --detach --name "$name-ssm" --network "$name" --network-alias ssm \
    --publish 127.0.0.1::5000 "${MOTO_IMAGE:-docker.io/motoserver/moto:5.2.1}" >/dev/null
  ssm_here=http://$("$engine" port "$name-ssm" 5000/tcp | head -1)
  ssm_inside=http://ssm:5000
}

engine_ssm_log() { "$engine" logs "$name-ssm"; }

# options_for HOW VARIABLES...: sets $options.
options_for() {
  local variable
  case $1 in
    root) options=(--user 0:0) ;;
    writable) options=() ;;
    lambda) options=(--user 993:993 --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges) ;;
    *) options=(--read-only --cap-drop ALL --security-opt no-new-privileges --memory 512m) ;;
  esac
  shift
  for variable; do options+=(--env "$variable"); done
  options+=(--network "$name")
}

# engine_run HOW VARIABLES... -- COMMAND...: runs a command until it ends, with this shell's standard input and output.
engine_run() {
  local variables=()
  while [ "$1" != -- ]; do
    variables+=("$1")
    shift
  done
  shift
  options_for "${variables[@]}"
  local program=$1
  shift
  "$engine" run --rm --interactive "${options[@]}" --entrypoint "$program" "$image" "$@"
}

# engine_launch HOW VARIABLES...: starts the service and sets $url.
engine_launch() {
  "$engine" rm --force "$name" >/dev/null 2>&1 || true
  options_for "$@"
  "$engine" run --detach --name "$name" --publish 127.0.0.1::3000 "${options[@]}" "$image" >/dev/null
  url=http://$("$engine" port "$name" 3000/tcp | head -1)
}

# engine_exec COMMAND...: runs a command next to the running service.
engine_exec() { "$engine" exec "$name" "$@"; }

engine_log() { "$engine" logs "$name" 2>&1; }

engine_status() { "$engine" exec "$name" node -p 'fs.readFileSync("/proc/1/status", "utf8")'; }

# Stops the service with SIGTERM to its PID 1, and sets $exit_code.
engine_stop() {
  "$engine" kill --signal TERM "$name" >/dev/null || true
  exit_code=$("$engine" wait "$name")
}

# Lists the files that the service has written since it was launched, without those that the engine creates.
engine_written() { "$engine" diff "$name" | grep -vE '^. /(dev|etc|proc|run|sys)(/|$)' || true; }
