# SPDX-License-Identifier: ISC
"""The reference model's account, websites and roles."""
import fields
from fields import PERMISSIONS, Refused
from rules import B, WEBSITES, Reply, Website, covers_permissions, is_within, role_allows

ROLES = ("viewer", "member", "owner")


def account(world, caller, call):
    return Reply(200, data=lambda: [{**world.account_record(caller.account),
                                     "token": world.record(caller)}])


def rename_account(world, caller, call):
    caller.account.name = fields.only_name(call.body)
    return account(world, caller, call)


def permissions(world, caller, call):
    granted = world.granted(caller)
    return Reply(200, data=lambda: [{"name": one, "granted": one in granted}
                                    for one in PERMISSIONS])


def list_audit(world, caller, call):
    """What stands in it is for other tests."""
    if caller.websites is not None:
        raise Refused(403, "insufficient_scope")
    fields.page_limit(call.query)
    return Reply(200)


def list_websites(world, caller, call):
    def found_from(place):
        found, before = [], 0
        for one in world.websites.values():
            if one.order > (place or 0) and world.role(caller.account, one.id):
                if world.reaches(caller, one.id, "websites:read"):
                    found.append((before, one))
                before = one.order
        return found
    return world.page(caller, call, "websites", found_from,
                      lambda one: world.website_record(caller.account, one))


def add_website(world, caller, call):
    if caller.websites is not None:
        raise Refused(403, "insufficient_scope")
    body = fields.members(call.body, ("domain", "name"))
    domain = fields.ascii_lower(body["domain"]) if isinstance(body.get("domain"), str) else ""
    if not fields.DOMAIN.fullmatch(domain):
        raise fields.invalid("domain")
    name = fields.name(body["name"]) if "name" in body else domain
    if domain in [one.domain for one in world.websites.values()]:
        raise Refused(409, "conflict", "domain")
    website = Website(domain, name, world.now)
    return Reply(201, data=lambda: [world.website_record(caller.account, website)], made=website)


def permitted(world, caller, name, permission):
    """The website NAME, where CALLER may do on it what PERMISSION is for."""
    website = world.websites.get(name)
    role = website and world.role(caller.account, name)
    if not role or not is_within({name}, caller.websites):
        raise Refused(404, "not_found")
    if not role_allows(role, permission):
        raise Refused(403, "insufficient_scope")
    return website


def show_website(world, caller, call, name):
    website = permitted(world, caller, name, "websites:read")
    return Reply(200, data=lambda: [world.website_record(caller.account, website)])


def rename_website(world, caller, call, name):
    new_name = fields.only_name(call.body)
    website = permitted(world, caller, name, "settings:write")
    website.name = new_name
    return Reply(200, data=lambda: [world.website_record(caller.account, website)])


def remove_website(world, caller, call, name):
    website = permitted(world, caller, name, "websites:write")
    world.remove_website(website.id)
    return Reply(200)


def member_record(world, website_id, account):
    return {"accountId": account.id, "name": account.name, "role": world.role(account, website_id)}


def list_members(world, caller, call, name):
    permitted(world, caller, name, "team:read")

    def found_from(place):
        found, before = [], 0
        for order, one in enumerate(world.accounts, 1):
            if order > (place or 0) and world.role(one, name):
                found.append((before, one))
                before = order
        return found
    return world.page(caller, call, ("team", name), found_from,
                      lambda one: member_record(world, name, one))


def set_role(world, caller, call, name, account_id):
    body = fields.members(call.body, ("role",))
    if body.get("role") not in ROLES:
        raise fields.invalid("role")
    return change_role(world, caller, name, account_id, body["role"])


def remove_role(world, caller, call, name, account_id):
    return change_role(world, caller, name, account_id, None)


def change_role(world, caller, name, account_id, role):
    permitted(world, caller, name, "team:write")
    account = next((one for one in world.accounts if one.id == account_id), None)
    before = account and world.role(account, name)
    if account is None or not (role or before):
        raise Refused(404, "not_found")
    others = [one for one in world.accounts if one is not account and not one.disabled
              and world.role(one, name) == "owner"]
    if before == "owner" and role != "owner" and not others:
        raise Refused(409, "last_owner")
    world.give_role(account, name, role)
    return Reply(200, data=role and (lambda: [member_record(world, name, account)]))


ROUTES = [
    ("GET", B + "/account", "caller", None, account),
    ("PUT", B + "/account", "holder", "settings:write", rename_account),
    ("GET", B + "/permissions", "caller", None, permissions),
    ("GET", B + "/audit", "holder", "api-keys:read", list_audit),
    ("GET", WEBSITES, "holder", "websites:read", list_websites),
    ("POST", WEBSITES, "holder", "websites:write", add_website),
    ("GET", WEBSITES + "/{websiteId}", "holder", "websites:read", show_website),
    ("PUT", WEBSITES + "/{websiteId}", "holder", "settings:write", rename_website),
    ("DELETE", WEBSITES + "/{websiteId}", "holder", "websites:write", remove_website),
    ("GET", WEBSITES + "/{websiteId}/team", "holder", "team:read", list_members),
    ("PUT", WEBSITES + "/{websiteId}/team/{accountId}", "holder", "team:write", set_role),
    ("DELETE", WEBSITES + "/{websiteId}/team/{accountId}", "holder", "team:write", remove_role),
]
