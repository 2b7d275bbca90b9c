# SPDX-License-Identifier: ISC
"""Performs operations on a real site and on the reference model, and compares the two after each:
the answer, what it shows, and what the store then holds.

An operation is a dictionary of plain values. It names what it is about by labels ("t5" the sixth
token, "w2", "a1"), so that a history can be performed again without some of its operations: one
whose labels were never given is passed over.
"""
import copy
import ipaddress
import json
import re
import urllib.parse

import fields
from asking import MEMO, QUICK, change
from claviger_site import PLAIN_CGI, well_formed
from faked_clock import ClockedSite
from reference import World
from refusals import tells_nothing, without_request_id
from rules import (DAY, TOKENS, WEBSITES, Account, B, Call, Token, Website,
                   networks_within)

START = 1893456000000  # 2030-01-01
LIMIT = 40
CONFIG = f"{QUICK}{MEMO}tokens_per_account = {LIMIT}\n"
UNKNOWN_ID = "0123456789abcdef01234567"
# What a record has besides what the model foretells.
UNFORETOLD = {"displayKey", "lastUsedAt", "lastUsedIp", "useCount"}


class Disagreement(AssertionError):
    """The service and the model are not of one mind."""


class Unnamed(Exception):
    """An operation is about something that was never made."""


def agree(what, found, expected):
    if found != expected:
        raise Disagreement(f"{what}:\n    service: {found}\n    model:   {expected}")


def masked(key):
    return f"dft_{key[4:7]}...{key[-4:]}"


