# SPDX-License-Identifier: ISC
"""The things of the reference model, and what is so of two of them: who sees, covers, descends."""
import dataclasses
import ipaddress

import fields
from fields import PERMISSIONS, STAR

B = "/api/v1/admin"
TOKENS = B + "/access-tokens"
WEBSITES = B + "/websites"
DAY = 24 * 3600 * 1000


@dataclasses.dataclass(eq=False)
class Account:
    email: str
    name: str
    created: int
    id: str = None
    disabled: bool = False


@dataclasses.dataclass(eq=False)
class Website:
    domain: str
    name: str
    created: int
    id: str = None
    order: int = 0  # in which websites were added


@dataclasses.dataclass(eq=False)
class Token:
    account: Account
    parent: "Token"
    name: str
    permissions: frozenset
    websites: frozenset  # None: all of the account's, now and later
    expires: int         # None: never
    created: int
    id: str = None
    key: str = None
    revoked: bool = False
    revoked_by: "Token" = None
    replaced_key: str = None
    grace_ends: int = None
    rotated: int = None
    networks: frozenset = None  # from which it may be used; None: from anywhere
    used: set = dataclasses.field(default_factory=set)


@dataclasses.dataclass
class Call:
    """A request. BODY is what was sent as JSON, or text that is none; None: no body."""
    method: str
    path: str
    query: dict = dataclasses.field(default_factory=dict)
    body: object = None
    key: str = None
    idempotency_key: str = None
    source: str = "127.0.0.1"


@dataclasses.dataclass
class Reply:
    status: int
    reason: str = None
    field: str = None
    data: object = None  # called when ids and keys are known; None: nothing is foretold
    made: object = None  # the Token or Website to which the service gives an id or a key
    rest: object = None  # of a page that is not the last: what its cursor stands for
    more: dict = None    # what is said beside data


def is_within(inner, outer):
    """Of sets for which None is everything."""
    return outer is None or (inner is not None and inner <= outer)


def covers_permissions(outer, inner):
    return outer == STAR or (inner != STAR and inner <= outer)


def lies_in(network, outer):
    """OUTER: networks, or None for any address."""
    return outer is None or any(
        network.version == one.version and network.subnet_of(one) for one in outer)


def networks_within(inner, outer):
    return outer is None or (inner is not None and all(lies_in(one, outer) for one in inner))


def outermost(networks):
    """Without those that lie inside another."""
    return frozenset(one for one in networks if not lies_in(one, set(networks) - {one}))


def shared_networks(a, b):
    if a is None or b is None:
        return b if a is None else a
    return outermost([one for one in a if lies_in(one, b)] + [one for one in b if lies_in(one, a)])


def admits(token, source):
    return lies_in(ipaddress.ip_network(source), token.networks)


def network_texts(networks):
    return [str(one) for one in sorted(networks or (), key=lambda one: (
        one.version, one.network_address, one.prefixlen))]


def ends_within(inner, outer):
    return outer is None or (inner is not None and inner <= outer)


def sees(caller, token):
    return caller.account is token.account and is_within(token.websites, caller.websites)


def covers(caller, token):
    return (sees(caller, token) and covers_permissions(caller.permissions, token.permissions)
            and networks_within(token.networks, caller.networks)
            and ends_within(token.expires, caller.expires))


def descends(token, ancestor):
    while token.parent:
        token = token.parent
        if token is ancestor:
            return True
    return False


def role_allows(role, permission):
    if role == "viewer":
        return permission.endswith(":read")
    if role == "member":
        return permission not in ("team:write", "websites:write")
    return role == "owner"


def in_order(permissions):
    return ["*"] if permissions == STAR else [one for one in PERMISSIONS if one in permissions]
