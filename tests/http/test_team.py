# SPDX-License-Identifier: ISC
"""Who has a role on a website is decided by its owners, of whom one always stays; what a role leaves
of a token is asked at every request, by every process, and never more than the token's row."""
import contextlib
import random
import sqlite3
import threading

import pytest

from asking import MEMO, QUICK, bearer, line
from claviger_site import B, SEED, TOKENS
from conftest import opened
from refusals import tells_nothing, without_request_id

WEBSITES = B + "/websites"
UNKNOWN_ID = "0123456789abcdef01234567"
MALFORMED_IDS = [UNKNOWN_ID[:-1], UNKNOWN_ID + "8", UNKNOWN_ID.upper(), "g" * 24, "null", "self",
                 "0" * 24]
NAMES = ("ada", "bob", "eve")


class Scene:
    """Two processes on one database, and three accounts with a token each that may do everything."""

    def __init__(self, site):
        self.site = site
        self.webs = site.start(), site.start()
        self.web = self.webs[0]
        self.ids = {name: site.account(f"{name}@example.com") for name in NAMES}
        self.keys = {name: site.token(f"{name}@example.com")["key"] for name in NAMES}
        self.count = 0

    def ask(self, method, path, body=None, key="ada", web=None):
        answer = (web or self.web).call(method, path, body, key=self.keys.get(key, key)).check()
        if answer.status >= 400:
            tells_nothing(self.site, answer)
        return answer

    def website(self, **roles):
        """A new website of ada's, on which the others have ROLES."""
        self.count += 1
        made = self.ask("POST", WEBSITES, {"domain": f"t{self.count}.example"}).first["id"]
        for name, role in roles.items():
            assert self.set(made, name, role).status == 200
        return made

    def path(self, website, name=None):
        return f"{WEBSITES}/{website}/team" + (f"/{self.ids.get(name, name)}" if name else "")

    def set(self, website, name, role, key="ada", web=None):
        return self.ask("PUT", self.path(website, name), {"role": role}, key, web)

    def remove(self, website, name, key="ada", web=None):
        return self.ask("DELETE", self.path(website, name), None, key, web)

    def team(self, website, key="ada", web=None):
        """{name: role}, as KEY is told."""
        answer = self.ask("GET", self.path(website), None, key, web)
        assert answer.status == 200, answer.error
        by_id = {id_: name for name, id_ in self.ids.items()}
        return {by_id[member["accountId"]]: member["role"] for member in answer.data}

    def roles(self):
        return self.site.rows("SELECT * FROM memberships ORDER BY account, website")

    @contextlib.contextmanager
    def nothing_changes(self):
        def kept():
            return self.roles(), self.site.rows("SELECT count(*) FROM audit")
        before = kept()
        yield
        assert kept() == before


@pytest.fixture(scope="module")
def scene():
    for site in opened(QUICK + MEMO):
        yield Scene(site)


# ---- Giving and taking -------------------------------------------------------------------------

def test_a_role_is_given_shown_changed_and_taken(scene):
    website = scene.website()
    assert scene.team(website) == {"ada": "owner"}
    for role in ("viewer", "member", "owner", "viewer"):
        answer = scene.set(website, "bob", role)
        record = {"accountId": scene.ids["bob"], "name": "bob@example.com", "role": role}
        assert (answer.status, answer.data) == (200, [record])
        assert scene.team(website) == {"ada": "owner", "bob": role}
        assert scene.ask("GET", f"{WEBSITES}/{website}", key="bob").first["role"] == role
    answer = scene.remove(website, "bob")
    assert (answer.status, answer.data) == (200, [{"message": "Team member removed successfully"}])
    assert scene.team(website) == {"ada": "owner"}
    scene.ask("GET", f"{WEBSITES}/{website}", key="bob").refused(404, "not_found")
    scene.remove(website, "bob").refused(404, "not_found")


