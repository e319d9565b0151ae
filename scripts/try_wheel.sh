#!/bin/sh
# Build the wheel, install it into an empty environment as a user would, and use it there: the
# quick demo, and the server for the page and other programs.
# PYTHON names the Python to use; PIP_ARGS are handed to pip.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
python=${PYTHON:-.venv/bin/python}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

"$python" -m build --wheel -o "$place/dist" >"$place/build.txt" 2>&1 || { cat "$place/build.txt"; exit 1; }
"$python" -m venv "$place/env"
bin=$place/env/bin
[ -d "$bin" ] || bin=$place/env/Scripts
wheel=$(echo "$place"/dist/*.whl)
# shellcheck disable=SC2086
"$bin/python" -m pip install -q --no-compile --disable-pip-version-check ${PIP_ARGS:-} -c "$root/constraints.txt" "$wheel[serve]"

cd "$place"
export DANCENOW_CACHE=$place/cache
"$bin/python" -c 'import cv2' || { # a machine without libGL
    "$bin/python" -m pip uninstall -qq -y opencv-python opencv-contrib-python
    # shellcheck disable=SC2086
    "$bin/python" -m pip install -q ${PIP_ARGS:-} --no-deps -c "$root/constraints.txt" opencv-contrib-python-headless
}
"$bin/dancenow" demo --quick >demo.txt 2>&1 || { cat demo.txt; exit 1; }
tail -n 1 demo.txt
"$bin/dancenow" serve --json --port 0 --data data >serve.txt 2>serve-log.txt &
server=$!
for _ in $(seq 60); do
    [ -s serve.txt ] && break
    sleep 1
done
"$bin/python" - <<'END' || { cat serve-log.txt; kill $server; exit 1; }
import json, urllib.request

ready = json.load(open("serve.txt"))
token = open("data/token").read()
asked = urllib.request.Request(
    f"{ready['api']}/library", headers={"Authorization": f"Bearer {token}"}
)
assert json.load(urllib.request.urlopen(asked)) == []
END
kill $server
echo "the wheel works in an empty environment"
