# SPDX-License-Identifier: ISC
"""The rules of the HTTP interface over dictionaries and sets: what the service must answer to a
request, and what it must have stored afterwards. Written from the interface's tables; it shares
nothing with the program.

A World is asked with World.answer(call), which returns a Reply and makes the change that it
describes. What only the service can choose (ids, keys) is filled in by whoever has its answer.
"""
import fields
import reference_tokens
import reference_websites
from fields import PERMISSIONS, STAR, Refused
from rules import (DAY, Reply, Token, admits, covers_permissions, descends, in_order, network_texts,
                   role_allows, sees)

ROUTES = reference_tokens.ROUTES + reference_websites.ROUTES


def matched(pattern, path):
    """The segments that stand for {...}; None where PATH is none of PATTERN."""
    wanted, found, values = pattern.split("/"), path.split("/"), []
    if len(wanted) != len(found):
        return None
    for one, segment in zip(wanted, found):
        if one.startswith("{") and segment:
            values.append(segment)
        elif one != segment:
            return None
    return values


class World:
    def __init__(self, now, limit):
        self.now = now
        self.limit = limit  # tokens per account
        self.accounts = []
        self.websites = {}  # id: Website; oldest first
        self.added = 0      # websites, ever
        self.roles = {}     # (Account, website id): role
        self.tokens = []    # oldest first
        self.remembered = {}  # (caller, Idempotency-Key): (route, body, Token, moment)
        self.cursors = {}   # text: (account, what is listed, the place where it goes on)

    # What the operator does.

    def create_for(self, account):
        token = Token(account, None, None, STAR, None, None, self.now)
        self.tokens.append(token)
        return token

    def add_website(self, website, account):
        self.added += 1
        website.order = self.added
        self.websites[website.id] = website
        self.give_role(account, website.id, "owner")

    def remove_website(self, website_id):
        del self.websites[website_id]
        self.roles = {key: role for key, role in self.roles.items() if key[1] != website_id}

    def give_role(self, account, website_id, role):
        """ROLE None: none."""
        self.roles.pop((account, website_id), None)
        if role:
            self.roles[account, website_id] = role

    def revoke(self, token, cascade, by=None, spared=None):
        """Returns how many living descendants there were."""
        family = [one for one in self.tokens if descends(one, token)]
        count = sum(self.lives(one) for one in family)
        for one in [token] + family * cascade:
            if one is not spared:
                self.end(one, by)
        return count

    def end(self, token, by):
        if not token.revoked:
            token.revoked, token.revoked_by = True, by
            token.key = token.replaced_key = token.grace_ends = None

    def forget(self):
        """Keys whose grace is over, and what requests made a day ago."""
        for token in self.tokens:
            if token.grace_ends is not None and token.grace_ends <= self.now:
                token.replaced_key = token.grace_ends = None
        self.remembered = {name: made for name, made in self.remembered.items()
                           if made[2] > self.now - DAY}

    # What is so at this moment.

    def is_expired(self, token):
        return token.expires is not None and token.expires <= self.now

    def lives(self, token):
        return not token.revoked and not self.is_expired(token)

    def state(self, token):
        if token.revoked:
            return "revoked"
        return "expired" if self.is_expired(token) else "active"

    def role(self, account, website_id):
        return self.roles.get((account, website_id))

    def over(self):
        """When those graces and repetitions ended that are over."""
        ends = [token.grace_ends for token in self.tokens if token.grace_ends is not None]
        ends += [made + DAY for _, _, made in self.remembered.values()]
        return [end for end in ends if end <= self.now]

    def granted(self, token):
        return [one for one in PERMISSIONS if covers_permissions(token.permissions, {one})]

    def reaches(self, token, website_id, permission):
        """Effective right: the row, cut by what the account is on that website now."""
        return (self.lives(token) and not token.account.disabled
                and (token.websites is None or website_id in token.websites)
                and covers_permissions(token.permissions, {permission})
                and role_allows(self.role(token.account, website_id), permission))

    # Records.

    def record(self, token):
        in_grace = token.grace_ends is not None and self.now < token.grace_ends
        return {"id": token.id, "_id": token.id, "name": token.name, "scope": "user",
                "permissions": in_order(token.permissions),
                "websiteIds": sorted(token.websites or ()),
                "allowedIps": network_texts(token.networks),
                "createdAt": fields.written(token.created),
                "expiresAt": fields.written(token.expires), "state": self.state(token),
                "parentId": token.parent.id if token.parent else None,
                "rotatedAt": fields.written(token.rotated),
                "graceEndsAt": fields.written(token.grace_ends) if in_grace else None}

    def account_record(self, account):
        return {"id": account.id, "_id": account.id, "name": account.name,
                "email": account.email, "createdAt": fields.written(account.created)}

    def website_record(self, account, website):
        return {"id": website.id, "_id": website.id, "domain": website.domain,
                "name": website.name, "role": self.role(account, website.id),
                "createdAt": fields.written(website.created)}

    # The way of a request.

    def answer(self, call):
        try:
            return self.route(call)
        except Refused as refusal:
            return Reply(refusal.status, refusal.reason, refusal.field)

    def route(self, call):
        status = (404, "not_found")
        for method, pattern, access, permission, handler in ROUTES:
            values = matched(pattern, call.path)
            if values is None:
                continue
            if method == call.method:
                break
            status = (405, "method_not_allowed")
        else:
            raise Refused(*status)
        caller = self.authenticate(call.key, call.source)
        names_itself = values and values[0] in ("self", caller.id)
        if access == "holder" or (access == "holder or self" and not names_itself):
            self.require(caller, permission)
        return handler(self, caller, call, *values)

    def authenticate(self, key, source):
        if key is None:
            raise Refused(401, "missing_token")
        for token in self.tokens:
            in_grace = key == token.replaced_key and self.now < token.grace_ends
            if ((key == token.key or in_grace) and self.lives(token)
                    and not token.account.disabled and admits(token, source)):
                token.used.add(self.now)
                return token
        raise Refused(401, "invalid_token")

    def require(self, caller, permission):
        """A list of which no website is left means nothing, not everything."""
        limited = caller.websites is not None
        if (not covers_permissions(caller.permissions, {permission}) or limited and not any(
                self.role(caller.account, one) for one in caller.websites)):
            raise Refused(403, "insufficient_scope")

    def visible(self, caller, name):
        """The token that NAME stands for in a path, in whatever state."""
        for token in self.tokens:
            if token.id == (caller.id if name == "self" else name) and sees(caller, token):
                return token
        raise Refused(404, "not_found")

    def page(self, caller, call, what, found_from, record):
        """A page of what found_from() a place is found, each with the place from which a list
        goes on with it. WHAT is listed says for which list a cursor is good."""
        limit, place = fields.page_limit(call.query), None
        if "cursor" in call.query:
            account, listed, place = self.cursors.get(call.query["cursor"], (None, None, None))
            if account is not caller.account or listed != what:
                raise Refused(400, "invalid_parameter", "cursor")
        found = found_from(place)
        rest = (caller.account, what, found[limit][0]) if len(found) > limit else None
        return Reply(200, data=lambda: [record(one) for _, one in found[:limit]], rest=rest)
