# SPDX-License-Identifier: ISC
"""The description of the interface agrees with the specification of OpenAPI, and with the program:
with its table of routes, both ways, and with what it answers."""
import pathlib
import re
import time

import jsonschema
import pytest

from asking import FORM, QUICK, change, check_bare, form
from claviger_site import B, ROOT, TOKENS, well_formed
from conftest import opened
from fastcgi_peer import Service
from routes import reasons_by_status, route_table
from test_envelopes import HOLDER, OF_ALL, OR_SELF

DOCUMENT = "/api/v1/openapi.json"
# The specification's own text, of Debian's package; the schema beside it is that of 3.0.
SPECIFICATION = pathlib.Path("/usr/share/openapi-specification/versions/3.1.0.md")
# Objects whose names are the author's, and what each holds.
FREE = {"pathsObject": "pathItemObject", "responsesObject": "responseObject",
        "securityRequirementObject": None}
METHODS = ("get", "head", "post", "put", "patch", "delete", "options")


@pytest.fixture(scope="module")
def document(web):
    return check_bare(web.call("GET", DOCUMENT, key=None))


def operations(document):
    return {f"{method.upper()} {path}": (item, item[method])
            for path, item in document["paths"].items() for method in METHODS if method in item}


def resolved(document, node):
    """NODE, or what it refers to."""
    while "$ref" in node:
        place = document
        for name in node["$ref"].removeprefix("#/").split("/"):
            place = place[name]
        node = place
    return node


def test_each_route_of_the_program_is_described_and_nothing_else_is(document):
    described = {route: operation.get("x-permission") for route, (_, operation) in
                 operations(document).items() if not route.endswith("/authorize")}
    assert described == {route: permission for route, (_, permission) in route_table().items()}
    gate = document["paths"]["/api/v1/authorize"]
    assert set(gate) == set(METHODS)


def test_who_needs_a_key_is_told_so(document):
    table = route_table()
    for route, (_, operation) in operations(document).items():
        if route.endswith("/authorize"):
            assert "security" not in operation
            continue
        access, permission = table[route]
        is_open = access not in (HOLDER, OF_ALL, OR_SELF, "ACCESS_CALLER")
        assert (operation.get("security") == []) == is_open, route
        assert ("401" in operation["responses"]) == (not is_open or "bootstrap" in route), route
        assert ("403" in operation["responses"]) == (permission is not None), route


@pytest.fixture(scope="module")
def rules():
    """What the tables of the specification say: {object: {field: (type, must it be there)}}."""
    objects = re.findall(r'(?ms)^#### <a name="(\w+Object)"></a>.*?$(.*?)(?=^#### |\Z)',
                         SPECIFICATION.read_text())
    found = {name: {field: (kind.strip(), words.startswith("**REQUIRED**")) for field, kind, words in
                    re.findall(r'(?m)^<a name="\w+"></a> *([$\w]+) *\| *(.*?)(?<!\\) \| *(.*)$', text)}
             for name, text in objects}
    found["headerObject"] = {field: rule for field, rule in found["parameterObject"].items()
                             if field not in ("name", "in")}
    assert found["infoObject"]["title"] == ("`string`", True) and len(found) > 25
    return found


def breaches(rules, kind, value, at="#"):
    """Where VALUE, an object of KIND, is not as the specification has it."""
    if kind == "schemaObject":  # JSON Schema's own, see below
        return
    if not isinstance(value, dict):
        yield f"{at} is no object"
        return
    if "$ref" in value:
        kind = "referenceObject"
    fields = rules[kind]
    yield from (f"{at} lacks {name}" for name, (_, must) in fields.items()
                if must and name not in value)
    for name, one in value.items():
        here = f"{at}/{name}"
        if name not in fields:
            if FREE.get(kind):
                yield from breaches(rules, FREE[kind], one, here)
            elif kind not in FREE and not name.startswith("x-"):
                yield f"{here} is unknown"
            continue
        wanted = fields[name][0]
        plain = {"`string`": str, "`boolean`": bool}.get(wanted)
        many = list if wanted.startswith("[[") else dict if wanted.startswith("Map[") else None
        target = re.search(r"#(\w+Object)\)", wanted)
        if not isinstance(one, plain or many or object):
            yield f"{here} is no {wanted}"
        elif target:
            parts = one.items() if many is dict else enumerate(one) if many else [("", one)]
            for part, inner in parts:
                yield from breaches(rules, target[1], inner, f"{here}/{part}" if many else here)


