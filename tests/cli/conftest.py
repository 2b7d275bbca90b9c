# SPDX-License-Identifier: ISC
"""A client that is logged in to the site of the module."""
import pytest

from asking import QUICK
from claviger_site import Site
from client import Client


@pytest.fixture(scope="module")
def site():
    """Hashes as weak as they may be: it is not scrypt that is looked at here."""
    made = Site(QUICK)
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(web):
    made = Client(f"http://127.0.0.1:{web.port}", web.site.owner_key).log_in()
    yield made
    made.close()


@pytest.fixture
def nobody(web):
    """One that has not logged in, and whose files are the test's own."""
    made = Client(f"http://127.0.0.1:{web.port}", web.site.owner_key)
    yield made
    made.close()