class Run:
    def __init__(self):
        self.site = ClockedSite(CONFIG, START)
        self.webs = [self.site.start(), self.site.start()]
        self.world = World(START, LIMIT)
        self.made = {}   # label: Account, Website or Token
        self.keys = {}   # label of a token: all keys it had, the newest last
        self.shown = {}  # Token: its display key
        self.rows = {}   # of the store, as they were after the last operation
        self.cursor = None
        self.over = START  # the latest end of what was over so far
        (owner,) = self.site.admin_json("account", "list")
        self.name("a0", Account(owner["email"], owner["name"], START, owner["id"]))
        self.world.accounts.append(self.made["a0"])
        token = self.world.create_for(self.made["a0"])
        (token.id, token.name), = [(row["id"], row["name"])
                                   for row in self.site.admin_json("token", "list")]
        self.adopt_key("t0", token, self.site.owner_key)
        self.compare_store()

    def close(self):
        self.site.close()

    def twin(self):
        """The same site under a model of its own, to try out what another order would mean."""
        twin = copy.copy(self)
        twin.world, twin.made, twin.keys, twin.shown = copy.deepcopy(
            (self.world, self.made, self.keys, self.shown))
        return twin

    def name(self, label, thing):
        self.made[label] = thing

    def adopt_key(self, label, token, key):
        self.name(label, token)
        self.keys.setdefault(label, []).append(key)
        token.key = key
        self.shown[token] = masked(key)

    # Labels.

    def thing(self, label):
        if label not in self.made:
            raise Unnamed(label)
        return self.made[label]

    def resolved(self, value):
        """VALUE with what the labels in it stand for: "@t5" an id, "@end:t5:-1" a moment."""
        if isinstance(value, list):
            return [self.resolved(one) for one in value]
        if isinstance(value, dict):
            return {name: self.resolved(one) for name, one in value.items()}
        if not isinstance(value, str) or "@" not in value:
            return value
        if value == "@cursor":
            return self.cursor or ""
        match = re.fullmatch(r"@(now|end:t\d+):([+-]?\d+)", value)
        if match:
            at = self.world.now
            if match[1] != "now":
                at = self.thing(match[1][4:]).expires or at
            return fields.written(at + int(match[2]))
        return re.sub(r"@([atw]\d+)", lambda label: self.thing(label[1]).id, value)

    def key_of(self, label):
        """"t5" its newest key, "t5:old" the one before; the keys of nobody by name."""
        if label in (None, "garbage"):
            return label and "dft_garbage"
        if label == "unknown":
            return well_formed()
        token, _, old = label.partition(":")
        self.thing(token)
        keys = self.keys[token]
        return keys[-2 if old and len(keys) > 1 else -1]

    # Operations.

    def perform(self, operation):
        """Raises Disagreement. Says whether the operation was performed at all."""
        try:
            getattr(self, "do_" + operation["do"].replace(" ", "_"))(operation)
        except Unnamed:
            return False
        self.compare_store()
        return True

    def send(self, operation):
        call = Call(operation["method"], self.resolved(operation["path"]),
                    self.resolved(operation.get("query", {})),
                    self.resolved(operation.get("body")), self.key_of(operation["key"]),
                    operation.get("idempotency_key"), operation.get("source", "127.0.0.1"))
        headers = {"Idempotency-Key": call.idempotency_key}
        path = call.path
        if call.query:
            path += "?" + urllib.parse.urlencode(call.query)
        web = self.webs[operation["web"]]
        answer = web.call(call.method, path, call.body, key=call.key, headers=headers,
                          source=call.source).check()
        return call, answer

    def do_call(self, operation):
        return self.accept(operation, *self.send(operation))

    def accept(self, operation, call, answer):
        """Has the model answer CALL and compares. Returns the cursor of the next page, or None."""
        reply = self.world.answer(call)
        found = (answer.status,)
        if answer.status >= 400:
            found += answer.reason, answer.error.get("field")
            tells_nothing(self.site, answer)
        else:
            found += None, None
        agree("answer", found, (reply.status, reply.reason, reply.field))
        if reply.status >= 400:
            return None
        records = answer.data
        if reply.made:
            self.adopt(operation, reply.made, records[0])
        if reply.data:
            self.compare_records(records, reply.data())
        for name, value in (reply.more or {}).items():
            agree(name, answer.json["revocation"][name], value)
        return self.compare_paging(answer, reply)

    def compare_paging(self, answer, reply):
        if "pagination" not in answer.json or not reply.data:
            return None
        cursor = answer.json["pagination"]["nextCursor"]
        agree("there is a next page", cursor is not None, reply.rest is not None)
        if cursor:
            self.world.cursors[cursor] = reply.rest
            self.cursor = cursor
        return cursor

    def adopt(self, operation, made, shown):
        """Gives what the model has made the id and the key that the service has chosen for it."""
        is_new = made.id is None
        if is_new:
            made.id = shown["id"]
            if not re.fullmatch("[0-9a-f]{24}", made.id):
                raise Disagreement(f"id: {made.id}")
        if isinstance(made, Website):
            self.world.add_website(made, self.thing(operation["key"].partition(":")[0]).account)
            self.name(operation["as"], made)
            return
        if not fields.KEY.fullmatch(shown["key"]):
            raise Disagreement("key: it has not the form of one")
        label = operation["as"] if is_new else next(
            one for one, thing in self.made.items() if thing is made)
        self.adopt_key(label, made, shown.pop("key"))

    def compare_records(self, found, expected):
        agree("number of records", len(found), len(expected))
        for record, wanted in zip(found, expected):
            self.compare_record(record, wanted)

    def compare_record(self, record, wanted):
        if "parentId" in wanted:
            self.compare_unforetold(record)
        for name, value in wanted.items():
            found = record.get(name)
            if name == "token":
                self.compare_record(found, value)
                continue
            agree(name, sorted(found) if name == "websiteIds" else found, value)
        known = set(wanted) | (UNFORETOLD if "parentId" in wanted else {"description"})
        agree("fields that are not known", sorted(set(record) - known), [])

    def compare_unforetold(self, record):
        token = next((one for one in self.world.tokens if one.id == record["id"]), None)
        if token is None:
            raise Disagreement(f"a token that nobody made: {record['id']}")
        agree("displayKey", record["displayKey"], self.shown[token])
        used = record["lastUsedAt"]
        if used is not None and fields.moment(used) not in token.used:
            raise Disagreement(f"lastUsedAt: {used}, when it was not used")

    def do_look(self, operation):
        """Sight: all pages of the list are what the caller sees; each id on them is 200, any other
        404, and no two refusals differ."""
        caller, web = operation["key"], operation["web"]
        self.thing(caller)
        query = {"limit": str(operation["limit"]), "state": "all"}
        while query:
            more = self.do_call({"method": "GET", "path": TOKENS, "query": query, "key": caller,
                                 "web": web})
            query = more and {**query, "cursor": more}
        for label in operation["tokens"]:
            self.thing(label)
            self.compare_sight(f"@{label}", caller, web)

    def compare_sight(self, name, caller, web):
        operation = {"method": "GET", "path": f"{TOKENS}/{name}", "key": caller, "web": web}
        self.do_call(operation)
        _, answer = self.send(operation)
        if answer.status == 404:
            _, unknown = self.send({**operation, "path": f"{TOKENS}/{UNKNOWN_ID}"})
            agree("not seen and not there", without_request_id(answer),
                  without_request_id(unknown))

    def do_rights(self, operation):
        """What each of some tokens may do now: as it says itself, and on which websites."""
        for label in operation["tokens"]:
            self.thing(label)
            for path in (TOKENS + "/self", B + "/account", B + "/permissions", WEBSITES):
                self.do_call({"method": "GET", "path": path, "key": label,
                              "web": operation["web"]})

    def do_clock(self, operation):
        """Never back to before what is over was over: of that, the service may keep nothing."""
        self.world.now = max(self.over, fields.moment(self.resolved(operation["to"])))
        self.over = max([self.over] + self.world.over())
        self.site.set_clock(self.world.now)
        self.forget()

    def forget(self):
        """What the service does within half a minute, so that what is over now stays so when the
        clock goes back."""
        self.world.forget()
        change(self.site, "UPDATE tokens SET replaced_selector = NULL, replaced_hash = NULL, "
               "grace_ends_at = NULL WHERE grace_ends_at <= ?", self.world.now)
        change(self.site, "DELETE FROM idempotency WHERE made_at <= ?", self.world.now - DAY)

    def do_restart(self, operation):
        web = self.webs[operation["web"]]
        web.stop()
        self.webs[operation["web"]] = self.site.start()

    def do_role(self, operation):
        account, website = self.thing(operation["account"]), self.thing(operation["website"])
        if website.id not in self.world.websites:
            return
        ids = bytes.fromhex(account.id), bytes.fromhex(website.id)
        change(self.site, "DELETE FROM memberships WHERE account = (SELECT sequence FROM accounts "
               "WHERE id = ?) AND website = (SELECT sequence FROM websites WHERE id = ?)", *ids)
        if operation["role"]:
            change(self.site, "INSERT INTO memberships (account, website, role) SELECT a.sequence, "
                   "w.sequence, ? FROM accounts a, websites w WHERE a.id = ? AND w.id = ?",
                   operation["role"], *ids)
        self.world.give_role(account, website.id, operation["role"])

    def do_account(self, operation):
        email = f"{operation['as']}@example.com"
        account = Account(email, email, self.world.now, self.site.account(email))
        self.world.accounts.append(account)
        self.name(operation["as"], account)

    def do_disable(self, operation):
        account = self.thing(operation["account"])
        if not account.disabled:
            self.site.admin("account", "disable", account.email)
            account.disabled = True

    def do_enable(self, operation):
        account = self.thing(operation["account"])
        if account.disabled:
            self.site.admin("account", "enable", account.email)
            account.disabled = False

    def do_website(self, operation):
        account = self.thing(operation["account"])
        website = Website(operation["domain"], operation["domain"], self.world.now,
                          self.site.website(operation["domain"], account.email))
        self.world.add_website(website, account)
        self.name(operation["as"], website)

    def do_website_removal(self, operation):
        website = self.thing(operation["website"])
        if website.id in self.world.websites:
            self.site.admin("website", "remove", website.id)
            self.world.remove_website(website.id)

    def do_token(self, operation):
        account = self.thing(operation["account"])
        if account.disabled:
            return
        record = self.site.token(account.email)
        token = self.world.create_for(account)
        token.id = record["id"]
        self.adopt_key(operation["as"], token, record["key"])

    def do_revocation(self, operation):
        token = self.thing(operation["token"])
        words = ["token", "revoke", token.id] + ["--cascade"] * operation["cascade"]
        if token.revoked:
            self.site.admin(*words, status=1)
            return
        (found,) = self.site.admin_json(*words)
        agree("descendants, as the operator reads", found["descendants"],
              self.world.revoke(token, operation["cascade"]))

    def do_inspection(self, operation):
        """What the operator reads is what the model says, and the audit's chain holds."""
        self.site.admin("audit", "verify")
        found = {record["id"]: record for record in self.site.admin_json("token", "list", "--all")}
        agree("tokens, as the operator reads", sorted(found),
              sorted(token.id for token in self.world.tokens))
        for token in self.world.tokens:
            wanted = self.world.record(token)
            shown = {**found[token.id], "websiteIds": sorted(found[token.id]["websiteIds"])}
            agree("record, as the operator reads", {name: shown.get(name) for name in wanted},
                  wanted)

    # The store.

    def compare_store(self):
        rows = {row["id"]: row for row in map(stored, self.site.rows(
            "SELECT t.id, a.id, t.parent, t.name, t.permissions, t.every_website, t.websites, "
            "t.created_at, t.expires_at, t.revoked_at IS NOT NULL, t.revoked_by, "
            "t.hash IS NOT NULL, t.rotated_at, t.allowed_ips FROM tokens t "
            "JOIN accounts a ON a.sequence = t.account ORDER BY t.sequence"))}
        agree("tokens in the store", list(rows), [token.id for token in self.world.tokens])
        for token in self.world.tokens:
            agree("row in the store", rows[token.id], foretold(token))
        self.never_wider(rows)
        self.rows = rows
        agree("roles in the store", {(bytes(account).hex(), bytes(website).hex()): role
                                     for account, website, role in self.site.rows(
              "SELECT a.id, w.id, m.role FROM memberships m "
              "JOIN accounts a ON a.sequence = m.account "
              "JOIN websites w ON w.sequence = m.website")},
              {(account.id, website): role
               for (account, website), role in self.world.roles.items()})
        agree("websites in the store", [tuple(row) for row in self.site.rows(
              "SELECT lower(hex(id)), domain, name FROM websites ORDER BY sequence")],
              [(one.id, one.domain, one.name) for one in self.world.websites.values()])

    def never_wider(self, rows):
        """Without the model: a row that is there only shrinks, and a new one lies inside the row
        that made it, as that was."""
        for token_id, row in rows.items():
            outer = self.rows.get(token_id) or self.rows.get(row["parent"])
            if outer and not lies_within(row, outer):
                raise Disagreement(f"wider than it was:\n    {outer}\n    {row}")


