#!/usr/bin/env bash
# Makes this machine Cassandra node {{.Node.Index}} of {{.Settings.ClusterName}}, or brings it up to date. Safe to run again.
# Sized for {{.Settings.VMSize}} with a data disk of {{.Settings.DataDiskGB}} GiB.
set -euo pipefail
export HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive

readonly version='{{.Settings.Version}}'
readonly artifact_url='{{.ArtifactURL}}'
readonly artifact_sha512='{{.Settings.ArtifactSHA512}}'
readonly address='{{.Node.Address}}'
readonly data=/var/lib/cassandra
readonly release="/opt/cassandra-$version"
readonly state=/var/lib/cassandra-node
# Present from the moment a file changes until the process has been restarted, so that an interrupted run is made up for.
readonly pending="$state/restart"
work=$(mktemp -d)
readonly work
trap 'rm -rf "$work"' EXIT

log() { printf '%s %s\n' "$(date -u +%FT%TZ)" "$*"; }
fail() { log "FAILED: $*" >&2; exit 1; }

# put PATH OWNER MODE [restart]: writes stdin to PATH if it differs, and notes a restart if asked to.
put() {
  local path=$1 owner=$2 mode=$3 effect=${4:-}
  cat >"$work/put"
  if ! cmp -s "$work/put" "$path"; then
    log "writing $path"
    if [[ $effect == restart ]]; then touch "$pending"; fi
    install -D -m "$mode" -o "${owner%:*}" -g "${owner#*:}" "$work/put" "$path.new"
    mv -f "$path.new" "$path"
  fi
}

prepare_account() {
  # Cloud-init does this at first boot; here for machines restored from a backup of another image.
  getent group cassandra >/dev/null || groupadd --system cassandra
  id -u cassandra >/dev/null 2>&1 ||
    useradd --system --gid cassandra --home-dir "$data" --no-create-home --shell /usr/sbin/nologin cassandra
  [[ -d $data ]] || install -d -m 0755 "$data"
  install -d -m 0755 "$state"
  install -d -m 0750 -o cassandra -g cassandra /etc/cassandra /var/log/cassandra
}

install_packages() {
  local wanted=(openjdk-8-jre-headless libjemalloc2 xfsprogs curl ca-certificates python3-cassandra) missing=() package
  for package in "${wanted[@]}"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) == installed ]] || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then return; fi
  log "installing ${missing[*]}"
  # First boot runs apt too: wait for its lock instead of failing on it.
  apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=5 update -q
  apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=5 install -q -y --no-install-recommends "${missing[@]}"
}

# find_disk prints the device attached at the data disk's LUN, by the name SCSI or NVMe machines give it.
find_disk() {
  local deadline=$((SECONDS + 300)) link
  while ((SECONDS < deadline)); do
    for link in /dev/disk/azure/scsi1/lun{{.LUN}} /dev/disk/azure/data/by-lun/{{.LUN}}; do
      if [[ -b $link ]]; then readlink -f "$link"; return; fi
    done
    sleep 5
  done
  return 1
}

# refuse_used_disk fails unless the device is blank: formatting is for new disks only.
refuse_used_disk() {
  local device=$1 found
  found=$(wipefs --noheadings --no-act --output TYPE "$device" | paste -sd, -)
  [[ -z $found ]] ||
    fail "$device carries a signature ($found) but no file system labelled cassandra; it will not be formatted. If its content is not needed, run: wipefs --all $device"
  [[ $(lsblk --noheadings --output NAME "$device" | wc -l) -eq 1 ]] ||
    fail "$device has partitions; it will not be formatted. Attach an empty disk at LUN {{.LUN}}."
  cmp -s -n $((64 * 1024 * 1024)) /dev/zero "$device" ||
    fail "$device holds data in its first 64 MiB; it will not be formatted. Attach an empty disk at LUN {{.LUN}}."
}

