# SPDX-License-Identifier: ISC
"""The gate behind each web server, with the examples as they are, and what they guard."""
import contextlib
import re
import socket

from asking import QUICK
from claviger_site import PROGRAM, Site, WebServer, free_port
from fastcgi_peer import Service, without_root
from fastcgi_server import answer_of, answering
from guarded import People, backend, put_in_place
from web_servers import Apache, Caddy, Nginx, behind

CONFIG = QUICK + "policy = {directory}/policy\nmemo_file = {directory}/memo\n"
# nginx makes 500 of all that is neither 200 nor 401 nor 403.
SIMPLE = {"nginx": "gate_status = simple\n"}


def report(variables, body):
    """The guarded program, where the web server starts none: it tells what guarded.CGI tells."""
    told = "".join(f"{name}={value}\n" for name, value in variables.items() if "CLAVIGER" in name)
    return answer_of(f"Content-Type: text/plain\r\n\r\nTHE PROGRAM report {body.decode()}\n{told}")


def lighttpd(site, app, edit=None):
    class Edited(WebServer):
        def configure(self, *arguments):
            text = super().configure(*arguments)
            return edit(text) if edit else text

    web = Edited(site, example="examples/lighttpd-gate.conf", values={
        "private": f'"{site.directory / "private"}"', "backend": str(app.server_port)})
    web.asks = site.directory / web.name / "claviger.sock-0"
    return web


def handed_down(site, port, **options):
    """A service on a listening socket of loopback, which nobody else keeps open."""
    with socket.create_server(("127.0.0.1", port), backlog=64) as listening:
        return Service(site, listening=listening, **options)


def authnz(site, app, edit=None):
    options, port = without_root(site), free_port()
    service = handed_down(site, port, **options).wait()
    web = Apache(site, "apache-gate.conf", edit=edit, values={
        "tcp": f"127.0.0.1:{port}", "private": site.directory / "private",
        "backend": f"127.0.0.1:{app.server_port}"})
    web.direct, web.asks = service, ("127.0.0.1", port)
    web.direct_again = lambda: handed_down(site, port, **options).wait()
    return web


def fcgid(site, app, edit=None):
    without_root(site)
    return Apache(site, "apache-fcgid-gate.conf", edit=edit, values={
        "program": getattr(site, "program", PROGRAM), "config": site.config,
        "private": site.directory / "private", "backend": f"127.0.0.1:{app.server_port}"})


def on_socket(server, example, site, app, edit, places, **values):
    service = behind(site)
    web = server(site, example, edit=edit, places={
        "private": "/srv/private", "backend": "127.0.0.1:8099", **places}, values={
            "socket": service.path, "private": site.directory / "private",
            "backend": f"127.0.0.1:{app.server_port}", **values})
    web.direct, web.asks = service, service.path
    web.direct_again = lambda: Service(site, path=service.path, **without_root(site)).wait()
    return web


def nginx(site, app, edit=None):
    return on_socket(Nginx, "nginx-gate.conf", site, app, edit,
                     {"program": "/run/report.sock"}, program=site.directory / "report.sock")


def caddy(site, app, edit=None):
    return on_socket(Caddy, "caddy/Caddyfile", site, app, edit, {})


GATES = {"lighttpd": lighttpd, "authnz": authnz, "fcgid": fcgid, "nginx": nginx, "caddy": caddy}


@contextlib.contextmanager
def gate(way, edit=None, config=""):
    """The web server of WAY on a site of its own, with a backend (app) and those who come
    to it (people). EDIT spoils its example."""
    with contextlib.ExitStack() as stack:
        site = stack.enter_context(contextlib.closing(
            Site(CONFIG + SIMPLE.get(way, "") + config, put_in_place)))
        websites = People.websites(site)
        app = stack.enter_context(backend())
        if way == "nginx":
            stack.enter_context(answering(site.directory / "report.sock", report))
        web = GATES[way](site, app, edit)
        web.way, web.app = way, app
        site.servers.append(web)
        web.people = People(site, web, websites)
        yield web


def served(web, answer, before):
    """Whether something guarded is in ANSWER, or reached the backend that had seen BEFORE."""
    return b"THE " in answer.body or len(web.app.seen) > before


def folded(text):
    """The names and values that a program has been told, whatever the spelling of a name: as one
    that reads them like CGI does."""
    found = {}
    for name, value in re.findall(r"(?m)^([^\s:=]+)(?:: |=)(.*)$", text):
        found.setdefault(re.sub("[^a-z0-9]", "", name.lower()), []).append(value.strip())
    return found
