# SPDX-License-Identifier: ISC
# Makes a whole page of the HTML that lowdown made of NAME.md: head, the list of all PAGES, which is
# that of the index, the list of its own headings, and links from page to page.
BEGIN {
	while ((getline line < pages) > 0)
		if (match(line, /^- \[[^]]+\]\([a-z.0-9-]+\.md\)/))
			listed[++count] = substr(line, 3, RLENGTH - 2)
}

# A link to NAME.md, with or without a place in it, is one to NAME.html here.
function to_html(line,   done) {
	while (match(line, /href="[a-z.0-9-]+\.md["#]/)) {
		done = done substr(line, 1, RSTART + RLENGTH - 5) ".html" \
			substr(line, RSTART + RLENGTH - 1, 1)
		line = substr(line, RSTART + RLENGTH)
	}
	return done line
}

/^<h1/ {
	title = $0
	gsub(/<[^>]*>/, "", title)
}

/^<h2 id="/ {
	heading = $0
	sub(/^<h2 id="/, "<li><a href=\"#", heading)
	sub(/<\/h2>$/, "</a></li>", heading)
	headings[++heading_count] = heading
}

# A wide table moves in a box of its own, and not the page with it; by the keyboard too.
/^<table>/ { $0 = "<div class=\"table\" role=\"group\" aria-label=\"Table\" tabindex=\"0\">" $0 }
/^<\/table>/ { $0 = $0 "</div>" }

# A column without a name has no head.
/^<th><\/th>/ { $0 = "<td></td>" }

{ text = text to_html($0) "\n" }

/^<h1/ { top = text; text = "" }

function list_pages(   i, link, parts) {
	print "<nav aria-label=\"Documentation\">\n<ul>"
	for (i = 1; i <= count; i++) {
		link = substr(listed[i], 2, length(listed[i]) - 2)
		split(link, parts, /\]\(/)
		sub(/\.md$/, "", parts[2])
		printf "<li><a href=\"%s.html\"%s>%s</a></li>\n", parts[2], \
			parts[2] == name ? " aria-current=\"page\"" : "", parts[1]
	}
	print "</ul>\n</nav>"
}

function list_headings(   i) {
	if (name == "index" || heading_count < 3)
		return
	print "<nav aria-label=\"On this page\">\n<ul>"
	for (i = 1; i <= heading_count; i++)
		print headings[i]
	print "</ul>\n</nav>"
}

END {
	print "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">"
	print "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';" \
		" style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'\">"
	print "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
	print "<meta name=\"color-scheme\" content=\"light dark\">"
	printf "<title>%s</title>\n", name == "index" ? title : title " – Claviger"
	print "<link rel=\"icon\" href=\"../icon.svg\" type=\"image/svg+xml\">"
	print "<link rel=\"stylesheet\" href=\"../style.css\">"
	print "<link rel=\"stylesheet\" href=\"../docs.css\">"
	printf "<link rel=\"alternate\" type=\"text/markdown\" href=\"%s.md\">\n", name
	print "</head>\n<body>\n<a class=\"skip\" href=\"#text\">Skip to the text</a>"
	print "<header id=\"header\"><a class=\"brand\" href=\"../\">Claviger</a>" \
		" <a href=\"index.html\">Documentation</a></header>\n<div class=\"documentation\">"
	list_pages()
	printf "<main id=\"text\">\n%s", top
	printf "<p><a href=\"%s.md\">Read this page as Markdown</a></p>\n", name
	list_headings()
	printf "%s</main>\n</div>\n</body>\n</html>\n", text
}
