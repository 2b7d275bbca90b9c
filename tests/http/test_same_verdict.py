# SPDX-License-Identifier: ISC
"""P13 of security.md: verify, introspection, the gate and the routes themselves agree on random
tokens, permissions and websites."""
import contextlib
import random

import pytest

from asking import ALL_PERMISSIONS, MEMO, QUICK, change, check_bare, form
from claviger_site import B, PLAIN_CGI, ROUNDS, SEED, TOKENS
from conftest import opened
from fastcgi_peer import AUTHORIZER, Peer, request, variables

TOKENS_MADE = max(10, min(ROUNDS // 5, 60))
QUESTIONS = 15  # of each token
UNKNOWN_ID = "0123456789abcdef01234567"

# What asks for a permission without a website, and with one: method, path, body. Each changes
# nothing.
ANYWHERE = {"api-keys:read": ("GET", TOKENS, None),
            "api-keys:write": ("POST", TOKENS, {"unknown": 1}),
            "websites:read": ("GET", B + "/websites", None),
            "settings:write": ("PUT", B + "/account", {"name": "the same"})}
THERE = {"websites:read": ("GET", B + "/websites/{}", None),
         "settings:write": ("PUT", B + "/websites/{}", {"name": "the same"}),
         "team:read": ("GET", B + "/websites/{}/team", None)}


# Each permission at the gate, without a website and with one.
NEEDED = ["*", *ALL_PERMISSIONS]
POLICY = "".join(f"GET /{i} {name} -\nGET /{i}/{{website}} {name} path:website\n"
                 for i, name in enumerate(NEEDED))


def write_policy(site):
    policy = site.directory / "policy"
    policy.write_text(POLICY)
    policy.chmod(0o600)


class Scene:
    def __init__(self, site, chance):
        self.site, self.chance = site, chance
        self.web = site.start()
        site.account("other@example.com")
        self.other = site.token("other@example.com")["key"]
        self.account = self.web.call("GET", B + "/account").first["id"]
        self.owned = [site.website(f"{name}.example") for name in ("one", "two", "three")]
        self.shared = {name: site.website(f"{name}.example", "other@example.com")
                       for name in ("viewer", "member", "former")}
        self.foreign = [site.website("theirs.example", "other@example.com"), UNKNOWN_ID]
        self.gone = site.website("gone.example")
        for role, website in self.shared.items():
            self.give(website, "member" if role == "former" else role)
        self.tokens = [self.make() for _ in range(TOKENS_MADE)]
        self.web.call("DELETE", f"{B}/websites/{self.gone}")
        self.web.call("DELETE", f"{B}/websites/{self.shared['former']}/team/{self.account}",
                      key=self.other)
        self.websites = [*self.owned, *self.shared.values(), *self.foreign, self.gone]

    def give(self, website, role):
        answer = self.web.call("PUT", f"{B}/websites/{website}/team/{self.account}",
                               {"role": role}, key=self.other)
        assert answer.status == 200

    def make(self):
        chance = self.chance
        permissions = chance.sample(ALL_PERMISSIONS, chance.randint(1, 18))
        permissions += [name for name in (*ANYWHERE, *THERE) if chance.random() < 0.5]
        within = [*self.owned, *self.shared.values(), self.gone]
        few = chance.choice([[self.gone], [self.gone, self.shared["former"]],
                             chance.sample(within, chance.randint(1, len(within)))])
        token = self.web.create(permissions=chance.choice([["*"], permissions, permissions]),
                                websiteIds=chance.choice([[], few, few]), expiresIn=3600)
        fate = chance.randrange(10)
        if fate == 0:
            self.web.call("DELETE", f"{TOKENS}/{token['id']}")
        elif fate == 1:
            change(self.site, "UPDATE tokens SET expires_at = created_at WHERE id = ?",
                   bytes.fromhex(token["id"]))
        elif fate == 2:
            self.web.rotate(token)
        elif fate == 3:
            self.web.rotate(token, graceSeconds=600)
        return token["key"]

    def by_verify(self, key, permission, website):
        body = {"key": key}
        if permission is not None:
            body["permissions"] = [permission]
        if website is not None:
            body["websiteId"] = website
        return self.web.call("POST", "/api/v1/verify", body).check().first.get("reason", "valid")

    def by_route(self, key, permission, website):
        method, path, body = (ANYWHERE if website is None else THERE)[permission]
        answer = self.web.call(method, path.format(website), body, key=key).check()
        if answer.status in (200, 400):
            return "valid"
        return {"not_found": "website_out_of_scope"}.get(answer.reason, answer.reason)


    def by_gate(self, key, permission, website):
        """The verdicts of a sub-request and, where there is one, of an authorizer."""
        uri = f"/{NEEDED.index(permission)}" + ("" if website is None else f"/{website}")
        answers = [self.web.call("GET", "/api/v1/authorize", key=key, headers={
            "X-Original-Method": "GET", "X-Original-URI": uri})]
        if not PLAIN_CGI:
            (path,) = (self.site.directory / self.web.name).glob("claviger.sock*")
            with contextlib.closing(Peer(path)) as peer:
                answers.append(peer.send(request(variables("GET", uri, key=key),
                                                 role=AUTHORIZER)).reply().answer)
        return {"valid" if answer.status == 200 else answer.reason for answer in answers}


@pytest.fixture(scope="module")
def scene():
    print(f"CLAVIGER_SEED={SEED}")
    config = QUICK + MEMO + "policy = {directory}/policy\ngate_headers = x-original\n"
    for site in opened(config, make=write_policy):
        yield Scene(site, random.Random(SEED))


def test_verify_says_what_the_routes_do(scene):
    seen = set()
    for key in scene.tokens:
        for _ in range(QUESTIONS):
            website = scene.chance.choice([None, *scene.websites])
            permission = scene.chance.choice(list(ANYWHERE if website is None else THERE))
            asked = (f"CLAVIGER_SEED={SEED}", key[:7], permission, website)
            verdict = scene.by_verify(key, permission, website)
            route = scene.by_route(key, permission, website)
            # A token whose websites are all gone is told so by the route before it looks at one.
            nothing_left = scene.by_verify(key, None, None) == "insufficient_scope"
            if nothing_left and website is not None:
                assert verdict != "valid" and route == "insufficient_scope", asked
            else:
                assert verdict == route, asked
            seen.add((verdict, website is None))
    assert {"valid", "insufficient_scope", "invalid_token"} <= {verdict for verdict, _ in seen}


def test_the_gate_says_what_verify_does(scene):
    """It tells nobody whether it is the permission or the website that is lacking."""
    seen = set()
    for key in scene.tokens:
        for _ in range(QUESTIONS):
            permission = scene.chance.choice(NEEDED)
            website = scene.chance.choice([None, *scene.websites])
            verdict = scene.by_verify(key, permission, website)
            expected = {"website_out_of_scope": "insufficient_scope"}.get(verdict, verdict)
            assert scene.by_gate(key, permission, website) == {expected}, (
                f"CLAVIGER_SEED={SEED}", key[:7], permission, website, verdict)
            seen.add(verdict)
    assert seen == {"valid", "insufficient_scope", "invalid_token", "website_out_of_scope"}


def test_introspection_says_what_verify_does(scene):
    """Of a website on which a role cuts the scope it says only that the token reaches it: one text
    of scopes holds for all websites. It never says less than verify, and the same where the account
    is owner."""
    for key in scene.tokens:
        told = check_bare(form(scene.web, "/api/v1/introspect", {"token": key}))
        scopes, websites = told.get("scope", "").split(), told.get("website_ids")
        for _ in range(QUESTIONS):
            permission = scene.chance.choice([None, "*", *ALL_PERMISSIONS])
            website = scene.chance.choice([None, *scene.websites])
            asked = (f"CLAVIGER_SEED={SEED}", key[:7], permission, website, told)
            verdict = scene.by_verify(key, permission, website)
            assert told["active"] == (verdict != "invalid_token"), asked
            if not told["active"]:
                continue
            holds = permission in scopes if permission else bool(scopes)
            if website is None:
                assert holds == (verdict == "valid"), asked
            elif websites is not None and (permission is None or not holds):
                assert (holds and website in websites) == (verdict == "valid"), asked
            elif website in scene.owned:
                reached = websites is None or website in websites
                assert (holds and reached) == (verdict == "valid"), asked
            elif verdict == "valid":
                assert holds and (websites is None or website in websites), asked
            if websites is not None and website is not None:
                reached = scene.by_verify(key, None, website) == "valid"
                assert (website in websites) == reached, asked