def test_a_team_does_not_tell_emails(scene):
    website = scene.website(bob="viewer")
    assert scene.ask("PUT", B + "/account", {"name": "Bob"}, "bob").status == 200
    answer = scene.ask("GET", scene.path(website), key="bob")
    assert b"bob@example.com" not in answer.body
    assert answer.data[1] == {"accountId": scene.ids["bob"], "name": "Bob", "role": "viewer"}
    assert scene.ask("PUT", B + "/account", {"name": "bob@example.com"}, "bob").status == 200


BODIES = [
    ("", "invalid_json", None), ("[]", "invalid_json", None), ('"owner"', "invalid_json", None),
    ('{"role":"owner","role":"viewer"}', "invalid_json", None), ("{}", "invalid_field", "role"),
    ('{"role":null}', "invalid_field", "role"), ('{"role":"none"}', "invalid_field", "role"),
    ('{"role":""}', "invalid_field", "role"), ('{"role":"Owner"}', "invalid_field", "role"),
    ('{"role":" owner"}', "invalid_field", "role"), ('{"role":"admin"}', "invalid_field", "role"),
    ('{"role":"owner\\u0000"}', "invalid_field", "role"), ('{"role":3}', "invalid_field", "role"),
    ('{"role":["owner"]}', "invalid_field", "role"), ('{"role":true}', "invalid_field", "role"),
    ('{"role":"owner","accountId":"x"}', "unknown_field", "accountId"),
    ('{"Role":"owner"}', "unknown_field", "Role"), ('{"role\\u0000":"owner"}', "unknown_field", None),
]


@pytest.mark.parametrize("body, reason, field", BODIES, ids=[case[0] or "nothing" for case in BODIES])
def test_what_is_no_role_is_refused(scene, body, reason, field):
    website = scene.website()
    with scene.nothing_changes():
        for path in (scene.path(website, "bob"), scene.path(website, UNKNOWN_ID),
                     scene.path(UNKNOWN_ID, "bob")):
            answer = scene.ask("PUT", path, body)
            if field is None:
                assert (answer.status, answer.reason) == (400, reason)
            else:
                answer.refused(400, reason, field)


def test_a_role_is_sent_as_json(scene):
    path = scene.path(scene.website(), "bob")
    with scene.nothing_changes():
        for header in ((), ("Content-Type: text/plain",)):
            body = b'{"role":"owner"}'
            answer = scene.web.raw(line("PUT", path, bearer(scene.keys["ada"]), *header,
                                        f"Content-Length: {len(body)}", body=body))
            answer.refused(415, "unsupported_media_type")


@pytest.mark.parametrize("method, body", [("PUT", {"role": "viewer"}), ("DELETE", None)])
def test_an_account_that_is_not_there_is_not_found(scene, method, body):
    website = scene.website()
    with scene.nothing_changes():
        answers = [scene.ask(method, f"{scene.path(website)}/{name}", body)
                   for name in (UNKNOWN_ID, *MALFORMED_IDS)]
        # On a website that is not seen nobody learns which accounts there are.
        answers += [scene.ask(method, scene.path(website, name), body, "eve")
                    for name in ("ada", "bob", UNKNOWN_ID)]
    for answer in answers:
        answer.refused(404, "not_found")
        assert without_request_id(answer) == without_request_id(answers[0])


@pytest.mark.parametrize("role", ["member", "viewer"])
def test_only_an_owner_gives_and_takes(scene, role):
    """Not even for itself, and not to what it is already."""
    website = scene.website(bob=role)
    with scene.nothing_changes():
        for name in NAMES:
            for wanted in ("owner", "member", "viewer"):
                scene.set(website, name, wanted, "bob").refused(403, "insufficient_scope")
            scene.remove(website, name, "bob").refused(403, "insufficient_scope")
    assert scene.team(website, "bob") == {"ada": "owner", "bob": role}


