#!/bin/sh
# SPDX-License-Identifier: ISC
# Follows the README's two commands in a bare Debian 12 tree: what no test on a machine that has
# everything can show. Needs root and debootstrap; takes a quarter of an hour.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" -eq 0 ] || { echo 'check-fresh: needs root, for chroot' >&2; exit 1; }
command -v debootstrap >/dev/null || { echo 'check-fresh: install debootstrap' >&2; exit 1; }

tree=$(mktemp -d "${TMPDIR:-/tmp}/claviger-fresh-XXXXXX")
# A root that is a mount, as that of a machine is: a test makes a mount namespace in it.
mount --bind "$tree" "$tree"
service=
clean_up() {
	if [ -n "$service" ]; then
		kill "-$service" 2>/dev/null || :
		wait "$service" || :
	fi
	umount -R "$tree" 2>/dev/null || :
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
# As the installer writes it.
printf '127.0.0.1\tlocalhost\n' >"$tree/etc/hosts"
# Where this machine gets its packages from.
cp -L /etc/resolv.conf "$tree/etc/resolv.conf"
mount -t proc proc "$tree/proc"
mount --rbind /dev "$tree/dev" 2>/dev/null || mount --bind /dev "$tree/dev"
mount --make-rslave "$tree/dev"

# As a user gets it: the commit, nothing that lies about here.
mkdir "$tree/root/claviger"
git archive HEAD | tar -x -C "$tree/root/claviger"

clean='HOME=/root TERM=dumb LC_ALL=C
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
# shellcheck disable=SC2086 # a list of words
in_tree() {
	chroot "$tree" env -i $clean sh -c "cd /root/claviger && $1"
}

say './setup && make run'
in_tree './setup'
in_tree 'make all'
# In a process group of its own, as a terminal has it, and with SIGINT as it is there: what a script
# starts in the background ignores it.
# shellcheck disable=SC2086
setsid chroot "$tree" env -i --default-signal=INT $clean sh -c \
	'cd /root/claviger && exec make run PORT=8973' >"$tree/run.log" 2>&1 &
service=$!
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
kill -INT "-$service"
wait "$service" || :
service=
if in_tree 'curl -fs http://127.0.0.1:8973/healthz'; then
	say 'the service outlived make run'
	exit 1
fi

say './setup && make check'
in_tree './setup && make check'
say 'both commands work as written'
