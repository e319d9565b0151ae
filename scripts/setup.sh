#!/bin/sh
# Make .venv ready: find a Python, install the package with the tested versions, and put OpenCV's
# headless build in place where its full build lacks a system library.
# `make setup` calls it for what using DanceNow takes, `make develop` as `setup.sh dev` for what the
# tests and checks take, too; when nothing changed it ends at once and needs no network.
# PYTHON names the Python to use; PIP_ARGS are handed to pip.
set -eu
cd "$(dirname "$0")/.."

venv=.venv
python=$venv/bin/python
extras=${1:-serve}
stamp=$venv/.ready-$extras
fits='import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))'
version='import sys; print("%d.%d" % sys.version_info[:2])'

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }
pip() { "$python" -m pip --disable-pip-version-check "$@"; }

# What the install depends on.  Contents, not dates: a checkout changes dates for nothing.
fingerprint() { { pwd; cat pyproject.toml constraints.txt scripts/setup.sh; } | cksum; }

# An interpreter's identity, the same for a venv as for the Python that it was made from.
identity() { "$1" -c 'import sys; print(sys.base_prefix, sys.version)' 2>/dev/null; }

venv_is_usable() {
    "$python" -c "$fits" 2>/dev/null && pip --version >/dev/null 2>&1 || return 1
    [ -z "${PYTHON:-}" ] || [ "$(identity "$python")" = "$(identity "$PYTHON")" ]
}

is_ready() {
    now=$(fingerprint)
    for known in "$stamp" "$venv/.ready-dev"; do # who develops can use it, too
        [ -f "$known" ] && [ "$(cat "$known")" = "$now" ] && venv_is_usable && return
    done
    return 1
}

# Print the first Python that fits.  Each is run: a pyenv shim exists even for versions that are
# not active.  3.11 comes first because the tests run on it most.
find_python() {
    pyenv=${PYENV_ROOT:-${HOME:-}/.pyenv}/versions
    without_venv=
    if [ -n "${PYTHON:-}" ]; then
        found=$("$PYTHON" -c "$version" 2>/dev/null) ||
            die "PYTHON=$PYTHON cannot be run; name a Python 3.10, 3.11 or 3.12."
        "$PYTHON" -c "$fits" ||
            die "PYTHON=$PYTHON is Python $found; DanceNow needs 3.10, 3.11 or 3.12."
        set -- "$PYTHON"
    else
        set -- python3.11 python3.12 python3.10 python3 "$pyenv"/3.1[0-2].*/bin/python
    fi
    for candidate in "$@"; do
        "$candidate" -c "$fits" 2>/dev/null || continue
        if "$candidate" -c 'import venv; from ensurepip import version' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
        without_venv=${without_venv:-$candidate}
    done
    if [ -n "$without_venv" ]; then
        package=python$("$without_venv" -c "$version")-venv
        die "$without_venv cannot make virtual environments: its venv or ensurepip module is" \
            "missing. On Debian and Ubuntu: apt install $package"
    fi
    die "no Python 3.10, 3.11 or 3.12 found. Install one (Debian, Ubuntu: apt install python3.12" \
        "python3.12-venv; macOS: brew install python@3.12; anywhere: pyenv install 3.12)," \
        "or name one: make setup PYTHON=/path/to/python"
}

make_venv() {
    base=$(find_python)
    say "making $venv with $(command -v "$base") ($("$base" --version 2>&1))"
    rm -rf "$venv"
    "$base" -m venv "$venv"
}

install() {
    if [ "$(uname -s)" = Linux ] && [ -z "${PIP_ARGS:-}" ] && ! command -v nvidia-smi >/dev/null
    then
        say "no NVIDIA GPU seen. Should pip now take PyTorch's CUDA build (gigabytes): the CPU" \
            "build is smaller; CONTRIBUTING.md, 'PyTorch without a GPU', says how to get it."
    fi
    # Recent releases of pip install faster than those that come with Python.
    # PIP_ARGS is a list of arguments and must be split.
    # shellcheck disable=SC2086
    pip install -q ${PIP_ARGS:-} 'pip>=25' || say "pip could not be updated; going on with it."
    # Modules are compiled when they are imported: most never are.
    # shellcheck disable=SC2086
    pip install --no-compile ${PIP_ARGS:-} -c constraints.txt -e ".[$extras]" && return
    case $(uname -sm) in
        "Linux x86_64" | "Darwin arm64") die "pip failed; its message above says why." ;;
        *) die "pip failed. MediaPipe 0.10.21 and PyTorch are published for Linux x86_64 and" \
            "macOS on Apple silicon; this is $(uname -sm)." ;;
    esac
}

# Print the shared library for want of which `import cv2` fails; nothing if it is imported.
library_that_opencv_lacks() {
    error=$("$python" -c 'import cv2' 2>&1) && return
    library=${error##*ImportError: }
    case $error in
        *"cannot open shared object file"*) printf '%s\n' "${library%%:*}" ;;
        *) die "OpenCV cannot be imported: ${error##*Error: }" ;;
    esac
}

mend_opencv() {
    lacks=$(library_that_opencv_lacks)
    [ -n "$lacks" ] || return 0
    say "this machine has no $lacks, which OpenCV's full build needs (it opens windows)." \
        "Putting OpenCV's headless build in its place inside $venv; only live dancing in a window needs the full one."
    pip uninstall -qq -y opencv-python opencv-contrib-python opencv-contrib-python-headless
    # shellcheck disable=SC2086
    pip install -q ${PIP_ARGS:-} --no-deps -c constraints.txt opencv-contrib-python-headless
    lacks=$(library_that_opencv_lacks)
    [ -z "$lacks" ] || die "OpenCV's headless build lacks $lacks too. Install the system package" \
        "that has it (Debian, Ubuntu: apt install libgl1 libglib2.0-0), then: make setup"
    say "OpenCV's headless build works ('pip check' will miss the full build: that is harmless)."
}

is_ready && exit
venv_is_usable || make_venv
rm -f "$venv"/.ready*
install
mend_opencv
# Compiled here once, even where Python is told to keep nothing that it compiled.
env -u PYTHONDONTWRITEBYTECODE "$python" -c 'import av, cv2, mediapipe, torch' ||
    die "the install is not complete: see the message above."
fingerprint >"$stamp"
say "$venv is ready. Try: make demo"
