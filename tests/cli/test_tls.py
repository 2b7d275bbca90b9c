# SPDX-License-Identifier: ISC
"""Certificates: one that nobody vouches for, one of another name, and one that is good."""
import ssl
import subprocess

import pytest

from claviger_site import wait_until
from client import NO_ANSWER, Client
from unreliable_proxy import Proxy


def certificate(directory, name):
    """A certificate for NAME, which vouches for itself, and its key."""
    paths = [directory / f"{name}.pem", directory / f"{name}.key"]
    kind = "IP" if name[0].isdigit() else "DNS"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName={kind}:{name}", "-out", paths[0],
                    "-keyout", paths[1]], check=True, capture_output=True, timeout=60)
    return paths


@pytest.fixture
def encrypted(web, tmp_path):
    """Says how to reach the service under a certificate for a name: a client, and what it passes."""
    opened = []

    def reach(name):
        paths = certificate(tmp_path, name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*paths)
        proxy = Proxy(web.port, context)
        client = Client(f"https://127.0.0.1:{proxy.port}", web.site.owner_key)
        opened.extend([proxy, client])
        return client, proxy, str(paths[0])
    yield reach
    for each in opened:
        each.close()


def test_a_certificate_that_an_authority_of_ours_vouches_for_is_good(encrypted):
    client, _, path = encrypted("127.0.0.1")
    client.run("config", "set", "ca_file", path)
    assert client.log_in().json("whoami")
    client.run("config", "set", "ca_file", "")
    assert client.json("whoami", env={"SSL_CERT_FILE": path})


def test_a_certificate_that_nobody_vouches_for_ends_it_before_a_token_is_sent(encrypted):
    client, proxy, _ = encrypted("127.0.0.1")
    said = client.refused(NO_ANSWER, "login", "--api-base", client.base, input=client.key)
    assert "certificate" in said and "trying again" not in said and "ca_file" in said
    wait_until(lambda: proxy.refused == 1, "the handshake to be refused")
    assert proxy.seen == []


def test_a_certificate_for_another_name_ends_it_too(encrypted):
    client, proxy, path = encrypted("example.org")
    client.run("config", "set", "ca_file", path)
    client.refused(NO_ANSWER, "login", "--api-base", client.base, input=client.key)
    assert proxy.seen == []
