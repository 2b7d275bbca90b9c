# SPDX-License-Identifier: ISC
"""Chooses the next operation at random: mostly what a client would ask, often at the edge of what
it may, sometimes what nobody should send."""
from arguments import (BAD_DOMAINS, BAD_IDEMPOTENCY_KEYS, BAD_IDS, BAD_MOMENTS, BAD_NAMES,
                       BAD_NETWORKS, BAD_PERMISSIONS, BAD_QUERIES, BAD_SECONDS, BAD_WEBSITES, DAY,
                       NAMES, NETWORKS, NO_OBJECTS, UNKNOWN_FIELDS, UNKNOWN_ID, USUALLY_ABSENT)
from fields import PERMISSIONS
from rules import B, TOKENS, WEBSITES, covers, descends


class Generator:
    def __init__(self, run, random):
        self.run = run
        self.random = random
        self.given = {"t": 1, "w": 0, "a": 1}
        self.sent = []  # with an Idempotency-Key

    def beginning(self):
        """Two accounts more, websites of each, and roles across them."""
        operations = [{"do": "account", "as": self.label("a")} for _ in range(2)]
        operations += [self.website(f"a{i}") for i in (0, 0, 0, 1, 1, 2)]
        operations += [{"do": "token", "as": self.label("t"), "account": account}
                       for account in ("a1", "a2")]
        operations += [{"do": "role", "account": account, "website": website, "role": role}
                       for account, website, role in (
                           ("a0", "w3", "viewer"), ("a0", "w4", "member"), ("a1", "w0", "member"),
                           ("a2", "w0", "owner"))]
        return operations

    def label(self, kind):
        self.given[kind] += 1
        return f"{kind}{self.given[kind] - 1}"

    def next(self, step):
        if step % 25 == 0:
            return self.rights()
        for account in ("a0", "a1"):  # who can do nothing shows nothing
            if not self.labels(lambda token: self.is_whole(token, self.run.made[account])):
                return {"do": "token", "as": self.label("t"), "account": account}
        (kind,) = self.random.choices([kind for _, kind in KINDS], [weight for weight, _ in KINDS])
        return kind(self)

    # Who and what.

    def some(self, kind):
        return self.random.choice([label for label in self.run.made if label[0] == kind])

    def labels(self, passes):
        return [label for label, thing in self.run.made.items()
                if label[0] == "t" and passes(thing)]

    def is_whole(self, token, account):
        """Says whether TOKEN may do all that ACCOUNT may; a disabled one has no need to."""
        return account.disabled or (
            token.account is account and token.permissions == {"*"} and token.websites is None
            and token.expires is None and not token.revoked)

    def caller(self, permission=None):
        """Mostly one that lives and holds PERMISSION, the newer the likelier."""
        world, dice = self.run.world, self.random.random()
        if dice < 0.02:
            return self.random.choice([None, "garbage", "unknown"])
        if dice < 0.08:
            return self.some("t")
        turned = self.labels(lambda token: token.replaced_key)
        if turned and dice < 0.13:
            return self.random.choice(turned) + ":old"
        found = self.labels(lambda token: world.lives(token) and not token.account.disabled
                            and (dice < 0.16 or permission is None
                                 or permission in world.granted(token)))
        if not found:
            return self.some("t")
        label = self.random.choice(found[-8:] if dice < 0.5 else found)
        return label + ":old" if len(self.run.keys[label]) > 1 and dice > 0.6 else label

    def target(self, key):
        """Whom the caller of KEY asks about: itself, mostly where it holds a replaced key; what it
        has made, which may have become wider than it is; any other."""
        dice, caller = self.random.random(), self.token_of(key)
        if dice < 0.05:
            return self.random.choice(BAD_IDS)
        if dice < (0.6 if key and key.endswith(":old") else 0.15):
            return "self"
        living = self.labels(lambda token: self.run.world.lives(token) and token.parent)
        made = caller and [one for one in living if descends(self.run.made[one], caller)]
        if made and dice > 0.7:
            return "@" + self.random.choice(made)
        return "@" + (self.random.choice(living) if living and dice < 0.65 else self.some("t"))

    def call(self, method, path, key, **more):
        if self.random.random() < 0.05:
            more["source"] = "127.0.0.2"
        return {"do": "call", "web": self.random.randrange(2), "method": method, "path": path,
                "key": key, **more}

    # Bodies.

    def scope_body(self, outer):
        """Around the scope of OUTER: inside, at its edge, beyond it, or nonsense."""
        body = {}
        for field, choose, bad in (("name", self.choose_name, BAD_NAMES),
                                   ("permissions", self.choose_permissions, BAD_PERMISSIONS),
                                   ("websiteIds", self.choose_websites, BAD_WEBSITES),
                                   ("allowedIps", self.choose_networks, BAD_NETWORKS),
                                   ("expiresAt", self.choose_moment, BAD_MOMENTS),
                                   ("expiresIn", self.choose_seconds, BAD_SECONDS)):
            dice = self.random.random()
            if field == "expiresIn" and "expiresAt" in body:
                if dice < 0.98 or body["expiresAt"] in BAD_MOMENTS:
                    continue
            if dice < USUALLY_ABSENT.get(field, 0.4):
                continue
            body[field] = self.random.choice(bad) if dice > 0.98 else choose(outer)
        if self.random.random() < 0.01:
            body[self.random.choice(UNKNOWN_FIELDS)] = 1
        names = list(body)
        self.random.shuffle(names)
        return {name: body[name] for name in names}

    def choose_name(self, outer):
        return self.random.choice(NAMES)

    def choose_permissions(self, outer):
        dice = self.random.random()
        if dice < 0.08:
            return ["*"]
        if dice < 0.12:
            return list(PERMISSIONS)
        held = self.run.world.granted(outer) if outer else list(PERMISSIONS)
        chosen = [one for one in held if self.random.random() < 0.8]
        if self.random.random() < 0.8:
            chosen += [one for one in ("api-keys:read", "api-keys:write")
                       if one in held and one not in chosen]
        if dice > 0.9:
            chosen.append(self.random.choice(PERMISSIONS))
        if dice > 0.96:
            chosen += chosen[:3]
        self.random.shuffle(chosen)
        return chosen or ["goals:read"]

    def choose_websites(self, outer):
        dice = self.random.random()
        if dice < 0.15:
            return []
        ids = {thing.id: label for label, thing in self.run.made.items() if label[0] == "w"}
        if outer is None:
            found = list(ids.values())
        elif outer.websites is not None:
            found = sorted(ids[one] for one in outer.websites)
        else:
            found = [ids[one] for account, one in self.run.world.roles if account is outer.account]
        chosen = ["@" + one for one in found if self.random.random() < 0.7]
        chosen = chosen or ["@" + self.some("w")]
        if dice > 0.85:
            chosen.append("@" + self.some("w"))
        if dice > 0.97:
            chosen.append(self.random.choice([UNKNOWN_ID, chosen[0]]))
        self.random.shuffle(chosen)
        return chosen

    def choose_networks(self, outer):
        return self.random.sample(NETWORKS, self.random.choice([0, 1, 1, 2, 3]))

    def choose_moment(self, outer):
        dice = self.random.random()
        ending = self.labels(lambda token: token.expires)
        if dice < 0.1:
            return None
        if outer is not None and outer.expires and dice < 0.6:
            label = next(one for one in self.run.made if self.run.made[one] is outer)
            return f"@end:{label}:{self.random.choice([-1000, -1, 0, 0, 1])}"
        if ending and dice < 0.7:
            return f"@end:{self.random.choice(ending)}:0"
        if dice < 0.8:
            return self.random.choice(["2040-01-01T00:00:00+02:00", "2040-01-01T00:00:00.123456Z",
                                       "2040-01-01T00:00:00-23:59", "2040-02-29T12:00:00.5Z"])
        return f"@now:+{self.random.choice([1, 1000, 60000, 3600000, DAY, 30 * DAY])}"

    def choose_seconds(self, outer):
        if outer is not None and outer.expires and self.random.random() < 0.5:
            left = (outer.expires - self.run.world.now) // 1000
            if left >= 61:
                return left + self.random.choice([-1, 0, 1])
        return self.random.choice([60, 61, 3600, 86400, 30 * 86400, 315360000])

    # Kinds.

    def token_of(self, label):
        return self.run.made.get((label or "").partition(":")[0])

    def create(self):
        key = self.caller("api-keys:write")
        if self.sent and self.random.random() < 0.06:
            return self.again()
        body = self.scope_body(self.token_of(key))
        return self.keeping(self.call("POST", TOKENS, key, body=body, **{"as": self.label("t")}))

    def keeping(self, operation):
        """With an Idempotency-Key, now and then, so that it can be sent again."""
        dice = self.random.random()
        if dice < 0.02:
            operation["idempotency_key"] = self.random.choice(BAD_IDEMPOTENCY_KEYS)
        elif dice < 0.3:
            operation["idempotency_key"] = self.random.choice(["one", "two", "!~" * 127])
            self.sent.append(operation)
        return operation

    def again(self):
        """One of the last requests with an Idempotency-Key, sometimes from another caller."""
        operation = dict(self.random.choice(self.sent[-5:]), web=self.random.randrange(2))
        if "as" in operation:
            operation["as"] = self.label("t")
        if self.random.random() < 0.2:
            operation["key"] = self.caller("api-keys:write")
        return operation

    def delete(self):
        query = {}
        dice = self.random.random()
        if dice < 0.45:
            query["cascade"] = "true"
        elif dice < 0.55:
            query["cascade"] = self.random.choice(["false", "1", "TRUE", "", "yes"])
        key = self.caller("api-keys:write")
        target, wider = self.target(key), self.wider_than_their_makers()
        if wider and self.random.random() < 0.2:
            key, target = self.random.choice(wider)
        return self.call("DELETE", f"{TOKENS}/{target}", key, query=query)

    def wider_than_their_makers(self):
        """Pairs of a caller and a target that it has made and no longer covers."""
        living = self.labels(self.run.world.lives)
        makers = [one for one in living
                  if "api-keys:write" in self.run.world.granted(self.run.made[one])]
        return [(maker, "@" + one) for maker in makers for one in living
                if descends(self.run.made[one], self.run.made[maker])
                and not covers(self.run.made[maker], self.run.made[one])]

    def list(self):
        query = {}
        if self.random.random() < 0.15:
            query = dict(self.random.choice(BAD_QUERIES))
        else:
            query = self.query_filters()
            for name, values in (("limit", ["1", "2", "3", "10", "1000"]), ("cursor", ["@cursor"]),
                                 ("state", ["active", "expired", "revoked", "all"])):
                if self.random.random() < 0.35:
                    query[name] = self.random.choice(values)
        return self.call("GET", TOKENS, self.caller("api-keys:read"), query=query)

    def show(self):
        key = self.caller("api-keys:read")
        return self.call("GET", f"{TOKENS}/{self.target(key)}", key)

    def simple(self):
        path = self.random.choice([TOKENS + "/self", B + "/account", B + "/permissions",
                                   B + "/audit", WEBSITES, WEBSITES])
        needed = {WEBSITES: "websites:read", B + "/audit": "api-keys:read"}
        return self.call("GET", path, self.caller(needed.get(path)))

    def query_filters(self):
        """The filters of a list, or of a revocation of many."""
        chosen = {}
        for name, values in (("q", ["r", "REPORT", "%", "_", "'", "\\", "ï", "Ä", "ä"]),
                             ("parentId", ["@" + self.some("t"), UNKNOWN_ID]),
                             ("permission", ["goals:read", "api-keys:write", "*"]),
                             ("websiteId", ["@" + self.some("w"), UNKNOWN_ID])):
            if self.random.random() < 0.25:
                chosen[name] = self.random.choice(values)
        return chosen

    def patch(self):
        key = self.caller("api-keys:write")
        target = self.target(key)
        body = self.scope_body(self.token_of(target.strip("@") if target != "self" else key))
        query = {}
        if self.random.random() < 0.5:
            query["cascade"] = self.random.choice(["true", "true", "true", "false", "1"])
        return self.call("PATCH", f"{TOKENS}/{target}", key, body=body, query=query)

    def rotate(self):
        body = self.random.choice([None, {}, {"graceSeconds": 0}, {"graceSeconds": 86400},
                                   {"graceSeconds": 60}, {"graceSeconds": 3600}])
        if self.random.random() < 0.1:
            body = {"graceSeconds": self.random.choice([-1, 86401, 1.5, "0", None])}
        turned = [one for one in self.sent if one["path"].endswith("/rotate")]
        if turned and self.random.random() < 0.25:
            return {**turned[-1], "web": self.random.randrange(2)}
        key = self.caller("api-keys:write")
        return self.keeping(self.call("POST", f"{TOKENS}/{self.target(key)}/rotate", key,
                                      body=body))

    def sweep(self):
        body = self.query_filters()
        for name, values in (("state", ["active", "expired", "all", None]),
                             ("dryRun", [True, True, False, "true"]),
                             ("cascade", [True, False, 1])):
            if self.random.random() < 0.4:
                body[name] = self.random.choice(values)
        return self.call("POST", TOKENS + "/revoke", self.caller("api-keys:write"), body=body)

    def new_website(self):
        label = self.label("w")
        taken = [one.domain for one in self.run.world.websites.values()]
        body = {"domain": f"{label}.example"}
        if self.random.random() < 0.3:
            body["domain"] = self.random.choice(BAD_DOMAINS + taken)
        if self.random.random() < 0.5:
            body["name"] = self.random.choice(NAMES[:-1] + BAD_NAMES)
        return self.call("POST", WEBSITES, self.caller("websites:write"), body=body,
                         **{"as": label})

    def website_path(self):
        return f"{WEBSITES}/" + ("@" + self.some("w") if self.random.random() < 0.95
                                 else self.random.choice(BAD_IDS))

    def one_website(self):
        dice = self.random.random()
        if dice < 0.4:
            return self.call("GET", self.website_path(), self.caller("websites:read"))
        if dice < 0.8:
            return self.call("PUT", self.website_path(), self.caller("settings:write"),
                             body=self.renaming())
        return self.call("DELETE", self.website_path(), self.caller("websites:write"))

    def renaming(self):
        if self.random.random() < 0.1:
            return self.random.choice([{}, {"domain": "x.example"}, {"name": None}, {"id": "x"}])
        return {"name": self.random.choice(NAMES[:-1] + BAD_NAMES)}

    def team(self):
        path = self.website_path() + "/team"
        dice = self.random.random()
        if dice < 0.3:
            query = {"limit": "1"} if self.random.random() < 0.3 else {}
            return self.call("GET", path, self.caller("team:read"), query=query)
        path += "/" + ("@" + self.some("a") if self.random.random() < 0.95
                       else self.random.choice(BAD_IDS))
        if dice < 0.5:
            return self.call("DELETE", path, self.caller("team:write"))
        role = self.random.choice(["viewer", "member", "owner", "owner", "none", None, 1])
        body = {"role": role} if self.random.random() < 0.95 else {"roles": role}
        return self.call("PUT", path, self.caller("team:write"), body=body)

    def rename_account(self):
        return self.call("PUT", B + "/account", self.caller("settings:write"),
                         body=self.renaming())

    def disabling(self):
        """Never of the first, of which most tokens are; what is disabled comes back."""
        label = self.random.choice([
            label for label in self.run.made if label[0] == "a" and label != "a0"])
        return {"do": "enable" if self.run.made[label].disabled else "disable", "account": label}

    def look(self):
        living = self.labels(lambda token: self.run.world.lives(token))
        return {"do": "look", "web": self.random.randrange(2),
                "limit": self.random.choice([7, 20, 1000]),
                "key": self.random.choice(living or ["t0"]),
                "tokens": [self.some("t") for _ in range(5)]}

    def rights(self):
        """Of those that live, mostly."""
        living = self.labels(self.run.world.lives)
        return {"do": "rights", "web": self.random.randrange(2), "tokens": self.random.sample(
            living, min(6, len(living))) + [self.some("t")]}

    def hostile(self):
        key = self.caller("api-keys:write")
        dice = self.random.random()
        if dice < 0.5:
            return self.call("POST", TOKENS, key, body=self.random.choice(NO_OBJECTS),
                             **{"as": self.label("t")})
        if dice < 0.7:
            return self.call("GET", self.random.choice([B, TOKENS + "/", B + "/nothing", B + "//",
                                                        TOKENS + "/self/x"]), key)
        if dice < 0.85:
            return self.call("DELETE", self.random.choice([TOKENS, WEBSITES, B + "/account"]), key)
        return self.call("GET", f"{TOKENS}/{self.random.choice(BAD_IDS)}", key)

    def clock(self):
        ending = self.labels(lambda token: token.expires and not token.revoked)
        if ending and self.random.random() < 0.4:
            label = self.random.choice(ending)
            return {"do": "clock", "to": f"@end:{label}:{self.random.choice([-1, 0, 1])}"}
        step = self.random.choice([1, 1000, 60000, 3600000, DAY, -1, -1000, -60000, -3600000])
        return {"do": "clock", "to": f"@now:{step:+}"}

    def role(self):
        return {"do": "role", "account": self.some("a"), "website": self.some("w"),
                "role": self.random.choice(["viewer", "member", "owner", None])}

    def website(self, account):
        label = self.label("w")
        return {"do": "website", "as": label, "account": account, "domain": f"{label}.example"}

    def website_change(self):
        if self.random.random() < 0.6:
            return self.website(self.some("a"))
        return {"do": "website removal", "website": self.some("w")}

    def operator(self):
        if self.random.random() < 0.5:
            return {"do": "token", "as": self.label("t"), "account": self.some("a")}
        return {"do": "revocation", "token": self.some("t"),
                "cascade": self.random.random() < 0.5}

    def restart(self):
        return {"do": "restart", "web": self.random.randrange(2)}

    def inspection(self):
        return {"do": "inspection"}


# How often, and what.
KINDS = [
    (30, Generator.create),
    (7, Generator.delete),
    (7, Generator.list),
    (6, Generator.show),
    (9, Generator.simple),
    (3, Generator.look),
    (6, Generator.clock),
    (4, Generator.role),
    (3, Generator.website_change),
    (8, Generator.hostile),
    (2, Generator.operator),
    (0.4, Generator.disabling),
    (0.3, Generator.restart),
    (0.7, Generator.inspection),
    (10, Generator.patch),
    (7, Generator.rotate),
    (2, Generator.sweep),
    (4, Generator.new_website),
    (5, Generator.one_website),
    (6, Generator.team),
    (2, Generator.rename_account),
]