def test_a_narrow_token_of_an_owner_gives_roles_where_it_reaches(scene):
    website, other = scene.website(), scene.website()
    narrow = scene.web.create(scene.keys["ada"], permissions=["team:write"],
                              websiteIds=[website])["key"]
    assert scene.set(website, "bob", "viewer", narrow).status == 200
    with scene.nothing_changes():
        scene.set(other, "bob", "viewer", narrow).refused(404, "not_found")
        scene.ask("GET", scene.path(website), key=narrow).refused(403, "insufficient_scope")
    # The role that it gave is another account's: its own row is what it was.
    record = scene.ask("GET", TOKENS + "/self", key=narrow).first
    assert (record["permissions"], record["websiteIds"]) == (["team:write"], [website])


# ---- The last owner ----------------------------------------------------------------------------

@pytest.mark.parametrize("role", ["viewer", "member", None])
def test_the_last_owner_stays(scene, role):
    website = scene.website(bob="member", eve="viewer")

    def lower(name, key):
        return scene.set(website, name, role, key) if role else scene.remove(website, name, key)

    with scene.nothing_changes():
        lower("ada", "ada").refused(409, "last_owner")
    assert scene.set(website, "bob", "owner").status == 200
    assert lower("ada", "ada").status == 200
    assert scene.team(website, "bob").get("ada") == role
    with scene.nothing_changes():
        lower("bob", "bob").refused(409, "last_owner")
        assert lower("bob", "ada").status in (403, 404)


def test_an_owner_whose_account_is_disabled_is_none_that_remains(scene):
    gone = scene.site.account("gone@example.com")
    website = scene.website()
    assert scene.set(website, gone, "owner").status == 200
    scene.site.admin("account", "disable", gone)
    with scene.nothing_changes():
        scene.remove(website, "ada").refused(409, "last_owner")
        scene.site.admin("team", "remove", website, "--account", "ada@example.com", status=1)
    assert scene.remove(website, gone).status == 200