def stored(row):
    (token, account, parent, name, permissions, every, websites, created, expires, revoked, by,
     has_hash, rotated, allowed) = row
    websites = bytes(websites).hex()
    return {"id": bytes(token).hex(), "account": bytes(account).hex(),
            "parent": parent and bytes(parent).hex(), "name": name,
            "permissions": frozenset(permissions.split()),
            "websites": None if every else frozenset(re.findall(".{24}", websites)),
            "created": created, "expires": expires, "revoked": bool(revoked),
            "by": by and bytes(by).hex(), "has hash": bool(has_hash),
            "rotated": rotated, "networks": None if allowed is None else frozenset(
                map(ipaddress.ip_network, allowed.split()))}


def foretold(token):
    return {"id": token.id, "account": token.account.id,
            "parent": token.parent.id if token.parent else None, "name": token.name,
            "permissions": token.permissions, "websites": token.websites,
            "created": token.created, "expires": token.expires, "revoked": token.revoked,
            "by": token.revoked_by.id if token.revoked_by else None,
            "has hash": not token.revoked, "rotated": token.rotated,
            "networks": token.networks}


def lies_within(row, outer):
    end, outer_end = (one["expires"] or float("inf") for one in (row, outer))
    return ((outer["permissions"] == {"*"} or row["permissions"] <= outer["permissions"])
            and (outer["websites"] is None or
                 row["websites"] is not None and row["websites"] <= outer["websites"])
            and networks_within(row["networks"], outer["networks"]) and end <= outer_end
            and row["account"] == outer["account"]
            and row["revoked"] >= (outer["revoked"] and row["id"] == outer["id"]))


def as_text(operations):
    return "\n".join(json.dumps(operation) for operation in operations)
