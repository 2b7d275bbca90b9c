#!/bin/sh
# SPDX-License-Identifier: ISC
# Runs lighttpd with claviger behind it on 127.0.0.1, in the foreground, with its data in var/:
# what `make run` does. Takes the port and the directory of what was built.
set -eu

port=${1-8080}
build=${2:-build}
PATH=$PATH:/usr/sbin:/sbin
root=$(pwd -P)
data=$root/var

fail() {
	printf 'make run: %s\n' "$1" >&2
	exit 1
}

ask() {
	curl -s -o /dev/null --noproxy '*' --max-time 2 "$@"
}

port_is_taken() {
	# 7: nobody accepts the connection. Whatever else comes of it, somebody does.
	ask "http://127.0.0.1:$port/" || [ $? -ne 7 ]
}

refuse_port() {
	other=$((port < 65535 ? port + 1 : 8080))
	fail "port $port is taken by another program; try: make run PORT=$other"
}

case $port in
'' | 0* | *[!0-9]* | ??????*) is_port=false ;;
*) [ "$port" -le 65535 ] && is_port=true || is_port=false ;;
esac
"$is_port" || fail "PORT=$port: a port is a number from 1 to 65535"
# It is written into two configurations and into the commands that are printed.
case $root in
*[[:space:]\&\|\"\'\`\$\\]*)
	fail "$root: move the checkout to a path without blanks and without & | \" ' \` \$ \\"
	;;
esac
for tool in lighttpd curl flock; do
	command -v "$tool" >/dev/null || fail "$tool is not installed; run ./setup"
done

umask 077
mkdir -p "$data"
# Held by the web server too, should it outlive this script.
exec 9>"$data/lock"
flock -n 9 || fail "$data is being served already; end that one first (Ctrl-C where it runs)"
! port_is_taken || refuse_port
# The path of a unix socket is short; that of a checkout need not be.
run=$data
if [ ${#run} -gt 80 ]; then
	run=$(mktemp -d "${TMPDIR:-/tmp}/claviger-XXXXXX")
	trap 'rm -rf "$run"' EXIT
fi

if [ ! -e "$data/claviger.conf" ]; then
	{
		echo "# Written by make run; yours to change. See docs/configuration.md for the keys."
		echo "database = $data/claviger.db"
		[ "$(id -u)" -ne 0 ] || echo "allow_root = true"
	} >"$data/claviger.conf"
fi
if [ ! -e "$data/claviger.db" ]; then
	rm -f "$data/owner.key"
	"$build/claviger-admin" --config "$data/claviger.conf" init --key-file "$data/owner.key" \
		>/dev/null
fi

www=$root/$build/site
[ -d "$www" ] || www=$root/www
sed -e "s|^var.port .*|var.port = $port|" \
	-e "s|^var.www .*|var.www = \"$www\"|" \
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
until ask -f "http://127.0.0.1:$port/healthz" && kill -0 "$server" 2>/dev/null; do
	tries=$((tries + 1))
	if ! kill -0 "$server" 2>/dev/null || [ "$tries" -gt 100 ]; then
		kill "$server" 2>/dev/null || :
		# Taken since it was looked at, or on another address of this machine.
		! grep -q 'Address already in use' "$data/lighttpd.log" || refuse_port
		cat "$data/lighttpd.log" >&2
		fail 'the service did not start; the lines above say why'
	fi
	sleep 0.1
done

cat <<END
Claviger serves http://127.0.0.1:$port (Ctrl-C ends it). Open that address for the console.
Data:      $data (database claviger.db, configuration claviger.conf, log lighttpd.log)
First key: $data/owner.key

Try next:
  curl -H "Authorization: Bearer \$(cat $data/owner.key)" \\
    http://127.0.0.1:$port/api/v1/admin/access-tokens
END

# Again where a signal ended the waiting and not yet the server.
while :; do
	wait "$server" && status=0 || status=$?
	kill -0 "$server" 2>/dev/null || break
done
# 130 and 143: by Ctrl-C or SIGTERM, which is how it is meant to end.
case $status in
0 | 130 | 143) exit 0 ;;
esac
fail "the web server ended by itself (status $status); see $data/lighttpd.log"
