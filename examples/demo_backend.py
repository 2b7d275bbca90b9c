#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A backend behind the gate, over HTTP: it prints who calls, as the gate has told it. It checks no key
of its own. That holds only on loopback, behind a web server that asks the gate and sets these headers
itself on each request, also to nothing: else they are the client's. claviger-admin doctor --gate URL
tries the first; lighttpd's mod_proxy does not do the second.

    python3 demo_backend.py 8099
"""
import http.server
import sys

TOLD = (("token", "X-Claviger-Token-Id"), ("account", "X-Claviger-Account-Id"),
        ("permissions", "X-Claviger-Permissions"), ("websites", "X-Claviger-Website-Ids"))


class Backend(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        # Nothing is no permission: a public rule passes without a token.
        lines = [f"{name} {self.headers.get(header) or '-'}\n" for name, header in TOLD]
        body = "".join(lines).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8099
    try:
        http.server.ThreadingHTTPServer(("127.0.0.1", port), Backend).serve_forever()
    except KeyboardInterrupt:
        pass
