#!/usr/bin/env bash
# Creates the users of the metrics database, or sets their passwords and grants again. Safe to run again.
set -euo pipefail
export HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
umask 077
# In memory: the file below holds the administrator's password.
work=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work"' EXIT

fail() { echo "FAILED: $*" >&2; exit 1; }

check_secrets() {
  local name
  for name in {{.Variables}}; do
    # They go between quotes below.
    [[ ${!name:-} =~ ^[A-Za-z0-9]+$ ]] || fail "$name is not set, or not letters and digits only"
  done
}

install_client() {
  if command -v mysql >/dev/null; then return; fi
  apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=5 update -q
  apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=5 install -q -y --no-install-recommends mysql-client
}

write_login() {
  cat >"$work/login" <<END_OF_LOGIN
[client]
host={{.Host}}
port={{.Port}}
user={{.Admin}}
password="${{"{"}}{{.AdminVariable}}}"
ssl-mode=VERIFY_IDENTITY
ssl-ca=/etc/ssl/certs/ca-certificates.crt
connect-timeout=20
END_OF_LOGIN
}

# wait_for_server returns once the server takes the login: a new endpoint's name takes a while to be known.
wait_for_server() {
  local deadline=$((SECONDS + 600)) answer
  until answer=$(mysql --defaults-file="$work/login" --execute 'SELECT 1' 2>&1); do
    ((SECONDS < deadline)) || fail "no login at {{.Host}} after 10 minutes: $answer"
    sleep 10
  done
}

create_users() {
  mysql --defaults-file="$work/login" <<END_OF_SQL
{{- range .Users}}
CREATE USER IF NOT EXISTS '{{.Name}}'@'%' IDENTIFIED BY '${{"{"}}{{.PasswordVariable}}}' REQUIRE SSL;
ALTER USER '{{.Name}}'@'%' IDENTIFIED BY '${{"{"}}{{.PasswordVariable}}}' REQUIRE SSL;
GRANT {{.GrantList}} ON \`{{$.Database}}\`.* TO '{{.Name}}'@'%';
{{- end}}
END_OF_SQL
}

check_secrets
install_client
write_login
wait_for_server
create_users
echo 'users of {{.Database}} are in place'