def test_two_owners_who_remove_each_other_leave_one(scene):
    """At the same moment, each at a process of its own."""
    for _ in range(12):
        website = scene.website(bob="owner")
        start = threading.Barrier(2)
        statuses = {}

        def leave(name, web):
            start.wait()
            statuses[name] = scene.remove(website, name, name, web).status

        threads = [threading.Thread(target=leave, args=pair)
                   for pair in zip(("ada", "bob"), scene.webs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses.values()) == [200, 409], statuses
        left = min(statuses, key=lambda name: statuses[name] == 200)
        assert scene.team(website, left) == {left: "owner"}


# ---- At the next request -----------------------------------------------------------------------

def test_a_role_that_changed_counts_at_the_next_request_of_each_process(scene):
    website = scene.website()
    path = f"{WEBSITES}/{website}"
    child = scene.web.create(scene.keys["bob"], permissions=["settings:write", "websites:read"])
    for first, other in (scene.webs, scene.webs[::-1]) * 3:
        for key in ("bob", child["key"]):
            assert scene.set(website, "bob", "member", web=first).status == 200
            assert scene.ask("PUT", path, {"name": "x"}, key, other).status == 200
            assert scene.set(website, "bob", "viewer", web=first).status == 200
            for web in (other, first):
                scene.ask("PUT", path, {"name": "x"}, key, web).refused(403, "insufficient_scope")
                assert scene.ask("GET", path, None, key, web).first["role"] == "viewer"
            assert scene.remove(website, "bob", web=first).status == 200
            for web in (other, first):
                scene.ask("GET", path, None, key, web).refused(404, "not_found")


def test_who_loses_a_role_loses_what_its_tokens_reached_and_no_more(scene):
    one, two = scene.website(bob="owner"), scene.website(bob="member")
    keys = {name: scene.web.create(scene.keys["bob"], websiteIds=ids)["key"]
            for name, ids in (("one", [one]), ("both", [one, two]), ("all", []))}
    assert scene.remove(one, "bob").status == 200
    for web in scene.webs[::-1]:
        for method, path, body in (("GET", WEBSITES, None), ("GET", TOKENS, None),
                                   ("POST", TOKENS, {}), ("POST", TOKENS, {"websiteIds": []}),
                                   ("GET", f"{WEBSITES}/{one}", None),
                                   ("PUT", scene.path(one, "bob"), {"role": "owner"}),
                                   ("GET", f"{WEBSITES}/{two}", None)):
            scene.ask(method, path, body, keys["one"], web).refused(403, "insufficient_scope")
        for name in ("both", "all"):
            seen = {website["id"] for website in scene.ask("GET", WEBSITES, None, keys[name],
                                                           web).data}
            assert two in seen and one not in seen
    # What was lost cannot be handed on by name, and comes back with the role and not before.
    scene.ask("POST", TOKENS, {"websiteIds": [one]}, "bob").refused(404, "not_found",
                                                                    "websiteIds[0]")
    assert scene.set(one, "bob", "viewer").status == 200
    listed = scene.ask("GET", WEBSITES, None, keys["one"], scene.webs[1]).data
    assert [(website["id"], website["role"]) for website in listed] == [(one, "viewer")]


def test_a_disabled_account_acts_for_no_website_from_the_next_request_on(scene):
    account = scene.site.account("short@example.com")
    key = scene.site.token("short@example.com")["key"]
    website = scene.website()
    assert scene.set(website, account, "owner").status == 200
    for web in scene.webs:
        assert scene.ask("GET", scene.path(website), None, key, web).status == 200
    scene.site.admin("account", "disable", account)
    for web in scene.webs:
        for method, path, body in (("GET", WEBSITES, None), ("DELETE", f"{WEBSITES}/{website}",
                                                             None),
                                   ("PUT", scene.path(website, account), {"role": "owner"})):
            scene.ask(method, path, body, key, web).refused(401, "invalid_token")


# ---- Against a model ---------------------------------------------------------------------------

class Model:
    """Websites and roles in plain dictionaries, and tokens of fixed rows over them."""

    def __init__(self, scene, chance):
        self.scene, self.chance = scene, chance
        self.roles = {}  # website: {name: role}
        self.tokens = []  # (name, set of websites or None for all, key)
        for _ in range(3):
            self.roles[scene.website()] = {"ada": "owner"}
        self.mine = list(self.roles)

    def make_token(self):
        name = self.chance.choice(NAMES)
        reached = [website for website in self.mine if name in self.roles.get(website, {})]
        chosen = [website for website in reached if self.chance.random() < 0.5]
        body = {"permissions": ["websites:read", "settings:write"], "websiteIds": chosen}
        key = self.scene.web.create(self.scene.keys[name], **body)["key"]
        self.tokens.append((name, set(chosen) or None, key))

    def step(self):
        scene, chance = self.scene, self.chance
        web = chance.choice(scene.webs)
        website = chance.choice(self.mine)
        roles = self.roles.get(website, {})
        owners = [name for name in NAMES if roles.get(name) == "owner"]
        name, role = chance.choice(NAMES), chance.choice(["owner", "member", "viewer", None])
        kind = chance.random()
        if kind < 0.12:
            self.make_token()
        elif kind < 0.2 and owners:
            key = chance.choice(owners)
            assert scene.ask("DELETE", f"{WEBSITES}/{website}", None, key, web).status == 200
            del self.roles[website]
        elif kind < 0.28:
            made = scene.website()
            self.roles[made] = {"ada": "owner"}
            self.mine.append(made)
        elif owners:
            key = chance.choice(owners)
            answer = (scene.set(website, name, role, key, web) if role
                      else scene.remove(website, name, key, web))
            if role is None and name not in roles:
                assert answer.status == 404
            elif owners == [name] and role != "owner":
                answer.refused(409, "last_owner")
            else:
                assert answer.status == 200, answer.error
                roles.pop(name, None)
                roles.update({name: role} if role else {})

    def effective(self, name, row):
        """What a token reaches: its row, cut to where its account has a role now."""
        return {website: self.roles[website][name] for website in self.mine
                if name in self.roles.get(website, {}) and (row is None or website in row)}

    def check(self):
        for name, row, key in self.tokens:
            web = self.chance.choice(self.scene.webs)
            expected = self.effective(name, row)
            answer = self.scene.ask("GET", WEBSITES + "?limit=1000", None, key, web)
            if row is not None and not expected:
                answer.refused(403, "insufficient_scope")
                continue
            found = {website["id"]: website["role"] for website in answer.data}
            assert {one: role for one, role in found.items() if one in self.mine} == expected
            if row is not None:
                assert set(found) <= row


def test_a_token_reaches_what_its_row_and_its_roles_have_in_common(scene):
    """P3, P4, P7: whatever becomes of websites and roles. CLAVIGER_SEED repeats a run."""
    print(f"CLAVIGER_SEED={SEED}")
    model = Model(scene, random.Random(SEED))
    rows = "SELECT id, permissions, every_website, websites FROM tokens ORDER BY sequence"
    before = []
    for _ in range(4):
        model.make_token()
    for _ in range(90):
        model.step()
        model.check()
        after = scene.site.rows(rows)
        assert after[:len(before)] == before
        before = after


# ---- Pages, the operator -----------------------------------------------------------------------

def test_a_large_team_comes_in_pages(scene):
    website = scene.website()
    with contextlib.closing(sqlite3.connect(scene.site.database, timeout=30)) as store:
        (sequence,), = store.execute("SELECT sequence FROM websites WHERE id = ?",
                                     [bytes.fromhex(website)]).fetchall()
        for number in range(1200):
            added = store.execute(
                "INSERT INTO accounts (id, email, name, created_at) VALUES (?, ?, ?, 1)",
                [bytes.fromhex(f"{number:024x}"), f"n{number}@example.com", "<" * 100])
            store.execute("INSERT INTO memberships VALUES (?, ?, 'viewer')",
                          [added.lastrowid, sequence])
        store.commit()
    for query in ("", "limit=1000&", "limit=99&"):
        found, cursor = [], ""
        while cursor is not None:
            answer = scene.ask("GET", scene.path(website) + "?" + query
                               + (f"cursor={cursor}" if cursor else ""))
            assert answer.status == 200, answer.error
            # As much as a thread that accepts can leave in a socket without waiting.
            assert len(answer.body) <= 176 * 1024
            found += [member["accountId"] for member in answer.data]
            cursor = answer.json["pagination"]["nextCursor"]
        assert found == [scene.ids["ada"]] + [f"{number:024x}" for number in range(1200)]
    for query, field in (("limit=0", "limit"), ("cursor=", "cursor"), ("cursor=AAAA", "cursor")):
        scene.ask("GET", f"{scene.path(website)}?{query}").refused(400, "invalid_parameter", field)


def test_the_operator_gives_and_takes_roles_for_the_next_request(scene):
    website = scene.website()
    admin = scene.site.admin_json
    (record,) = admin("team", "set", website, "--account", "bob@example.com", "--role", "member")
    assert record == {"accountId": scene.ids["bob"], "name": "bob@example.com", "role": "member"}
    for web in scene.webs:
        assert scene.team(website, "bob", web) == {"ada": "owner", "bob": "member"}
    assert [member["role"] for member in admin("team", "list", website)] == ["owner", "member"]
    admin("team", "remove", website, "--account", scene.ids["bob"])
    for web in scene.webs:
        scene.ask("GET", scene.path(website), None, "bob", web).refused(404, "not_found")
    with scene.nothing_changes():
        scene.site.admin("team", "remove", website, "--account", "ada@example.com", status=1)
        scene.site.admin("team", "remove", website, "--account", "bob@example.com", status=5)
