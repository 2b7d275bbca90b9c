# SPDX-License-Identifier: ISC
"""Websites are made, found, renamed and deleted by whom scope and role allow it, and by nobody else;
what is deleted is gone for every token at the next request, and widens none."""
import contextlib
import re
import sqlite3

import pytest

from asking import ALL_PERMISSIONS, MEMO, QUICK, bearer, line
from claviger_site import B, TOKENS, checksum
from conftest import opened
from refusals import tells_nothing, without_request_id

WEBSITES = B + "/websites"
UNKNOWN_ID = "0123456789abcdef01234567"
MALFORMED_IDS = [UNKNOWN_ID[:-1], UNKNOWN_ID + "8", UNKNOWN_ID.upper(), "g" * 24, "null", "self",
                 "0" * 24, "%2e%2e"]


class Scene:
    """An owner, and three other accounts with a token each that may do everything."""

    def __init__(self, site):
        self.site = site
        self.web = site.start()
        self.accounts, self.keys = {}, {"owner": site.owner_key}
        for name in ("member", "viewer", "stranger"):
            self.accounts[name] = site.account(f"{name}@example.com")
            self.keys[name] = site.token(f"{name}@example.com")["key"]
        self.count = 0

    def ask(self, method, path, body=None, key="owner"):
        answer = self.web.call(method, path, body, key=self.keys.get(key, key)).check()
        if answer.status >= 400:
            tells_nothing(self.site, answer)
        return answer

    def make(self, **body):
        """A new website of the owner, on which the others have the roles they are named by."""
        self.count += 1
        answer = self.ask("POST", WEBSITES, {"domain": f"w{self.count}.example", **body})
        assert answer.status == 201, answer.error
        return answer.first

    def shared(self):
        website = self.make()
        for role in ("member", "viewer"):
            path = f"{WEBSITES}/{website['id']}/team/{self.accounts[role]}"
            assert self.ask("PUT", path, {"role": role}).status == 200
        return website

    def kept(self):
        """All that the database keeps of accounts, websites and roles."""
        return [self.site.rows(f"SELECT * FROM {table} ORDER BY 1, 2")
                for table in ("accounts", "websites", "memberships", "audit")]

    @contextlib.contextmanager
    def nothing_changes(self):
        before = self.kept()
        yield
        assert self.kept() == before

    def listed(self, key="owner", query=""):
        return {website["id"] for website in self.ask("GET", WEBSITES + query, key=key).data}


@pytest.fixture(scope="module")
def scene():
    for site in opened(QUICK + MEMO):
        yield Scene(site)


# ---- Making ------------------------------------------------------------------------------------

def test_a_website_is_made_shown_and_listed(scene):
    answer = scene.ask("POST", WEBSITES, {"domain": "shop.example.com", "name": "The shop"})
    assert answer.status == 201
    website = answer.first
    assert re.fullmatch(r"[0-9a-f]{24}", website["id"])
    assert website == {"id": website["id"], "_id": website["id"], "domain": "shop.example.com",
                       "name": "The shop", "role": "owner", "createdAt": website["createdAt"]}
    assert answer.header("Location") == f"{WEBSITES}/{website['id']}"
    assert scene.ask("GET", answer.header("Location")).data == [website]
    assert website in scene.ask("GET", WEBSITES).data
    # A token of all websites reaches it from now on, also to hand it down.
    assert scene.web.create(websiteIds=[website["id"]])["websiteIds"] == [website["id"]]


def test_a_website_is_called_as_its_domain_where_it_is_not_named(scene):
    longest = ".".join(["a" * 63] * 3 + ["b" * 61])
    for domain in ("localhost", "1.example", "xn--bcher-kva.de", longest):
        assert scene.ask("POST", WEBSITES, {"domain": domain}).first["name"] == domain


def test_a_domain_belongs_to_one_website(scene):
    domain = scene.make()["domain"]
    for key in ("owner", "stranger"):
        with scene.nothing_changes():
            for spelt in (domain, domain.upper()):
                answer = scene.ask("POST", WEBSITES, {"domain": spelt}, key)
                answer.refused(409, "conflict", "domain")


