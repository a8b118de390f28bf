# shellcheck shell=bash
# Engine functions of verify-image.sh for buildah. It has no daemon, so contain.sh runs the containers. Needs root.

# Uses a temporary storage directory, which is deleted at the end.
own_buildah() { buildah --storage-driver vfs --root "$work/storage" --runroot "$work/run" "$@"; }

engine_cleanup() {
  local process
  [ -z "${ssm_pid-}" ] || kill -KILL "$ssm_pid"
  for process in /proc/[0-9]*; do
    [ -z "${tree-}" ] || [ "$(readlink "$process/root")" != "$tree" ] || kill -KILL "${process#/proc/}"
  done
  own_buildah rm --all
}

# Builds a substitute for the base image, unless NODE_IMAGE is set.
engine_prepare() {
  [ -z "${NODE_IMAGE-}" ] || return 0
  step 'building a substitute for the base image'
  docker/verify/substitute-base.sh "$work/base"
  local container
  container=$(own_buildah from scratch)
  own_buildah add --quiet "$container" "$work/base" / >/dev/null
  own_buildah commit --quiet --rm "$container" localhost/substitute-base >/dev/null
  rm -rf "$work/base"
  NODE_IMAGE=localhost/substitute-base
}

# buildah stores the caches of RUN --mount=type=cache below TMPDIR.
# By default, it lets a process open 1,024 files, and npm may open more at once when its cache is full.
engine_build() {
  TMPDIR=$work own_buildah bud --isolation chroot --format docker --ulimit "nofile=$(ulimit -Hn)" "$@"
}

# engine_tree IMAGE: prints the directory of the image's file tree.
engine_tree() { own_buildah mount "$(own_buildah from "$1")"; }

engine_config() {
  own_buildah inspect --type image "$image" |
    node -p 'JSON.stringify(JSON.parse(fs.readFileSync(0, "utf8")).Docker.config)'
}

engine_start_ssm() {
  local port
  port=$(free_port)
  ssm_here=http://127.0.0.1:$port
  ssm_inside=$ssm_here
  moto_server -H 127.0.0.1 -p "$port" >"$work/moto.log" 2>&1 &
  ssm_pid=$!
}

engine_ssm_log() { cat "$work/moto.log"; }

# engine_run HOW VARIABLES... -- COMMAND...: runs a command until it ends, with this shell's standard input and output.
engine_run() {
  local how=$1 variables=()
  shift
  while [ "$1" != -- ]; do
    variables+=("$1")
    shift
  done
  shift
  local image_variables
  mapfile -t image_variables < <(engine_config | node -p 'JSON.parse(fs.readFileSync(0, "utf8")).Env.join("\n")')
  contain "$how" env -i "${image_variables[@]}" "${variables[@]}" "$@"
}

contain() {
  local how=$1
  shift
  case $how in
    root) docker/verify/contain.sh --writable 0 "$tree" "$@" ;;
    writable) docker/verify/contain.sh --writable 10001 "$tree" "$@" ;;
    lambda) docker/verify/contain.sh --tmp 993 "$tree" "$@" ;;
    *) docker/verify/contain.sh 10001 "$tree" "$@" ;;
  esac
}

# engine_launch HOW VARIABLES...: starts the service and sets $url.
engine_launch() {
  port=$(free_port)
  url=http://127.0.0.1:$port
  : >"$work/launched"
  engine_run "$@" HOST=127.0.0.1 PORT="$port" -- node dist/main.js >"$work/service.log" 2>&1 &
  service_pid=$!
}

# engine_exec COMMAND...: runs a command next to the running service.
engine_exec() { engine_run confined HOST=127.0.0.1 PORT="$port" -- "$@" </dev/null; }

engine_log() { cat "$work/service.log"; }

# Prints the PID of the service: the last in the chain of processes that contain.sh started.
service_process() {
  local process=$service_pid child
  while child=$(cut -d ' ' -f 1 "/proc/$process/task/$process/children") && [ -n "$child" ]; do process=$child; done
  echo "$process"
}

engine_status() { cat "/proc/$(service_process)/status"; }

# Stops the service by sending SIGTERM to its PID 1, and sets $exit_code.
engine_stop() {
  kill -TERM "$(service_process)" || true
  exit_code=0
  wait "$service_pid" || exit_code=$?
  service_pid=
}

# Lists the files that the service has written since it was launched.
engine_written() { find "$tree" -xdev -newer "$work/launched" ! -type d; }
