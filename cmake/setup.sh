# What examples/run and tests/run share: installing packages, configuring and building. POSIX sh, sourced with `root` set.
# SPDX-License-Identifier: BSD-3-Clause

builds=${TAPIR_BUILD_DIR:-$root/build}
install=yes
also=  # a further keyword of packages, beside DEBIAN

say() { printf 'tapir: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# quietly <what is done> <log> <command...>: the command's output goes to the log; a terminal sees its latest line,
# a failure shows what failed and ends the script.
quietly() {
  what=$1 log=$2
  shift 2
  say "$what"
  mkdir -p "$(dirname "$log")"
  : >"$log"
  follower=
  if [ -t 2 ]; then
    follow "$log" &
    follower=$!
  fi
  status=0
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if [ -n "$follower" ]; then
    kill "$follower" 2>/dev/null || :
    wait "$follower" 2>/dev/null || :
    printf '\r\033[K' >&2
  fi
  [ "$status" -eq 0 ] && return
  # A failed build names the failing commands; anything else is told best by its last lines.
  if grep -q '^FAILED' "$log"; then sed -n '/^FAILED/,$p' "$log" >&2; else tail -n 60 "$log" >&2; fi
  say "failed: $what (all of the output: $log)"
  exit "$status"
}

# Show the last line of a log while it grows, as long as this script lives.
follow() {
  while kill -0 $$ 2>/dev/null; do
    printf '\r\033[K%s' "$(tail -n 1 "$1" 2>/dev/null | tr -d '\r' | cut -c 1-78)" >&2
    sleep 1
  done
}

# The Debian packages that the build needs: its tools where their commands are missing, and what CMake looks for.
packages() {
  command -v "${CXX:-c++}" >/dev/null || echo g++
  command -v cmake >/dev/null || echo cmake
  command -v ninja >/dev/null || echo ninja-build
  for keyword in DEBIAN $also; do
    sed -n "s/.*$keyword \\([a-z0-9][a-z0-9.+-]*\\).*/\\1/p" "$root/cmake/TapirDependencies.cmake"
  done
}

# Those of them that are not installed, on one line.
missing_packages() {
  for package in $(packages); do
    case $(dpkg-query -W -f '${db:Status-Status} ' "$package" 2>/dev/null) in
      *installed*) ;;
      *) printf '%s ' "$package" ;;
    esac
  done
}

ensure_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "this is not Debian: nothing is installed. Needed, by their Debian names: g++ cmake ninja-build" \
      "$(sed -n 's/.*DEBIAN \([a-z0-9][a-z0-9.+-]*\).*/\1/p' "$root/cmake/TapirDependencies.cmake" | tr '\n' ' ')"
    return
  fi
  missing=$(missing_packages)
  missing=${missing% }
  [ -n "$missing" ] || return 0

  sudo=
  [ "$(id -u)" -eq 0 ] || sudo=sudo
  say "these packages are missing: $missing"
  if [ "$install" = no ] || { [ -n "$sudo" ] && ! command -v sudo >/dev/null; }; then
    say "to install them, type:"
    echo "${sudo:+sudo }apt-get install $missing" >&2
    exit 1
  fi
  if [ -n "$sudo" ]; then
    say "they are installed with sudo, which may ask for your password"
    sudo -v || die "sudo refused"
  fi
  log=$(mktemp)
  # shellcheck disable=SC2086  # lists of words
  quietly "installing them with apt-get" "$log" install_packages $missing
  rm -f "$log"
}

install_packages() {
  # An outdated index may still do, so only the installation decides.
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 update || :
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 \
    install -y --no-install-recommends "$@"
}

# build_target <kind> <target> <cmake definitions...>: configure and build in its own folder, whose path is left in `build`.
build_target() {
  build=$builds/$1 target=$2
  shift 2
  quietly "configuring $build" "$build/configure.log" cmake -S "$root" -B "$build" -G Ninja \
    -D TAPIR_BUILD_TESTS=ON -D TAPIR_BUILD_EXAMPLES=ON "$@"
  quietly "building $target" "$build/build.log" cmake --build "$build" --target "$target"
}