prepare_disk() {
  local device uuid
  device=$(find_disk) || fail "no disk at LUN {{.LUN}} after 5 minutes; check that the data disk is attached to this machine"
  # A disk may have grown while attached.
  if [[ -w /sys/class/block/${device##*/}/device/rescan ]]; then echo 1 >"/sys/class/block/${device##*/}/device/rescan"; fi
  if [[ $(blkid -p -s LABEL -o value "$device" || true) != cassandra ]]; then
    refuse_used_disk "$device"
    log "formatting $device"
    # mkfs.xfs refuses a disk with a file system on its own account, too: no -f.
    mkfs.xfs -q -L cassandra "$device"
    udevadm settle
  fi
  uuid=$(blkid -p -s UUID -o value "$device")
  if ! grep -qs "^UUID=$uuid $data " /etc/fstab; then
    sed -i "\\# $data #d" /etc/fstab
    # nofail: a machine without its disk still boots, and can be repaired; the service refuses to start.
    echo "UUID=$uuid $data xfs defaults,noatime,nofail 0 2" >>/etc/fstab
    systemctl daemon-reload
  fi
  mountpoint -q "$data" || mount "$data" || fail "$device can't be mounted on $data"
  [[ $(findmnt -n -o SOURCE "$data") -ef $device ]] || fail "$data is mounted from $(findmnt -n -o SOURCE "$data"), not from $device"
  xfs_growfs "$data" >/dev/null
  install -d -m 0750 -o cassandra -g cassandra "$data" "$data/data" "$data/commitlog" "$data/saved_caches"
}

# verify FILE: checks a download against the configured SHA-512, or else the strongest checksum published beside it. The latter
# proves that the download is whole, not where it comes from.
verify() {
  local file=$1 kind length sum actual
  if [[ -n $artifact_sha512 ]]; then
    actual=$(sha512sum "$file" | cut -d' ' -f1)
    [[ $actual == "${artifact_sha512,,}" ]] || fail "$artifact_url has SHA-512 $actual, cassandra.artifactSha512 asks for $artifact_sha512"
    return
  fi
  for kind in 'sha512 128' 'sha256 64' 'sha1 40'; do
    read -r kind length <<<"$kind"
    if ! curl --fail --silent --show-error --location --proto '=https' --retry 5 -o "$work/sum" "$artifact_url.$kind"; then continue; fi
    sum=$(grep -oiE "(^|[^0-9a-f])[0-9a-f]{$length}([^0-9a-f]|\$)" "$work/sum" | grep -oiE "[0-9a-f]{$length}" | head -n 1 || true)
    [[ -n $sum ]] || continue
    actual=$("${kind}sum" "$file" | cut -d' ' -f1)
    [[ $actual == "${sum,,}" ]] || fail "$artifact_url has $kind $actual, its publisher says $sum"
    log "verified against the published $kind; set cassandra.artifactSha512 to $(sha512sum "$file" | cut -d' ' -f1) to pin it"
    return
  done
  fail "no checksum is published at $artifact_url.sha512, .sha256 or .sha1; set cassandra.artifactSha512"
}

install_release() {
  local mark="$release/.verified"
  # The mark is written last and names the checksum asked for, so that a half-unpacked release, or another one, is done again.
  if [[ $(cat "$mark" 2>/dev/null || true) == "sha512:$artifact_sha512" ]]; then return; fi
  log "downloading $artifact_url"
  curl --fail --silent --show-error --location --proto '=https' --retry 5 --retry-all-errors -o "$work/release.tar.gz" "$artifact_url" ||
    fail "$artifact_url can't be downloaded; check the data subnet's way out, or set cassandra.artifactUrl to a place it reaches"
  verify "$work/release.tar.gz"
  mkdir "$work/release"
  tar -xzf "$work/release.tar.gz" -C "$work/release" --strip-components=1 --no-same-owner
  [[ -x $work/release/bin/cassandra ]] || fail "$artifact_url holds no bin/cassandra; it is not a Cassandra binary release"
  # The start script logs below the release.
  rm -rf "$work/release/logs"
  ln -s /var/log/cassandra "$work/release/logs"
  echo "sha512:$artifact_sha512" >"$work/release/.verified"
  chmod 0755 "$work/release"
  rm -rf "$release.new"
  mv "$work/release" "$release.new"
  touch "$pending"
  rm -rf "$release"
  mv "$release.new" "$release"
}

write_configuration() {
  local file
  if [[ $(readlink /opt/cassandra || true) != "$release" ]]; then
    touch "$pending"
    ln -sfn "$release" /opt/cassandra
  fi
  for file in cassandra-env.sh logback.xml logback-tools.xml commitlog_archiving.properties; do
    put "/etc/cassandra/$file" root:cassandra 0640 restart <"$release/conf/$file"
  done
  # The snitch would prefer this file, which the release ships with example data.
  rm -f /etc/cassandra/cassandra-topology.properties
  put /etc/cassandra/cassandra.yaml root:cassandra 0640 restart <<'END_OF_YAML'
{{.YAML}}END_OF_YAML
  put /etc/cassandra/cassandra-rackdc.properties root:cassandra 0640 restart <<'END_OF_RACK'
{{.Rack}}END_OF_RACK
  put /etc/systemd/system/cassandra.service root:root 0644 restart <<'END_OF_UNIT'
{{.Unit}}END_OF_UNIT
  put /usr/local/bin/nodetool root:root 0755 <<'END_OF_NODETOOL'
{{.Nodetool}}END_OF_NODETOOL
  put /etc/sysctl.d/90-cassandra.conf root:root 0644 <<'END_OF_SYSCTL'
{{.Sysctl}}END_OF_SYSCTL
  put /etc/tmpfiles.d/cassandra.conf root:root 0644 <<'END_OF_LIMITS'
{{.Limits}}END_OF_LIMITS
  sysctl --quiet --load /etc/sysctl.d/90-cassandra.conf
  systemd-tmpfiles --create /etc/tmpfiles.d/cassandra.conf
}

start() {
  systemctl daemon-reload
  systemctl enable --quiet cassandra
  if [[ -e $pending ]] || ! systemctl is-active --quiet cassandra; then
    log "starting Cassandra $version"
    systemctl reset-failed cassandra || true
    # The unit drains the node before it stops.
    systemctl restart cassandra || fail "Cassandra can't be started: $(systemctl status --no-pager --lines 20 cassandra 2>&1 || true)"
    rm -f "$pending"
  else
    log 'nothing changed; Cassandra keeps running'
  fi
}

# fail_up REASON: what an operator needs to see first.
fail_up() {
  journalctl --unit cassandra --no-pager --lines 60 >&2 || true
  fail "node {{.Node.Index}} ($address) is not up and normal: $1. Its log is above and in /var/log/cassandra/system.log"
}

# wait_until_up returns once the cluster calls this node Up and Normal and it takes clients. Streaming data to a new node is
# part of the wait.
wait_until_up() {
  local deadline=$((SECONDS + 1500)) seen='no answer yet'
  while ((SECONDS < deadline)); do
    if systemctl is-failed --quiet cassandra; then fail_up 'the process has failed'; fi
    seen=$(timeout 60 /usr/local/bin/nodetool status 2>&1 | grep -F " $address " || true)
    if [[ $seen == UN* ]] && [[ $(timeout 60 /usr/local/bin/nodetool statusbinary 2>&1 || true) == running ]] &&
      timeout 5 bash -c "exec 3<>/dev/tcp/$address/{{.NativePort}}" 2>/dev/null; then
      log "node is up: $seen"
      return
    fi
    sleep 5
  done
  fail_up "nodetool status says after 25 minutes: ${seen:-nothing of this node}"
}

prepare_account
install_packages
prepare_disk
install_release
write_configuration
start
wait_until_up
