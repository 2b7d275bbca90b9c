/* SPDX-License-Identifier: ISC */
/* What anybody's CGI program starts from: it answers and leaves. */
#include <stdio.h>

int main(void)
{
	return puts("Status: 200 OK\nContent-Type: application/json\n\n{\"status\":\"ok\"}") == EOF;
}
