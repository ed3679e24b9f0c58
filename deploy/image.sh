#!/bin/sh
# Builds the image of deploy/Dockerfile without Docker and without a registry, from a binary that is there, and starts it
# once: Debian's buildah and debootstrap are all it takes (apt-get install buildah debootstrap), and root.
#
#   cargo build --release && deploy/image.sh target/release/switchboard [FILE.tar]
#
# The base is what the binary needs of Debian's C library and nothing else. With a second argument the image is written
# there as an archive for `docker load` or `podman load`. MIRROR and RELEASE choose where the packages come from.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
binary=${1:?the binary to pack, such as target/release/switchboard}
archive=${2:-}
if [ ! -x "$binary" ]; then
    echo "$binary is no program: cargo build --release" >&2
    exit 1
fi
release=${RELEASE:-bookworm}
mirror=${MIRROR:-}

work=$(mktemp -d "${TMPDIR:-/tmp}/switchboard-image.XXXXXX")
# Images and containers of its own; nothing of the user's is touched. Without overlays: they may not be nested.
export STORAGE_DRIVER=vfs
buildah() { command buildah --root "$work/storage" --runroot "$work/run" "$@"; }

# The last of a line of processes that each have started the next one.
last_of() {
    last=$1
    while next=$(ps -o pid= --ppid "$last") && [ -n "$next" ]; do
        last=$(echo $next | cut -d ' ' -f 1)
    done
    echo "$last"
}

running=
finish() {
    status=$?
    trap - EXIT INT TERM
    if [ -n "$running" ]; then
        kill "$(last_of "$running")" 2>/dev/null || true
        wait "$running" 2>/dev/null || true
    fi
    for container in $(buildah containers --quiet 2>/dev/null); do
        buildah rm "$container" >/dev/null 2>&1 || true
    done
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

say() { printf '== %s\n' "$*"; }

say "a Debian $release to take the C library from"
if ! debootstrap --variant=minbase --include=libgcc-s1 "$release" "$work/debian" ${mirror:+"$mirror"} >"$work/debootstrap.log" 2>&1; then
    tail -n 20 "$work/debootstrap.log" >&2
    exit 1
fi

say "the base: what the binary is linked with"
mkdir -p "$work/base/etc" "$work/base/tmp" "$work/context/source/target/release"
chmod 1777 "$work/base/tmp"
for directory in bin lib lib64 sbin; do
    mkdir -p "$work/base/usr/$directory"
    ln -s "usr/$directory" "$work/base/$directory"
done
install -m 0755 "$binary" "$work/debian/switchboard"
# Where the loader of that Debian finds each library, not where this machine's does.
chroot "$work/debian" ldd /switchboard >"$work/libraries"
if grep 'not found' "$work/libraries" >&2; then
    echo "the binary was built for another release than $release: set RELEASE" >&2
    exit 1
fi
for library in $(grep -o '/[^ )]*' "$work/libraries"); do
    mkdir -p "$work/base$(dirname "$library")"
    cp -L "$work/debian$library" "$work/base$library"
done
# Names of hosts, such as that of Redis, are looked up by libraries that are loaded when it is done.
for library in libnss_dns.so.2 libnss_files.so.2 libresolv.so.2; do
    found=$(find "$work/debian/usr/lib" -name "$library" | head -n 1)
    if [ -n "$found" ]; then
        cp -L "$found" "$work/base${found#"$work/debian"}"
    fi
done
cp "$work/debian/etc/os-release" "$work/base/etc/os-release"
printf 'root:x:0:0:root:/:/sbin/nologin\nswitchboard:x:65532:65532::/etc/switchboard:/sbin/nologin\n' >"$work/base/etc/passwd"
printf 'root:x:0:\nswitchboard:x:65532:\n' >"$work/base/etc/group"
printf 'hosts: files dns\n' >"$work/base/etc/nsswitch.conf"
base=$(buildah from scratch)
buildah add --quiet "$base" "$work/base" / >/dev/null
buildah commit --quiet "$base" localhost/switchboard-base >/dev/null
buildah rm "$base" >/dev/null

say "the image: the last stage of deploy/Dockerfile"
# The stage before it would build the binary once more, and needs a registry.
{
    echo 'ARG BASE'
    sed -n '/^FROM .* AS image$/,$p' "$root/deploy/Dockerfile" | sed 's|^COPY --from=build /|COPY |'
} >"$work/Dockerfile"
install -m 0755 "$binary" "$work/context/source/target/release/switchboard"
buildah build --quiet --isolation chroot --format docker --pull-never --build-arg BASE=localhost/switchboard-base \
    --file "$work/Dockerfile" --tag localhost/switchboard "$work/context" >/dev/null

inspect() { buildah inspect --type image --format "$1" localhost/switchboard; }
user=$(inspect '{{.Docker.Config.User}}')
health=$(inspect '{{.Docker.Config.Healthcheck.Test}}')
stop=$(inspect '{{.Docker.Config.StopSignal}}')
say "user $user, health $health, stopped by $stop"
case "$user" in 65532:*) ;; *) echo "it would run as $user" >&2; exit 1 ;; esac
case "$health" in *selftest*) ;; *) echo "it has no health check" >&2; exit 1 ;; esac

say "starting it"
container=$(buildah from --pull-never localhost/switchboard)
# In chroot isolation the network is this machine's.
tree=$(buildah mount "$container")
size=$(du -sk "$tree" | cut -f1)
buildah run --isolation chroot "$container" -- /usr/local/bin/switchboard --version
command buildah --root "$work/storage" --runroot "$work/run" run --isolation chroot "$container" -- \
    /usr/local/bin/switchboard serve --listen 127.0.0.1:0 --log-format json 2>"$work/log" &
running=$!
address=
tries=0
while [ -z "$address" ]; do
    address=$(sed -n 's/.*"message":"listening".*"addr":"\(127\.0\.0\.1:[0-9]*\)".*/\1/p' "$work/log" | head -n 1)
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ]; then
        cat "$work/log" >&2
        exit 1
    fi
    sleep 0.1
done
# The health check itself, in the container.
buildah run --isolation chroot "$container" -- /usr/local/bin/switchboard selftest --url "ws://$address/"
server=$(last_of "$running")
uid=$(ps -o uid= -p "$server" | tr -d ' ')
say "served at $address by uid $uid; $((size / 1024)) MiB unpacked"
[ "$uid" = 65532 ] || exit 1

say "stopping it"
kill -s TERM "$server"
wait "$running"
running=

if [ -n "$archive" ]; then
    buildah push --quiet localhost/switchboard "docker-archive:$archive:switchboard:latest" >/dev/null
    say "written to $archive"
fi
