# Sourced by the tools beside this folder; needs a POSIX shell and `root`, the repository.

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# Ends with 69 (EX_UNAVAILABLE) when something is missing that cannot be installed from here.
unavailable() {
  say "$*"
  exit 69
}

need_swift() {
  command -v swift >/dev/null 2>&1 ||
    unavailable "needs Swift 6.3 or later in PATH; see https://www.swift.org/install/linux/"
}

# Prints those of the Debian packages that are not installed.
missing_packages() {
  for package in "$@"; do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) || state=
    [ "$state" = installed ] || printf '%s ' "$package"
  done
}

# Installs the Debian packages that are missing; does nothing when all are there.
need_packages() {
  if ! command -v dpkg-query >/dev/null 2>&1; then
    say "no dpkg here: assuming that the equivalents of $* are installed"
    return 0
  fi
  missing=$(missing_packages "$@")
  missing=${missing% }
  [ -n "$missing" ] || return 0
  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true >/dev/null 2>&1 </dev/null ||
      unavailable "missing packages; as root, run: apt-get install $missing"
    as_root="sudo -n"
  fi
  say "installing $missing"
  # shellcheck disable=SC2086 # the list is meant to be split
  apt_install $missing || { apt_get update && apt_install $missing; } ||
    unavailable "apt-get could not install $missing"
}

# Like need_packages, for what the work can go without; says and returns 1 when something stays missing.
want_packages() {
  command -v dpkg-query >/dev/null 2>&1 || return 0
  [ -n "$(missing_packages "$@")" ] || return 0
  (need_packages "$@") && return 0
  say "going on without $(missing_packages "$@")"
  return 1
}

apt_get() {
  # shellcheck disable=SC2086
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" \
    </dev/null >&2
}

apt_install() { apt_get install -y --no-install-recommends "$@"; }

need_build_packages() { need_packages zlib1g-dev libzstd-dev libarchive-dev libelf-dev libdw-dev nettle-dev libsqlite3-dev libxxhash-dev pkg-config "$@"; }

# Sets `scratch` to the folder for build products: .build, or the user's cache when the clone is not ours,
# and `package` to the folder to build: the clone, or links to its parts beside the products, because
# SwiftPM wants to write Package.resolved.
choose_scratch() {
  scratch=$root/.build
  package=$root
  if [ -w "$root" ] && { [ ! -e "$scratch" ] || [ -w "$scratch" ]; }; then return 0; fi
  name=$(printf '%s' "$root" | cksum | tr ' ' '-')
  cache=${XDG_CACHE_HOME:-${HOME:?"HOME is not set and $root is not writable"}/.cache}/pageledger/$name
  scratch=$cache/build
  package=$cache/package
  mkdir -p "$package" || unavailable "cannot write to $root nor to $cache"
  for part in Package.swift Sources Tests; do ln -sfn "$root/$part" "$package/$part"; done
}

# Sets `peers` to a Python that has axe-core and Perfetto's protos beside selenium, which are not in Debian; empty without an index
# of packages. The tests say what they leave out then.
python_with_peers() {
  peers=$scratch/peers/bin/python3
  [ -x "$peers" ] && "$peers" -c 'import selenium, axe_playwright_python, perfetto' 2>/dev/null && return 0
  /usr/bin/python3 -m venv --without-pip --system-site-packages "$scratch/peers" >/dev/null 2>&1 &&
    /usr/bin/python3 -m pip --version >/dev/null 2>&1 &&
    /usr/bin/python3 -m pip --quiet --python "$peers" install --no-deps \
      axe-playwright-python==0.1.8 perfetto==0.59.1 >/dev/null 2>&1 &&
    /usr/bin/python3 -m pip --quiet --python "$peers" install protobuf >/dev/null 2>&1 &&
    "$peers" -c 'import selenium, axe_playwright_python, perfetto' 2>/dev/null && return 0
  say "going on without axe-core and Perfetto's protos"
  peers=
}

