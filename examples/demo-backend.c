/* SPDX-License-Identifier: ISC */
/* A program behind the gate, as CGI and as FastCGI: it prints who calls, as the gate has told it.
 * It checks no key of its own. That holds only where the web server asks the gate for each way to
 * it; claviger-admin doctor --gate URL tries.
 *
 *	cc -o report demo-backend.c -lfcgi
 *
 * and put it where lighttpd-gate.conf looks for programs, as /srv/private/guarded-cgi/report. */
#include <fcgi_stdio.h>

#include <stdlib.h>

/* What the gate says of NAME. Nothing is no permission: a public rule passes without a token. */
static const char *told(const char *name)
{
	const char *value = getenv(name);

	return value == NULL ? "-" : value;
}

int main(void)
{
	while (FCGI_Accept() >= 0)
		printf("Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n\r\n"
		       "token %s\naccount %s\npermissions %s\nwebsites %s\n",
		       told("CLAVIGER_TOKEN_ID"), told("CLAVIGER_ACCOUNT_ID"),
		       told("CLAVIGER_PERMISSIONS"), told("CLAVIGER_WEBSITE_IDS"));
	return 0;
}
