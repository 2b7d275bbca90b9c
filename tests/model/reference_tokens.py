# SPDX-License-Identifier: ISC
"""The reference model's access tokens: creation, sight, change, rotation, revocation."""
import json

import fields
from fields import Refused
from rules import (DAY, TOKENS, Reply, Token, covers, covers_permissions, descends, ends_within,
                   is_within, lies_in, outermost, sees, shared_networks)

SCOPE_FIELDS = ("name", "permissions", "websiteIds", "allowedIps", "expiresAt",
                "expiresIn")
FILTERS = ("state", "q", "parentId", "permission", "websiteId", "unusedSince")


# "Never wider".

def within(world, outer, said):
    """The permissions, websites, networks and end that SAID asks for, where OUTER is what may be
    given."""
    permissions, websites, expires = outer.permissions, outer.websites, outer.expires
    networks = outer.networks
    if "permissions" in said:
        for i, one in enumerate(said["permissions"]):
            if not covers_permissions(outer.permissions, {one}):
                raise Refused(403, "scope_exceeded", f"permissions[{i}]")
        permissions = frozenset(said["permissions"])
    if "websiteIds" in said:
        websites = websites_within(world, outer, said["websiteIds"])
    if "allowedIps" in said:
        networks = addresses_within(outer, said["allowedIps"])
    if "end" in said:
        field, expires = said["end"]
        if not ends_within(expires, outer.expires):
            raise Refused(403, "scope_exceeded", field)
    return permissions, websites, networks, expires


def addresses_within(outer, networks):
    if not networks and outer.networks is not None:
        raise Refused(403, "scope_exceeded", "allowedIps")
    for i, one in enumerate(networks):
        if not lies_in(one, outer.networks):
            raise Refused(403, "scope_exceeded", f"allowedIps[{i}]")
    return outermost(networks) or None


def websites_within(world, outer, ids):
    if not ids and outer.websites is not None:
        raise Refused(403, "scope_exceeded", "websiteIds")
    for i, one in enumerate(ids):
        if outer.websites is not None and one not in outer.websites:
            raise Refused(403, "scope_exceeded", f"websiteIds[{i}]")
        if not world.role(outer.account, one):
            raise Refused(404, "not_found", f"websiteIds[{i}]")
    return frozenset(ids) or None


# Idempotency: a repeated request replaces what the lost answer carried.

def check_idempotency_key(call):
    key = call.idempotency_key
    if key is not None and (not fields.IDEMPOTENCY_KEY.fullmatch(key) or fields.KEY.search(key)):
        raise Refused(400, "invalid_parameter", "Idempotency-Key")


def earlier(world, caller, call, route):
    """What an equal request made within a day, or None."""
    found = world.remembered.get((caller, call.idempotency_key))
    if found is None or world.now >= found[2] + DAY:
        return None
    if found[0] != (route, json.dumps(call.body)):
        raise Refused(409, "idempotency_mismatch", "Idempotency-Key")
    return found[1]


def remember(world, caller, call, route, token):
    if call.idempotency_key is not None:
        request = route, json.dumps(call.body)
        world.remembered[caller, call.idempotency_key] = request, token, world.now


# The calls.

def create(world, caller, call):
    said = fields.scope(fields.members(call.body, SCOPE_FIELDS), world.now)
    check_idempotency_key(call)
    permissions, websites, networks, expires = within(world, caller, said)
    lost = earlier(world, caller, call, TOKENS)
    gone = {one for one in world.tokens if lost and (one is lost or descends(one, lost))}
    living = {one for one in world.tokens if one.account is caller.account and world.lives(one)}
    if len(living - gone) >= world.limit:
        raise Refused(409, "limit_reached")
    for one in gone:
        world.end(one, caller)
    token = Token(caller.account, caller, said.get("name"), permissions, websites, expires,
                  world.now, networks=networks)
    world.tokens.append(token)
    remember(world, caller, call, TOKENS, token)
    return Reply(201, data=lambda: [world.record(token)], made=token)


def show_self(world, caller, call):
    return Reply(200, data=lambda: [{**world.record(caller), "account": world.account_record(
        caller.account)}])


def show(world, caller, call, name):
    token = world.visible(caller, name)
    return Reply(200, data=lambda: [world.record(token)])


def passes(world, token, chosen):
    """Says whether a list, or a revocation of many, with these filters takes TOKEN."""
    states, part, parent, permission, website, unused_since = chosen
    last_use = max(token.used, default=token.created)
    return (world.state(token) in states
            and (part is None or part in fields.ascii_lower(token.name or ""))
            and (parent is None or (token.parent is not None and token.parent.id == parent))
            and (permission is None or covers_permissions(token.permissions, {permission}))
            and (website is None or is_within({website}, token.websites) and (
                token.websites is not None or world.role(token.account, website)))
            and (unused_since is None or last_use < unused_since))