def test_each_object_has_the_fields_of_the_specification(document, rules):
    assert list(breaches(rules, "oasObject", document)) == []
    health = document["paths"]["/healthz"]["get"]
    for wrong, found in (
            ({"paths": {"/x": {"get": {**health, "summery": ""}}}},
             ["#/paths//x/get/summery is unknown"]),
            ({"info": {"title": "x"}}, ["#/info lacks version"]),
            ({"servers": {}}, ["#/servers is no [[Server Object](#serverObject)]"]),
            ({"paths": {"/x": {"get": {"responses": {"200": {}}}}}},
             ["#/paths//x/get/responses/200 lacks description"]),
            ({"components": {"parameters": {"p": {"name": 1, "in": "query"}}}},
             ["#/components/parameters/p/name is no `string`"])):
        assert list(breaches(rules, "oasObject", {**document, **wrong})) == found


def test_each_refusal_has_the_reasons_of_its_status(document):
    by_status = reasons_by_status()
    for _, operation in operations(document).values():
        for status, answer in operation["responses"].items():
            if status not in ("200", "201", "default"):
                content = resolved(document, answer)["content"]["application/json"]
                narrowed = content["schema"]["allOf"][1]["properties"]["error"]["properties"]
                assert set(narrowed["reason"]["enum"]) == by_status[status], status


def test_it_is_openapi_3_1(document):
    """Its schemas are JSON Schema of 2020-12; names are there once and lead somewhere."""
    assert document["openapi"] == "3.1.0" and document["info"]["title"] == "Claviger"
    assert document["servers"] == [{"url": "/"}]
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    names = [operation["operationId"] for _, operation in operations(document).values()]
    assert len(names) == len(set(names))
    for reference in re.findall(r"'\$ref': '([^']+)'", repr(document)):
        assert resolved(document, {"$ref": reference})
    for kind in ("parameters", "responses", "schemas"):
        for name in document["components"][kind]:
            assert f"#/components/{kind}/{name}'" in repr(document), f"{name}: nobody uses it"
    for route, (item, operation) in operations(document).items():
        parameters = [resolved(document, one) for one in
                      item.get("parameters", []) + operation.get("parameters", [])]
        in_path = {one["name"] for one in parameters if one["in"] == "path"}
        assert in_path == set(re.findall(r"\{(\w+)\}", route)), route
        assert len(parameters) == len({(one["name"], one["in"]) for one in parameters}), route
        assert all(re.fullmatch("[1-5][0-9][0-9]|default", status)
                   and resolved(document, answer)["description"]
                   for status, answer in operation["responses"].items()), route
        assert operation["summary"] and not set(item) - set(METHODS) - {"parameters"}, route


def valid(document, route, answer):
    """That ANSWER is one that is described for ROUTE."""
    operation = operations(document)[route][1]
    assert str(answer.status) in operation["responses"], (route, answer.status, answer.body)
    described = resolved(document, operation["responses"][str(answer.status)])
    (kind,) = described["content"]
    assert answer.header("Content-Type").startswith(kind)
    schema = described["content"][kind]["schema"]
    jsonschema.validate(answer.json, {**schema, "components": document["components"]},
                        jsonschema.Draft202012Validator)
    for name in described.get("headers", {}):
        if not name.startswith("X-RateLimit"):
            assert answer.header(name), (route, name)
    return answer


def test_what_each_route_refuses_is_described(web, document):
    lowly = web.create(permissions=["alerts:read"])["key"]
    owner = web.site.owner_key
    for route, (access, permission) in route_table().items():
        method, _, pattern = route.partition(" ")
        path = re.sub(r"\{\w+\}", "0" * 24, pattern)
        sent = {"body": "{}"} if method not in ("GET", "DELETE") else {}
        if access in (HOLDER, OF_ALL, OR_SELF, "ACCESS_CALLER"):
            for key, headers in ((None, {}), (lowly, {}), (owner, {"X-API-Key": owner})):
                headers |= {"Content-Type": FORM if pattern.endswith("introspect") else
                            "application/json"} if sent else {}
                found = valid(document, route, web.call(method, path, key=key, headers=headers, **sent))
                assert found.status == (401 if key is None else 400 if key == owner else
                                        403 if permission else 200), route
        if sent:
            for body, status in (("{}", 415), (" " * 65537, 413)):
                answer = web.call(method, path, body, headers={"Content-Type": "text/plain"})
                if pattern.endswith("bootstrap"):
                    status = 404
                assert valid(document, route, answer).status == status, route