def test_a_domain_means_the_same_in_capitals(scene):
    answer = scene.ask("POST", WEBSITES, {"domain": "WWW.Capitals.Example"})
    assert answer.status == 201
    assert (answer.first["domain"], answer.first["name"]) == ("www.capitals.example",) * 2


KEY = "dft_" + "0" * 42
NAMES = ["", "  ", "x" * 101, 1, True, [], {}, None, "a\nb", "\u0085", "\u202e", "\ufeffx",
         KEY + checksum(KEY), {"x": 1}]
DOMAINS = ["", " ", "a..b", ".a", "a.", "-a.b", "a-.b", "a_b.c", "a b", "a.b:80",
           "http://a.b", "a.b/", "bücher.de", "a\u0000.b", "a" * 64, "a." * 127, "x" * 60000, "*",
           "[::1]", 1, True, [], {}, None]


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda value: repr(value)[:24])
def test_what_is_no_host_name_is_refused(scene, domain):
    with scene.nothing_changes():
        scene.ask("POST", WEBSITES, {"domain": domain}).refused(400, "invalid_field", "domain")


@pytest.mark.parametrize("name", NAMES, ids=lambda value: repr(value)[:24])
def test_what_is_no_name_is_refused(scene, name):
    website = scene.make()
    with scene.nothing_changes():
        for method, path, more in (("POST", WEBSITES, {"domain": "unnamed.example"}),
                                   ("PUT", f"{WEBSITES}/{website['id']}", {}),
                                   ("PUT", f"{WEBSITES}/{UNKNOWN_ID}", {}),
                                   ("PUT", B + "/account", {})):
            scene.ask(method, path, {**more, "name": name}).refused(400, "invalid_field", "name")


@pytest.mark.parametrize("name", ["<b>x</b>", "'; DROP TABLE websites; --", "%s%n", "..", "😀" * 100])
def test_a_name_is_kept_exactly(scene, name):
    website = scene.make(name=name)
    assert website["name"] == name
    other = scene.make()
    path = f"{WEBSITES}/{other['id']}"
    assert scene.ask("PUT", path, {"name": name}).data == [{**other, "name": name}]
    assert scene.ask("GET", path).data == [{**other, "name": name}]


BODIES = [
    # label, body, status, reason, field
    ("nothing", "", 400, "invalid_json", None),
    ("no object", "[]", 400, "invalid_json", None),
    ("half of one", '{"name"', 400, "invalid_json", None),
    ("the same name twice", '{"name":"a","name":"b"}', 400, "invalid_json", None),
    ("an empty object", "{}", 400, "invalid_field", "name"),
    ("the domain, which stays", '{"name":"a","domain":"new.example"}', 400, "unknown_field",
     "domain"),
    ("another id", '{"name":"a","id":"%s"}' % UNKNOWN_ID, 400, "unknown_field", "id"),
    ("an owner", '{"name":"a","owner":"x"}', 400, "unknown_field", "owner"),
    ("a role", '{"name":"a","role":"owner"}', 400, "unknown_field", "role"),
    ("an email", '{"name":"a","email":"a@b.c"}', 400, "unknown_field", "email"),
    ("upper case", '{"Name":"a"}', 400, "unknown_field", "Name"),
    ("60 KiB", '{"name":"%s"}' % ("x" * 60000), 400, "invalid_field", "name"),
    ("too large", "{" + " " * 65536, 413, "body_too_large", None),
]


@pytest.mark.parametrize("label, body, status, reason, field", BODIES,
                         ids=[case[0] for case in BODIES])
def test_a_change_of_a_name_takes_a_name_and_nothing_else(scene, label, body, status, reason,
                                                          field):
    website = scene.make()
    with scene.nothing_changes():
        for path in (f"{WEBSITES}/{website['id']}", f"{WEBSITES}/{UNKNOWN_ID}", B + "/account"):
            scene.ask("PUT", path, body).refused(status, reason, field)


