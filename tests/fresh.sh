#!/bin/sh
# SPDX-License-Identifier: ISC
# Follows the README's two commands in a bare Debian 12 tree: what no test on a machine that has
# everything can show. Needs root and debootstrap; takes a quarter of an hour.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" -eq 0 ] || { echo 'check-fresh: needs root, for chroot' >&2; exit 1; }
command -v debootstrap >/dev/null || { echo 'check-fresh: install debootstrap' >&2; exit 1; }

tree=$(mktemp -d "${TMPDIR:-/tmp}/claviger-fresh-XXXXXX")
service=
clean_up() {
	[ -z "$service" ] || kill -- "-$service" 2>/dev/null || :
	umount -R "$tree/dev" 2>/dev/null || :
	umount "$tree/proc" 2>/dev/null || :
	# Never into what is still mounted.
	rm -rf --one-file-system "$tree"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

say() {
	printf 'check-fresh: %s\n' "$1"
}

say 'making a bare tree'
debootstrap --variant=minbase bookworm "$tree" >"$tree.log" 2>&1 || {
	tail -n 20 "$tree.log" >&2
	exit 1
}
rm -f "$tree.log"
chmod 755 "$tree" # mktemp's 0700 would shut all but root out of the tree's /
# Where this machine gets its packages from.
cp -L /etc/resolv.conf "$tree/etc/resolv.conf"
mount -t proc proc "$tree/proc"
mount --rbind /dev "$tree/dev" 2>/dev/null || mount --bind /dev "$tree/dev"
mount --make-rslave "$tree/dev"

# As a user gets it: the commit, nothing that lies about here.
mkdir "$tree/root/claviger"
git archive HEAD | tar -x -C "$tree/root/claviger"

in_tree() {
	chroot "$tree" env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		TERM=dumb LC_ALL=C sh -c "cd /root/claviger && $1"
}

say './setup && make run'
in_tree './setup'
in_tree 'make all'
# In a process group of its own, as a terminal would have it; a plain & would ignore Ctrl-C's signal.
set -m
in_tree 'exec make run PORT=8973' >"$tree/run.log" 2>&1 &
service=$!
set +m
tries=0
until grep -q 'Try next' "$tree/run.log"; do
	tries=$((tries + 1))
	if ! kill -0 "$service" 2>/dev/null || [ "$tries" -gt 600 ]; then
		cat "$tree/run.log" >&2
		exit 1
	fi
	sleep 0.1
done
# The very line that it prints.
sed -n '/Try next/,$p' "$tree/run.log" | tail -n +2 >"$tree/root/try.sh"
in_tree 'sh /root/try.sh' | grep -q '"status":"success"'
kill -INT -- "-$service"
wait "$service" || :
service=
if in_tree 'curl -fs http://127.0.0.1:8973/healthz'; then
	say 'the service outlived make run'
	exit 1
fi

say './setup && make check'
in_tree './setup && make check'
say 'both commands work as written'
