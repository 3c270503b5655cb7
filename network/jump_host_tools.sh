#!/bin/bash
# Installs the administrators' tools on the jump host: kubectl, kubelogin, az, the MySQL client and cqlsh. Running it again
# brings kubectl to the version asked for and leaves the rest alone.
#
# Run Command hands named parameters over as environment variables:
#   kubernetes_version  the cluster's minor version, such as 1.36
set -euo pipefail

: "${kubernetes_version:?the cluster minor version is missing}"
kubelogin_version=v0.2.18
keyrings=/etc/apt/keyrings
export DEBIAN_FRONTEND=noninteractive

# Unattended upgrades may hold the package lock for minutes after the first boot.
apt() { apt-get -q -y -o DPkg::Lock::Timeout=600 "$@"; }

# add_repository NAME KEY_URL SOURCE adds a signed package source.
add_repository() {
    local name=$1 key_url=$2 source=$3
    curl -fsSL --retry 5 "$key_url" | gpg --dearmor --yes -o "$keyrings/$name.gpg"
    chmod 0644 "$keyrings/$name.gpg"
    echo "deb [arch=amd64 signed-by=$keyrings/$name.gpg] $source" >"/etc/apt/sources.list.d/$name.list"
}

install_packages() {
    apt update
    apt install ca-certificates curl gnupg unzip
    install -d -m 0755 "$keyrings"

    local kubernetes="https://pkgs.k8s.io/core:/stable:/v$kubernetes_version/deb"
    add_repository kubernetes "$kubernetes/Release.key" "$kubernetes/ /"

    local codename
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    add_repository azure-cli https://packages.microsoft.com/keys/microsoft.asc \
        "https://packages.microsoft.com/repos/azure-cli $codename main"

    apt update
    # Going back to an older cluster version takes kubectl back as well.
    apt install --allow-downgrades azure-cli kubectl mysql-client
}

# The release's checksum comes from the same place as the archive: it catches a broken download, TLS authenticates the place.
install_kubelogin() {
    local url="https://github.com/Azure/kubelogin/releases/download/$kubelogin_version/kubelogin-linux-amd64.zip" folder wanted
    if kubelogin --version 2>/dev/null | grep -qF "$kubelogin_version"; then
        return
    fi
    folder=$(mktemp -d)
    curl -fsSL --retry 5 -o "$folder/kubelogin.zip" "$url"
    wanted=$(curl -fsSL --retry 5 "$url.sha256" | cut -d ' ' -f 1)
    echo "$wanted  $folder/kubelogin.zip" | sha256sum --check --quiet
    unzip -q "$folder/kubelogin.zip" -d "$folder"
    install -m 0755 "$folder/bin/linux_amd64/kubelogin" /usr/local/bin/kubelogin
    rm -rf "$folder"
}

# Cassandra's own cqlsh needs a Python this Ubuntu no longer ships; the snap carries one.
install_cqlsh() {
    snap wait system seed.loaded
    snap install cqlsh
}

install_packages
install_kubelogin
install_cqlsh

for tool in az kubectl kubelogin mysql /snap/bin/cqlsh; do
    command -v "$tool" >/dev/null || { echo "$tool was not installed" >&2; exit 1; }
done