@pytest.mark.parametrize("body, reason, field", [
    ("", "invalid_json", None), ("{}", "invalid_field", "domain"),
    ('{"name":1}', "invalid_field", "domain"), ('{"domain":1,"x":1}', "unknown_field", "x"),
    ('{"domain":"a.b","id":"x"}', "unknown_field", "id"),
    ('{"domain":"a.b","role":"owner"}', "unknown_field", "role"),
    ('{"domain":"a.b","account":"x"}', "unknown_field", "account"),
    ('{"domain":"a.b","createdAt":null}', "unknown_field", "createdAt"),
])
def test_a_creation_takes_domain_and_name_and_nothing_else(scene, body, reason, field):
    with scene.nothing_changes():
        scene.ask("POST", WEBSITES, body).refused(400, reason, field)


@pytest.mark.parametrize("method, path", [
    ("POST", WEBSITES), ("PUT", f"{WEBSITES}/{UNKNOWN_ID}"), ("PUT", B + "/account"),
    ("PUT", f"{WEBSITES}/{UNKNOWN_ID}/team/{UNKNOWN_ID}")])
@pytest.mark.parametrize("header", [
    None, "Content-Type: text/plain", "Content-Type: application/merge-patch+json",
    "Content-Type: application/json; charset=latin1"])
def test_a_body_is_json_and_says_so(scene, method, path, header):
    """Before anybody is let in, as the order of the checks is."""
    for headers in ([], [bearer(scene.site.owner_key)]):
        lines = [*headers, "Content-Length: 2"] + ([header] if header else [])
        with scene.nothing_changes():
            answer = scene.web.raw(line(method, path, *lines, body=b"{}"))
        answer.refused(415, "unsupported_media_type")


# ---- Who may -----------------------------------------------------------------------------------

# Route: permission, what a path needs behind the website's id, body, and the roles that suffice.
ALL_ROLES, NO_VIEWER, OWNER = ("owner", "member", "viewer"), ("owner", "member"), ("owner",)
ROUTES = [
    ("GET", "websites:read", "", None, ALL_ROLES),
    ("GET", "team:read", "/team", None, ALL_ROLES),
    ("PUT", "settings:write", "", {"name": "Renamed"}, NO_VIEWER),
    ("PUT", "team:write", "/team/{member}", {"role": "viewer"}, OWNER),
    ("DELETE", "team:write", "/team/{viewer}", None, OWNER),
    ("DELETE", "websites:write", "", None, OWNER),
]
ROUTE_NAMES = [f"{method} {behind or '/'}" for method, _, behind, _, _ in ROUTES]


def path_of(scene, website, behind):
    return f"{WEBSITES}/{website}" + behind.format(**scene.accounts)


@pytest.mark.parametrize("method, permission, behind, body, roles", ROUTES, ids=ROUTE_NAMES)
@pytest.mark.parametrize("role", ["owner", "member", "viewer", "stranger"])
def test_a_role_decides_what_may_be_done(scene, role, method, permission, behind, body, roles):
    website = scene.shared()
    path = path_of(scene, website["id"], behind)
    if role in roles:
        answer = scene.ask(method, path, body, role)
        assert answer.status == 200, answer.error
        return
    with scene.nothing_changes():
        answer = scene.ask(method, path, body, role)
    if role == "stranger":
        answer.refused(404, "not_found")
        return
    answer.refused(403, "insufficient_scope")
    assert f'scope="{permission}"' in answer.header("WWW-Authenticate")
    assert role in answer.error["message"]


@pytest.mark.parametrize("method, permission, behind, body, roles", ROUTES, ids=ROUTE_NAMES)
def test_a_token_needs_the_permission_and_the_website(scene, method, permission, behind, body,
                                                      roles):
    website, other = scene.shared(), scene.shared()
    path = path_of(scene, website["id"], behind)
    lacking = scene.web.create(permissions=[p for p in ALL_PERMISSIONS if p != permission])
    outside = scene.web.create(websiteIds=[other["id"]])
    enough = scene.web.create(permissions=[permission], websiteIds=[website["id"]])
    with scene.nothing_changes():
        scene.ask(method, path, body, lacking["key"]).refused(403, "insufficient_scope")
        scene.ask(method, path, body, outside["key"]).refused(404, "not_found")
    assert scene.ask(method, path, body, enough["key"]).status == 200


