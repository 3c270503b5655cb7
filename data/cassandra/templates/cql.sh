#!/usr/bin/env bash
# Runs CQL on node {{.Node.Index}}. Secrets come as environment variables and stay there. Safe to run again.
set -euo pipefail
export HOME=/root LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/session.py" <<'END_OF_SESSION'
{{.Session}}END_OF_SESSION
cat >"$work/program.py" <<'END_OF_PROGRAM'
{{.Program}}END_OF_PROGRAM
PYTHONPATH="$work" PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$work/program.py"
