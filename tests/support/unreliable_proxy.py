# SPDX-License-Identifier: ISC
"""A way to a web server on which things get lost, as they do on a real one."""
import socket
import threading


class Proxy:
    """Passes on to PORT of this machine what is sent to its own, one request a connection.

    What happens to the next connections stands in `fates`, the first first; afterwards all pass:
    "swallow" lets the request arrive and be answered, and loses the answer; "cut" loses it behind
    its first bytes; "drop" loses the request; bytes are answered instead of the server's own.
    """

    def __init__(self, port, tls=None):
        """TLS: the context of a server that speaks it."""
        self.target = port
        self.tls = tls
        self.fates = []
        self.seen = []  # the head of each request that came
        self.refused = 0  # connections whose certificate the other side did not take
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            if self.tls:
                try:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                except OSError:
                    self.refused += 1
                    continue
            with connection:
                fate = self.fates.pop(0) if self.fates else "pass"
                request = self.read_request(connection)
                if request:
                    self.seen.append(request.decode())
                if fate == "drop" or not request:
                    continue
                if isinstance(fate, bytes):
                    connection.sendall(fate)
                    continue
                answer = self.ask(request)
                if fate == "cut":
                    connection.sendall(answer[:len(answer) - 10])
                elif fate == "pass":
                    connection.sendall(answer)

    @staticmethod
    def read_request(connection):
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return b""
            data += more
        head, body = data.split(b"\r\n\r\n", 1)
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        while len(body) < length:
            body += connection.recv(65536)
        return head + b"\r\nConnection: close\r\n\r\n" + body

    def ask(self, request):
        with socket.create_connection(("127.0.0.1", self.target)) as server:
            server.sendall(request)
            answer = b""
            while more := server.recv(65536):
                answer += more
        return answer

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(timeout=20)


def answer(status, body, *headers):
    """What a server answers, as bytes."""
    lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