def test_what_is_answered_is_as_described(web, document):
    site = web.site
    account = site.account("described@example.com")

    def ask(method, path, body=None, route=None, **more):
        return valid(document, f"{method} {route or path.partition('?')[0]}",
                     web.call(method, path, body, **more))

    one = B + "/websites/{websiteId}"
    made = ask("POST", B + "/websites", {"domain": "described.example"}).first["id"]
    website, team = f"{B}/websites/{made}", one + "/team/{accountId}"
    token = ask("POST", TOKENS, {"name": "a", "websiteIds": [made], "allowedIps": ["127.0.0.1"],
                                 "expiresIn": 60}).first
    narrow = ask("POST", TOKENS, {"permissions": ["goals:read"]}).first
    path, pattern = f"{TOKENS}/{token['id']}", TOKENS + "/{tokenId}"
    for body in ({"name": 1}, {"nam": "x"}, {"permissions": []}):
        assert ask("POST", TOKENS, body).status == 400
    ask("POST", TOKENS, {"websiteIds": ["0" * 24]})
    assert ask("POST", B + "/websites", {"domain": "described.example"}).status == 409
    for name, status in (("a", 201), ("b", 409)):
        assert ask("POST", TOKENS, {"name": name}, headers={"Idempotency-Key": "1"}).status == status
        assert ask("POST", path + "/rotate", {"graceSeconds": status}, route=pattern + "/rotate",
                   headers={"Idempotency-Key": "2"}).status == (200 if name == "a" else 409)
    assert ask("POST", TOKENS, {}, key=narrow["key"]).status == 403
    ask("GET", TOKENS, key=None)
    ask("GET", TOKENS, key=well_formed())
    ask("GET", TOKENS + "?limit=1&state=all&q=a")
    assert ask("GET", TOKENS + "?limit=0").status == 400
    ask("GET", TOKENS + "/self")
    ask("GET", path, route=pattern)
    assert ask("GET", TOKENS + "/" + "0" * 24, route=pattern).status == 404
    ask("PATCH", path, {"name": None}, route=pattern)
    ask("POST", path + "/rotate", {"graceSeconds": 5}, route=pattern + "/rotate")
    ask("POST", TOKENS + "/revoke", {"q": "a", "dryRun": True})
    for method, body in (("GET", None), ("PUT", {"name": "Described"})):
        ask(method, B + "/account", body)
        ask(method, website, body, route=one)
    ask("GET", B + "/permissions")
    ask("GET", B + "/websites?limit=1")
    ask("PUT", f"{website}/team/{account}", {"role": "viewer"}, route=team)
    ask("GET", website + "/team", route=one + "/team")
    ask("DELETE", f"{website}/team/{account}", route=team)
    owner = ask("GET", B + "/account").first["id"]
    for method, body in (("PUT", {"role": "viewer"}), ("DELETE", None)):
        assert ask(method, f"{website}/team/{owner}", body, route=team).status == 409
    ask("GET", B + "/audit?limit=1000")
    change(site, "INSERT INTO token_activity SELECT ?, sequence, 3, 1 FROM tokens WHERE id = ?",
           int(time.time()) // 3600, bytes.fromhex(token["id"]))
    for query, status in (("", 200), (f"?tokenId={token['id']}&days=1", 200), ("?days=0", 400),
                          ("?tokenId=" + "0" * 24, 404)):
        assert ask("GET", B + "/activity" + query).status == status
    for body in ({"key": narrow["key"]}, {"key": well_formed()}, {"key": 1},
                 {"key": narrow["key"], "permissions": ["goals:read"], "websiteId": "0" * 24}):
        ask("POST", "/api/v1/verify", body)
    for key in (token["key"], narrow["key"], site.owner_key, well_formed()):
        valid(document, "POST /api/v1/introspect", form(web, "/api/v1/introspect", {"token": key}))
        ask("POST", "/api/v1/introspect", {"token": key})
    ask("DELETE", path + "?cascade=true", route=pattern)
    ask("DELETE", website, route=one)
    valid(document, "POST /api/v1/revoke", form(web, "/api/v1/revoke", {"token": narrow["key"]}))
    ask("POST", "/api/v1/bootstrap", {"code": "x" * 16}, key=None)
    ask("GET", DOCUMENT, key=None)
    ask("GET", "/healthz", key=None)


def test_below_a_base_path_it_says_so():
    for site in opened(QUICK + "base_path = /claviger\n"):
        service = Service(site).wait("/claviger")
        answer = service.call(uri="/claviger" + DOCUMENT)
        assert answer.json["servers"] == [{"url": "/claviger"}]
        assert answer.json["paths"][TOKENS]["get"]["operationId"] == "listTokens"
        service.stop()