# Exports PAGELEDGER_PARSERS, a Python with the parsers that CI systems use, and PAGELEDGER_KUNIT, the folder of the kernel's KTAP
# parser, taken from an installed linux-source package. The tests say what they leave out without them.
choose_parsers() {
  parsers=$scratch/parsers/bin/python3
  if ! "$parsers" -c 'import junitparser, xmlschema, tap' 2>/dev/null; then
    /usr/bin/python3 -m venv --without-pip --system-site-packages "$scratch/parsers" >/dev/null 2>&1 &&
      /usr/bin/python3 -m pip --version >/dev/null 2>&1 &&
      /usr/bin/python3 -m pip --quiet --python "$parsers" install --no-deps \
        junitparser==5.0.3 xmlschema==4.3.2 elementpath==5.1.4 tap.py==3.2.1 >/dev/null 2>&1 ||
      say "going on without junitparser, xmlschema and tap.py"
  fi
  [ ! -x "$parsers" ] || export PAGELEDGER_PARSERS="$parsers"
  [ -z "${PAGELEDGER_KUNIT:-}" ] || return 0
  kunit=$scratch/kunit
  for source in /usr/src/linux-source-*.tar.xz; do
    [ ! -e "$kunit/kunit_parser.py" ] && [ -e "$source" ] || continue
    mkdir -p "$kunit"
    tar -xJf "$source" -C "$kunit" --strip-components=4 --wildcards '*/tools/testing/kunit/*.py' ||
      say "going on without the kernel's KTAP parser"
  done
  [ ! -e "$kunit/kunit_parser.py" ] || export PAGELEDGER_KUNIT="$kunit"
}

# Runs the Spark driver on Spark in local mode; needs Java 17 and pyspark, which is added to the Python with the parsers.
test_spark() {
  parsers=$scratch/parsers/bin/python3
  if ! command -v java >/dev/null 2>&1 && ! want_packages openjdk-17-jre-headless || [ ! -x "$parsers" ]; then
    say "skipped: no Java or no Python for Spark, so tools/spark was not tested"
    return 0
  fi
  "$parsers" -c 'import pyspark' 2>/dev/null ||
    /usr/bin/python3 -m pip --quiet --python "$parsers" install pyspark==4.1.1 >/dev/null 2>&1 || {
      say "skipped: no pyspark, so tools/spark was not tested"
      return 0
    }
  PYSPARK_PYTHON=$parsers "$parsers" "$root/tools/spark/test_spark.py" "$1" </dev/null
}

# Drives the HTML report of a pageledger in Chromium, with as many findings in the largest page as asked for.
test_page() {
  python_with_peers
  for python in ${peers:+"$peers"} python3 /usr/bin/python3; do
    "$python" -c 'import selenium' 2>/dev/null || continue
    "$python" "$root/tools/lib/page-test.py" "$1" --findings "$2" </dev/null
    return
  done
  say "skipped: no python3 here has selenium, so the HTML report was not opened in a browser"
}

# A site may redirect the addresses of packages to repositories on the machine. git does not read those of
# another user unless it is told to; it is told so for these repositories only, and for this build only.
trust_package_mirrors() {
  [ "$(id -u)" -ne 0 ] && command -v git >/dev/null 2>&1 || return 0
  trusted=
  for address in $(sed -n 's/.*\.package(url: "\([^"]*\)".*/\1/p' "$root/Package.swift"); do
    mirror=$(git ls-remote --get-url "$address" 2>/dev/null) || continue
    case $mirror in
      /*) trusted="$trusted
	directory = $mirror
	directory = $mirror.git" ;;
    esac
  done
  [ -n "$trusted" ] || return 0
  mkdir -p "$scratch"
  printf '[include]\n\tpath = %s\n[safe]%s\n' "${GIT_CONFIG_GLOBAL:-~/.gitconfig}" "$trusted" \
    >"$scratch/gitconfig"
  export GIT_CONFIG_GLOBAL="$scratch/gitconfig"
}

# Sets `locks` to a library that shows ThreadSanitizer the locks of Swift's runtime; for LD_PRELOAD.
show_locks() {
  locks=$scratch/seen-locks.so
  mkdir -p "$scratch"
  "$(dirname -- "$(readlink -f -- "$(command -v swift)")")/clang" -O1 -shared -fPIC -o "$locks" "$root/tools/lib/seen-locks.c"
}
