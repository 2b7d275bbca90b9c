#!/bin/sh
# SPDX-License-Identifier: ISC
# Runs lighttpd with claviger behind it on 127.0.0.1, in the foreground, with its data in var/:
# what `make run` does. Takes the port and the directory of the built programs.
set -eu

port=${1:-8080}
build=${2:-build}
PATH=$PATH:/usr/sbin:/sbin
root=$(pwd -P)
data=$root/var

fail() {
	printf 'make run: %s\n' "$1" >&2
	exit 1
}

case $port in
'' | 0* | *[!0-9]* | ??????*) fail "PORT=$port: a port is a number from 1 to 65535" ;;
esac
command -v lighttpd >/dev/null || fail 'lighttpd is not installed; run ./setup'
command -v curl >/dev/null || fail 'curl is not installed; run ./setup'

umask 077
mkdir -p "$data"
# The path of a unix socket is short; that of a checkout need not be.
run=$data
if [ ${#run} -gt 80 ]; then
	run=$(mktemp -d "${TMPDIR:-/tmp}/claviger-XXXXXX")
fi

if [ ! -e "$data/claviger.conf" ]; then
	{
		echo "# Written by make run; yours to change. See README.md for the keys."
		echo "database = $data/claviger.db"
		[ "$(id -u)" -ne 0 ] || echo "allow_root = true"
	} >"$data/claviger.conf"
fi
if [ ! -e "$data/claviger.db" ]; then
	rm -f "$data/owner.key"
	"$build/claviger-admin" --config "$data/claviger.conf" init --key-file "$data/owner.key" \
		>/dev/null
fi

sed -e "s|^var.port .*|var.port = $port|" \
	-e "s|^var.www .*|var.www = \"$root/www\"|" \
	-e "s|^var.program .*|var.program = \"$root/$build/claviger.fcgi\"|" \
	-e "s|^var.config .*|var.config = \"$data/claviger.conf\"|" \
	-e "s|^var.run .*|var.run = \"$run\"|" \
	lighttpd.conf.example >"$data/lighttpd.conf"

# From here on until the web server has ended, Ctrl-C reaches it too, and it ends claviger.
trap ':' INT
trap 'kill -INT "$server" 2>/dev/null || :' TERM
lighttpd -D -f "$data/lighttpd.conf" 2>"$data/lighttpd.log" &
server=$!

tries=0
until curl -fs -o /dev/null "http://127.0.0.1:$port/healthz"; do
	tries=$((tries + 1))
	if ! kill -0 "$server" 2>/dev/null || [ "$tries" -gt 100 ]; then
		kill "$server" 2>/dev/null || :
		if grep -q 'Address already in use' "$data/lighttpd.log"; then
			fail "port $port is taken by another program; try: make run PORT=$((port + 1))"
		fi
		cat "$data/lighttpd.log" >&2
		fail 'the service did not start; the lines above say why'
	fi
	sleep 0.1
done

cat <<END
Claviger serves http://127.0.0.1:$port (Ctrl-C ends it).
Data:      $data (database claviger.db, configuration claviger.conf, log lighttpd.log)
First key: $data/owner.key

Try next:
  curl -H "Authorization: Bearer \$(cat $data/owner.key)" \\
    http://127.0.0.1:$port/api/v1/admin/access-tokens
END

status=0
while kill -0 "$server" 2>/dev/null; do
	wait "$server" && status=0 || status=$?
done
[ "$run" = "$data" ] || rm -rf "$run"
# Ended by a signal, ours or the terminal's: that is how it is meant to end.
[ "$status" -lt 128 ] || status=0
exit "$status"