def list_tokens(world, caller, call):
    fields.page_limit(call.query)
    chosen = fields.list_filters(call.query)

    def found_from(place):
        newest_first = list(enumerate(world.tokens))[place::-1]
        return [(i, one) for i, one in newest_first
                if sees(caller, one) and passes(world, one, chosen)]
    return world.page(caller, call, ("tokens", chosen), found_from, world.record)


def may_revoke(caller, token):
    """Raises what refuses it."""
    if token is caller or descends(token, caller):
        return
    if not sees(caller, token):
        raise Refused(404, "not_found")
    if not covers(caller, token):
        raise Refused(403, "scope_exceeded")


def delete(world, caller, call, name):
    cascade = fields.flag(call.query, "cascade")
    wanted = caller.id if name == "self" else name
    token = next((one for one in world.tokens if one.id == wanted and not one.revoked), None)
    if token is None:
        raise Refused(404, "not_found")
    may_revoke(caller, token)
    count = world.revoke(token, cascade, caller)
    return Reply(200, data=lambda: [{"message": "Access token deleted successfully",
                                     "descendants": count}])


def changeable(world, caller, name):
    token = world.visible(caller, name)
    if token.revoked:
        raise Refused(404, "not_found")
    if token is not caller and (not covers(caller, token) or descends(caller, token)):
        raise Refused(403, "scope_exceeded")
    return token


def is_replaced(world, caller, call, token):
    """Says whether TOKEN is the caller's own, known by the key that a rotation has replaced."""
    return token is caller and call.key == token.replaced_key


def patch(world, caller, call, name):
    cascade = fields.flag(call.query, "cascade")
    body = fields.members(call.body, SCOPE_FIELDS)
    if not body:
        raise Refused(400, "invalid_json")
    said = fields.scope(body, world.now)
    token = changeable(world, caller, name)
    if is_replaced(world, caller, call, token):
        raise Refused(403, "replaced_key")
    token.permissions, token.websites, token.networks, token.expires = within(world, token, said)
    if "name" in said:
        token.name = said["name"]
    family = [one for one in world.tokens if descends(one, token) and not one.revoked]
    count = sum(world.lives(one) for one in family)
    for one in family * cascade:
        cut(world, one, token, caller)
    return Reply(200, data=lambda: [{**world.record(token), "descendants": count}])


def cut(world, token, outer, caller):
    """Leaves TOKEN what it shares with OUTER; with nothing, it is revoked."""
    permissions, websites = token.permissions, token.websites
    if outer.permissions != fields.STAR:
        permissions = (outer.permissions if permissions == fields.STAR
                       else permissions & outer.permissions)
    if outer.websites is not None:
        websites = outer.websites if websites is None else websites & outer.websites
    networks = shared_networks(token.networks, outer.networks)
    if not permissions or frozenset() in (websites, networks):
        world.end(token, caller)
        return
    token.permissions, token.websites, token.networks = permissions, websites, networks
    if not ends_within(token.expires, outer.expires):
        token.expires = outer.expires


def rotate(world, caller, call, name):
    grace = fields.grace(call.body)
    check_idempotency_key(call)
    token = changeable(world, caller, name)
    route = "rotate", token
    is_repeat = (earlier(world, caller, call, route) is not None
                 and world.remembered[caller, call.idempotency_key][2] == token.rotated)
    if is_replaced(world, caller, call, token) and not is_repeat:
        raise Refused(403, "replaced_key")
    if not is_repeat:
        token.replaced_key = token.key if grace else None
        token.grace_ends = world.now + grace * 1000 if grace else None
    token.key, token.rotated = None, world.now
    remember(world, caller, call, route, token)
    return Reply(200, data=lambda: [world.record(token)], made=token)


def sweep(world, caller, call):
    """The revocation of many."""
    body = fields.members(call.body, FILTERS + ("cascade", "dryRun", "cursor"), empty={})
    chosen, cascade, dry_run = fields.sweep(body, world.now)
    found, skipped = [], 0
    for token in world.tokens[::-1]:
        if token is caller or token.account is not caller.account or not passes(
                world, token, chosen):
            continue
        try:
            may_revoke(caller, token)
            found.append(token)
        except Refused as refusal:
            skipped += refusal.status == 403
    if not dry_run:
        for token in found:
            world.revoke(token, cascade, caller, spared=caller)
    return Reply(200, data=lambda: [world.record(one) for one in found],
                 more={"skipped": skipped, "dryRun": dry_run})


ROUTES = [
    ("GET", TOKENS, "holder", "api-keys:read", list_tokens),
    ("POST", TOKENS, "holder", "api-keys:write", create),
    ("GET", TOKENS + "/self", "caller", None, show_self),
    ("POST", TOKENS + "/revoke", "holder", "api-keys:write", sweep),
    ("GET", TOKENS + "/{tokenId}", "holder", "api-keys:read", show),
    ("PATCH", TOKENS + "/{tokenId}", "holder", "api-keys:write", patch),
    ("DELETE", TOKENS + "/{tokenId}", "holder or self", "api-keys:write", delete),
    ("POST", TOKENS + "/{tokenId}/rotate", "holder or self", "api-keys:write", rotate),
]
