# SPDX-License-Identifier: ISC
"""Somebody else's OAuth client and resource server, Authlib's, meet introspection and revocation."""
import types

import pytest
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc6749 import MissingAuthorizationError, ResourceProtector
from authlib.oauth2.rfc6750 import InsufficientScopeError, InvalidTokenError
from authlib.oauth2.rfc7662 import IntrospectTokenValidator

from asking import MEMO, QUICK
from claviger_site import TOKENS, well_formed
from conftest import opened


def client(web, key):
    """A client that authenticates with a key of ours."""
    def sign(_, __, uri, headers, body):
        return uri, {**headers, "Authorization": f"Bearer {key}"}, body

    session = OAuth2Session("backend", revocation_endpoint_auth_method="bearer")
    session.register_client_auth_method(("bearer", sign))
    session.at = lambda path: f"http://127.0.0.1:{web.port}/api/v1/{path}"
    return session


class Validator(IntrospectTokenValidator):
    def __init__(self, session):
        super().__init__("backend")
        self.session = session

    def introspect_token(self, token_string):
        answer = self.session.introspect_token(self.session.at("introspect"), token=token_string)
        answer.raise_for_status()
        return answer.json()


class Scene:
    def __init__(self, site):
        self.web = site.start()
        checker = self.web.create(name="backend", permissions=["api-keys:read"])
        self.client = client(self.web, checker["key"])
        self.backend = ResourceProtector()
        self.backend.register_token_validator(Validator(self.client))

    def enter(self, key, *scopes):
        """A request with KEY to a resource that needs SCOPES."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return self.backend.validate_request(list(scopes), types.SimpleNamespace(headers=headers))


@pytest.fixture(scope="module")
def scene():
    for site in opened(QUICK + MEMO):
        yield Scene(site)


def test_a_resource_server_lets_in_by_scope(scene):
    token = scene.web.create(permissions=["goals:read", "analytics:read"], expiresIn=3600)
    told = scene.enter(token["key"], "goals:read")
    assert told["client_id"] == token["id"] and told["token_type"] == "Bearer"
    assert scene.enter(token["key"], "goals:read analytics:read")
    with pytest.raises(InsufficientScopeError):
        scene.enter(token["key"], "goals:write")
    with pytest.raises(InsufficientScopeError):
        scene.enter(token["key"], "goals:read goals:write")


def test_it_finds_each_name_in_every_permission(scene):
    everything = scene.web.create()
    assert scene.enter(everything["key"], "goals:write alerts:read")
    with pytest.raises(InsufficientScopeError):
        scene.enter(everything["key"], "goals:fly")


@pytest.mark.parametrize("key", ["garbage", "garbage&active=true", well_formed()],
                         ids=["garbage", "escaped", "unknown"])
def test_it_lets_nobody_else_in(scene, key):
    with pytest.raises(InvalidTokenError):
        scene.enter(key, "goals:read")
    with pytest.raises(MissingAuthorizationError):
        scene.enter(None, "goals:read")


@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token"])
def test_a_client_revokes_and_the_resource_server_knows(scene, hint):
    token = scene.web.create(permissions=["goals:read"])
    assert scene.enter(token["key"], "goals:read")
    for _ in range(2):  # the second time it is no token any more, and RFC 7009 wants 200
        answer = scene.client.revoke_token(scene.client.at("revoke"), token=token["key"],
                                           token_type_hint=hint)
        assert answer.status_code == 200
        with pytest.raises(InvalidTokenError):
            scene.enter(token["key"], "goals:read")
    assert scene.web.call("GET", TOKENS + "/self", key=token["key"]).status == 401
