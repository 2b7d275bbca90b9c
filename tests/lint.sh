#!/bin/sh
# SPDX-License-Identifier: ISC
# What no compiler says: layers, banned names, exports, format, static analysis. Long files and
# functions are listed without failing: a length is a question, not a limit.
set -u
cd "$(dirname "$0")/.." || exit 1
status=0

# complain TEXT FINDINGS: shows the findings, if there are any, and fails in the end.
complain() {
	[ -n "$2" ] || return 0
	printf 'lint: %s\n%s\n' "$1" "$2" >&2
	status=1
}

sources=$(git ls-files -co --exclude-standard 'lib/*.[ch]' 'fcgi/*.[ch]' 'cli/*.[ch]' 'tests/*.[ch]')
ours=$(printf '%s\n' "$sources" | grep -v '^tests/')

# Layers: arrows point one way, and each library is met in one place.
# shellcheck disable=SC2086 # lists of words, here and below
{
	complain 'lib/ must not know FastCGI' "$(grep -n 'fcgiapp\.h\|"\.\./\|fcgi/' lib/*.[ch] | grep include)"
	complain 'sqlite3.h belongs to lib/store_sqlite*.c' \
		"$(grep -ln '<sqlite3\.h>' $ours | grep -v '^lib/store_sqlite')"
	complain 'libscrypt.h belongs to lib/secret.c' \
		"$(grep -ln '<libscrypt\.h>' $ours | grep -vx 'lib/secret\.c')"
	# The client reads the same interface from the other side: records of which it knows some.
	complain 'json-c belongs to lib/codec_*.c and cli/remote_answer.c' \
		"$(grep -ln '<json-c/' $ours | grep -v '^lib/codec_' | grep -vx 'cli/remote_answer\.c')"
	complain 'libcurl belongs to cli/remote_http.c' \
		"$(grep -ln '<curl/' $ours | grep -vx 'cli/remote_http\.c')"
	complain 'the text of a key is touched where it should not be' \
		"$(grep -ln 'secret_text' $ours | grep -vx 'lib/token\.[ch]\|lib/secret\.c\|lib/codec\.c')"
	complain 'no .c file is included' "$(grep -n '#include ".*\.c"' $sources)"
	complain 'no ctype, no setlocale: see lib/ascii.h' "$(grep -n '<ctype\.h>\|setlocale' $ours)"
	complain 'a banned function' "$(grep -nwE \
		'strcpy|strcat|strncpy|strncat|sprintf|vsprintf|gets|strtok|atoi|atol|atoll|atof|sscanf|scanf|strerror|localtime|gmtime|rand|srand|system|popen|alloca' \
		$ours | grep -vE ':[[:space:]]*(/?\*|//)|"[^"]*(system|rand)[^"]*"')"
	complain 'left for later' "$(grep -nwE 'TODO|FIXME|XXX|HACK' $sources)"
	complain 'no SPDX line at the top' "$(for file in $sources; do
		head -n 1 "$file" | grep -q SPDX-License-Identifier || echo "$file"; done)"
	complain 'format: run make format' "$(clang-format --dry-run -Werror $sources 2>&1 |
		grep 'error:' | head -n 20)"
	complain 'shellcheck' "$(shellcheck setup .ci/run docs/*.sh examples/*.sh tests/*.sh \
		tests/support/*.sh debian/*.postinst debian/*.postrm)"
	complain 'mandoc' "$(mandoc -T lint -W warning lib/*.[1-8] cli/*.[1-8] fcgi/*.[1-8])"
}

# What a module exports begins with its name, or with the name of what it makes.
for file in $(printf '%s\n' "$ours" | grep '^lib/.*\.c$'); do
	module=$(basename "$file" .c)
	header=lib/$module.h
	[ -e "$header" ] || continue
	first=${module%%_*}
	complain "$header: names that do not begin with $first" \
		"$(grep -oE '^(NODISCARD )?[a-z].*[ *]([a-z_0-9]+)\(' "$header" | grep -v '__attribute__' |
			grep -oE '[a-z_0-9]+\($' |
			grep -vE "^($first|catalogue|role|caller|token|tokens|body|settings?|sizeof)(_|\()" | tr -d '(')"
done

printf '%s\n' "$ours" | grep '\.c$' | xargs wc -l |
	awk '$2 != "total" && $1 > 500 { print "lint: long file, still one subject? " $2 ": " $1 " lines" }'

# A few files at a time on each processor: one run over all takes minutes.
# shellcheck disable=SC2016 # the shell that xargs starts fills in
printf '%s\n' "$ours" | grep '\.c$' | BUILD=$BUILD xargs -n 8 -P "$(nproc)" sh -c \
	'clang-tidy --quiet --warnings-as-errors="*" "$@" -- -std=c17 -D_GNU_SOURCE \
		"-DCLAVIGER_VERSION=\"0\"" -Ilib "-I$BUILD" 2>/dev/null' sh || status=1

# shellcheck disable=SC2046 # a list of words
cppcheck --quiet -j "$(nproc)" --std=c11 --error-exitcode=1 --inline-suppr \
	--enable=warning,performance,portability --suppress=missingIncludeSystem -D_GNU_SOURCE \
	'-DCLAVIGER_VERSION="0"' -Ilib -I"$BUILD" \
	$(printf '%s\n' "$ours" | grep '\.c$') || status=1

[ "$status" -ne 0 ] || echo 'lint: clean'
exit "$status"