@pytest.mark.parametrize("method, permission, behind, body, roles", ROUTES, ids=ROUTE_NAMES)
def test_what_is_not_seen_is_as_if_it_were_not(scene, method, permission, behind, body, roles):
    """Another account's, outside the caller's list, unknown, and malformed: one answer."""
    website, other = scene.shared(), scene.shared()
    outside = scene.web.create(websiteIds=[other["id"]])
    with scene.nothing_changes():
        answers = [scene.ask(method, path_of(scene, name, behind), body, key)
                   for name, key in ((website["id"], "stranger"), (website["id"], outside["key"]),
                                     *((name, key) for key in ("stranger", outside["key"])
                                       for name in (UNKNOWN_ID, *MALFORMED_IDS)))]
    for answer in answers:
        answer.refused(404, "not_found")
        assert without_request_id(answer) == without_request_id(answers[0])


def test_a_caller_limited_to_websites_makes_none(scene):
    website = scene.make()
    limited = scene.web.create(websiteIds=[website["id"]])
    for key in (limited["key"], scene.web.create(permissions=["websites:read"])["key"]):
        with scene.nothing_changes():
            answer = scene.ask("POST", WEBSITES, {"domain": "limited.example"}, key)
            answer.refused(403, "insufficient_scope")
            assert 'scope="websites:write"' in answer.header("WWW-Authenticate")
            # Before anything is read of what it asks for.
            scene.ask("POST", WEBSITES, {"domain": 1}, key).refused(403, "insufficient_scope")
    key = scene.web.create(permissions=["websites:write"])["key"]
    assert scene.ask("POST", WEBSITES, {"domain": "by-narrow.example"}, key).status == 201


def test_an_account_is_renamed_for_all_its_tokens(scene):
    before = scene.ask("GET", B + "/account", key="stranger").first
    key = scene.web.create(scene.keys["stranger"], permissions=["settings:write"])["key"]
    answer = scene.ask("PUT", B + "/account", {"name": "Ada <Lovelace>"}, key)
    assert answer.status == 200
    record = answer.first
    assert record.pop("token")["permissions"] == ["settings:write"]
    before.pop("token")
    assert record == {**before, "name": "Ada <Lovelace>"}
    assert scene.ask("GET", B + "/account", key="stranger").first["name"] == "Ada <Lovelace>"
    assert scene.ask("GET", B + "/account").first["name"] == "Owner"
    key = scene.web.create(permissions=["settings:read", "websites:write"])["key"]
    with scene.nothing_changes():
        scene.ask("PUT", B + "/account", {"name": "x"}, key).refused(403, "insufficient_scope")


def test_every_change_is_in_the_audit(scene):
    website = scene.make(name="Audited")
    path = f"{WEBSITES}/{website['id']}"
    member = scene.accounts["member"]
    scene.ask("PUT", path, {"name": "Audited too"})
    scene.ask("PUT", f"{path}/team/{member}", {"role": "viewer"})
    scene.ask("PUT", f"{path}/team/{member}", {"role": "viewer"})  # changes nothing
    scene.ask("DELETE", f"{path}/team/{member}")
    scene.ask("DELETE", path)
    rows = scene.site.rows("SELECT action, actor IS NOT NULL, before, after FROM audit "
                           "WHERE target = ? ORDER BY sequence", bytes.fromhex(website["id"]))
    assert [row[0] for row in rows] == ["website.add", "website.change", "team.set", "team.remove",
                                        "website.remove"]
    assert all(row[1] for row in rows)
    assert "Audited" in rows[0][3] and "Audited too" in rows[1][3] and rows[4][3] is None
    assert member in rows[2][3] and "viewer" in rows[3][2]


# ---- Deletion ----------------------------------------------------------------------------------

