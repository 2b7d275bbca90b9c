#!/bin/sh
# SPDX-License-Identifier: ISC
# Makes the document root that is named: what lies in www/, and below docs/ the documentation, each
# page as HTML and as the Markdown that it is made of. Where a tool is lacking there is no docs/ in it.
set -eu
umask 022
cd "$(dirname "$0")/.."
site=$1
new=$site.new
out=$new/docs

# A page of the manual as Markdown: one title, the sections below it, and links to the others. After
# .Ql mandoc takes the text of lists for code, so .Li says it here.
manual() {
	sed 's/^\.Ql /.Li /' "$1" | mandoc -Tmarkdown | sed -E -e '/^[A-Z.-]+\([0-9]\) - /d' -e '/^#/s/^/#/' -e '$d' \
		-e 's/(claviger[a-z.-]*)\(([0-9])\)/[\1(\2)](\1.\2.md)/g'
}

html() {
	lowdown -thtml --out-no-smarty --html-no-skiphtml --parse-no-autolink --parse-no-ext-attrs \
		--parse-no-metadata --parse-no-super "$1"
}

write_markdown() {
	cp docs/*.md fcgi/openapi.json "$out"
	[ ! -d docs/images ] || cp -R docs/images "$out"
	python3 docs/openapi.py fcgi/openapi.json >"$out/openapi.md"
	# What the index of docs/ cannot list, since it is made here.
	printf '%s\n' '- [OpenAPI](openapi.md): every call, field and refusal, from the description for programs' \
		'' '## Manual' '' >>"$out/index.md"
	for page in cli/*.[1-8] fcgi/*.[1-8] lib/*.[1-8]; do
		name=$(basename "$page")
		title="${name%.*}(${name##*.})"
		{
			printf '# %s\n\n' "$title"
			manual "$page"
		} >"$out/$name.md"
		printf -- '- [%s](%s.md): %s\n' "$title" "$name" "$(sed -n 's/^\.Nd //p' "$page")" \
			>>"$out/index.md"
	done
	cp "$out/index.md" "$out/llms.txt"
}

rm -rf "$new"
mkdir -p "$new"
cp -R www/. "$new"
missing=
for tool in lowdown mandoc python3; do
	command -v "$tool" >/dev/null || missing="$missing $tool"
done
if [ -z "$missing" ]; then
	mkdir "$out"
	write_markdown
	for page in "$out"/*.md; do
		name=$(basename "$page" .md)
		html "$page" >"$new/body"
		awk -v name="$name" -v pages="$out/index.md" -f docs/page.awk "$new/body" \
			>"$out/$name.html"
	done
	rm "$new/body"
else
	echo "site: $site has no docs/, for want of:$missing" >&2
fi
chmod -R u=rwX,go=rX "$new"
rm -rf "$site"
mv "$new" "$site"
