# SPDX-License-Identifier: ISC
# Turns openapi.json into the C table that openapi.c includes: pieces of it without its indentation,
# because ISO C promises no string longer than 4095 bytes. The brace that opens it is left to
# openapi.c, which puts something behind it.
NR == 1 { if ($0 != "{") exit 1; next }
{
	sub(/^ +/, "")
	if (/\\/) exit 1 # so that no text needs an escape
	gsub(/"/, "\\\"")
	piece = piece $0
	if (length(piece) > 2000) {
		printf "\"%s\",\n", piece
		piece = ""
	}
}
END { printf "\"%s\",\n", piece }
