# SPDX-License-Identifier: ISC
# Turns schema.sql into the C table that store_sqlite_schema.c includes: one line a statement,
# because ISO C promises no string longer than 4095 bytes.
/^-- version [0-9]+$/ { version = $3; next }
/^--/ || /^$/ { next }
{
	gsub(/\\/, "\\\\")
	gsub(/"/, "\\\"")
	gsub(/\t/, " ")
	statement = statement $0 " "
}
/;$/ {
	printf "{%d, \"%s\"},\n", version, statement
	statement = ""
}
END { if (statement != "") exit 1 }