def test_a_deleted_website_is_gone_for_every_token_at_the_next_request(scene):
    """On both of two processes, each of which has every key in its memory of good pairs."""
    second = scene.site.start()
    for first, other in ((scene.web, second), (second, scene.web)):
        gone, kept = scene.shared()["id"], scene.shared()["id"]
        tokens = {name: scene.web.create(websiteIds=ids) for name, ids in
                  (("gone", [gone]), ("both", [gone, kept]), ("all", []))}
        grandchild = scene.web.create(tokens["gone"]["key"], permissions=["websites:read"])
        keys = {**{name: token["key"] for name, token in tokens.items()},
                "grandchild": grandchild["key"], "member": scene.keys["member"]}
        for web in (first, other):
            for key in keys.values():
                assert web.call("GET", f"{WEBSITES}/{gone}", key=key).status == 200
        answer = first.call("DELETE", f"{WEBSITES}/{gone}", key=tokens["gone"]["key"])
        assert (answer.status, answer.data) == (
            200, [{"message": "Website deleted successfully"}])
        for web in (other, first):
            for name, key in keys.items():
                answer = web.call("GET", f"{WEBSITES}/{gone}", key=key)
                lost_all = name in ("gone", "grandchild")
                answer.refused(*(403, "insufficient_scope") if lost_all else (404, "not_found"))
                answer = web.call("GET", WEBSITES, key=key)
                if lost_all:
                    answer.refused(403, "insufficient_scope")
                else:
                    assert gone not in {website["id"] for website in answer.data}
            both = web.call("GET", WEBSITES, key=keys["both"]).data
            assert [website["id"] for website in both] == [kept]
        rows = scene.site.rows("SELECT every_website, websites FROM tokens WHERE id = ?",
                               bytes.fromhex(tokens["gone"]["id"]))
        assert rows == [(0, bytes.fromhex(gone))]
        assert scene.site.rows("SELECT count(*) FROM memberships WHERE website NOT IN "
                               "(SELECT sequence FROM websites)") == [(0,)]


def test_a_token_whose_last_website_was_deleted_can_do_nothing(scene):
    website = scene.make()["id"]
    key = scene.web.create(websiteIds=[website])["key"]
    account = scene.ask("GET", B + "/account").first["id"]
    assert scene.ask("DELETE", f"{WEBSITES}/{website}").status == 200
    other = scene.make()["id"]
    with scene.nothing_changes():
        for method, path, body in (
                ("GET", WEBSITES, None), ("POST", WEBSITES, {"domain": "revived.example"}),
                *((method, path_of(scene, name, behind), body) for name in (website, other)
                  for method, _, behind, body, _ in ROUTES),
                ("GET", TOKENS, None), ("POST", TOKENS, {}), ("POST", TOKENS, {"websiteIds": []}),
                ("PUT", B + "/account", {"name": "x"}), ("GET", B + "/audit", None),
                ("GET", B + "/activity", None),
                ("PUT", f"{WEBSITES}/{other}/team/{account}", {"role": "owner"})):
            scene.ask(method, path, body, key).refused(403, "insufficient_scope")


def test_a_domain_is_free_again_and_names_another_website(scene):
    first = scene.make()
    limited = scene.web.create(websiteIds=[first["id"]])
    scene.ask("DELETE", f"{WEBSITES}/{first['id']}")
    again = scene.ask("POST", WEBSITES, {"domain": first["domain"]})
    assert again.status == 201 and again.first["id"] != first["id"]
    scene.ask("GET", f"{WEBSITES}/{again.first['id']}", key=limited["key"]).refused(
        403, "insufficient_scope")
    scene.ask("GET", f"{WEBSITES}/{first['id']}").refused(404, "not_found")
    scene.ask("DELETE", f"{WEBSITES}/{first['id']}").refused(404, "not_found")


# ---- Pages -------------------------------------------------------------------------------------

MANY = 3000


