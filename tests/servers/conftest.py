# SPDX-License-Identifier: ISC
"""Every test here is run behind each of the web servers, with its example as it is."""
import pytest

from claviger_site import Site
from web_servers import WAYS, served

# What a key costs is not what these tests are about. mod_fcgid's processes share what was checked.
CONFIG = "scrypt_n = 2\nallow_weak_scrypt = true\nmemo_file = {directory}/memo\n"


@pytest.fixture(scope="module", params=WAYS)
def web(request):
    site = Site(CONFIG)
    try:
        yield served(request.param, site)
    finally:
        site.close()


@pytest.fixture
def site():
    """One test's own, for a web server that it starts itself."""
    site = Site(CONFIG)
    yield site
    site.close()
