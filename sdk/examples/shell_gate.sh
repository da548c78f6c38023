#!/bin/sh
# A release in two steps, each run only if a person approves it:
#
#   export PLACET_URL=http://127.0.0.1:8000 PLACET_API_KEY=plc_agent_…
#   sh shell_gate.sh 1.2.0 /srv/releases
#
# Broken off and started again it goes on where it was: a step that ran does not run again.
set -eu
version=$1 folder=$2
export PLACET_RUN="release-$version"

step() {
    name=$1
    shift
    code=0
    placet gate --checkpoint default --step "$name" --reason "Release $version." \
        --context '{"impact": {"scope": "one folder", "reversibility": "remove the file"}}' \
        -- "$@" || code=$?
    case $code in
        0) ;;
        6) echo "$name: has run before." >&2 ;;
        3) echo "$name: somebody said no." >&2; exit 3 ;;
        *) exit "$code" ;;
    esac
}

step build tar -cf "$folder/$version.tar" -C "$(dirname "$0")" plain_function.py
step publish mv "$folder/$version.tar" "$folder/released-$version.tar"