@pytest.fixture(scope="module")
def crowd(scene):
    """An account with more websites than one answer holds; every third one is shared with it."""
    account = scene.site.account("crowd@example.com")
    key = scene.site.token("crowd@example.com")["key"]
    with contextlib.closing(sqlite3.connect(scene.site.database, timeout=30)) as store:
        (sequence,), = store.execute("SELECT sequence FROM accounts WHERE id = ?",
                                     [bytes.fromhex(account)]).fetchall()
        for number in range(MANY):
            added = store.execute(
                "INSERT INTO websites (id, domain, name, created_at) VALUES (?, ?, ?, ?)",
                [bytes.fromhex(f"{number:024x}"), f"crowd{number}.example", "<" * 100, number])
            store.execute("INSERT INTO memberships VALUES (?, ?, ?)",
                          [sequence, added.lastrowid, "viewer" if number % 3 else "owner"])
        store.commit()
    return key


def all_pages(scene, key, query=""):
    """The websites of all pages, and how many pages there were."""
    found, pages, cursor = [], 0, ""
    while cursor is not None:
        separator = "?" if not query else query + "&"
        answer = scene.ask("GET", WEBSITES + separator + (f"cursor={cursor}" if cursor else ""),
                           key=key)
        assert answer.status == 200, answer.error
        # As much as a thread that accepts can leave in a socket without waiting for its reader.
        assert len(answer.body) <= 176 * 1024
        found += answer.data
        pages += 1
        cursor = answer.json["pagination"]["nextCursor"]
        assert (answer.header("Link") is None) == (cursor is None)
    return found, pages


@pytest.mark.parametrize("query, least_pages", [("", 30), ("?limit=1000", 3), ("?limit=7", 429)])
def test_thousands_of_websites_come_in_pages(scene, crowd, query, least_pages):
    found, pages = all_pages(scene, crowd, query)
    assert [website["domain"] for website in found] == [f"crowd{n}.example" for n in range(MANY)]
    assert pages >= least_pages
    assert [website["role"] for website in found[:3]] == ["owner", "viewer", "viewer"]


def test_a_page_of_websites_is_as_long_as_was_asked(scene, crowd):
    assert len(scene.ask("GET", WEBSITES, key=crowd).data) == 100
    answer = scene.ask("GET", WEBSITES + "?limit=5&other=1", key=crowd)
    assert len(answer.data) == 5
    link = re.fullmatch(r'<(\?limit=5&cursor=[\w-]+)>; rel="next"', answer.header("Link")).group(1)
    following = scene.ask("GET", WEBSITES + link, key=crowd).data
    assert [website["domain"] for website in following] == [f"crowd{n}.example"
                                                            for n in range(5, 10)]


def test_a_limited_caller_gets_pages_of_its_own_websites(scene, crowd):
    ids = [f"{number:024x}" for number in (2, 1500, 2999)]
    key = scene.web.create(crowd, websiteIds=ids)["key"]
    for query in ("", "?limit=1", "?limit=2"):
        found, _ = all_pages(scene, key, query)
        assert [website["id"] for website in found] == ids


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=", "limit=1e2", "limit=5&limit=5"])
def test_a_limit_is_a_number_of_the_right_size(scene, crowd, query):
    scene.ask("GET", f"{WEBSITES}?{query}", key=crowd).refused(400, "invalid_parameter", "limit")


def test_a_cursor_is_good_for_this_list_of_this_account(scene, crowd):
    cursor = scene.ask("GET", WEBSITES + "?limit=1", key=crowd).json["pagination"]["nextCursor"]
    for _ in range(2):
        scene.web.create()
    tokens = scene.ask("GET", TOKENS + "?limit=1").json["pagination"]["nextCursor"]
    wrong = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    for path, key, text in ((WEBSITES, "owner", cursor), (WEBSITES, crowd, wrong),
                            (WEBSITES, crowd, ""), (WEBSITES, "owner", tokens),
                            (TOKENS, crowd, cursor), (B + "/audit", crowd, cursor)):
        answer = scene.ask("GET", f"{path}?cursor={text}", key=key)
        answer.refused(400, "invalid_parameter", "cursor")
