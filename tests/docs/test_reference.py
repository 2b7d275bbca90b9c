# SPDX-License-Identifier: ISC
"""docs/api.md against the program, both ways: its calls, what each needs, fields and refusals; and
the page of openapi.json against that file."""
import json
import re

import pytest

from claviger_site import BUILD, ROOT
from reader import blocks
from routes import reasons_by_status, route_table

PAGE = "docs/api.md"
TEXT = (ROOT / PAGE).read_text()
CALLS = re.findall(r"(?m)^`([A-Z*]+ /[^`]+)`, needs (.*)\.$", TEXT)
NEEDS = {"ACCESS_HOLDER": "`{}`", "ACCESS_HOLDER_OR_SELF": "`{}`, or is the token itself",
         "ACCESS_HOLDER_OF_ALL": "`{}` and a token that is not limited to websites",
         "ACCESS_CALLER": "any token", "ACCESS_ANYONE": "no token", "ACCESS_ALWAYS": "no token",
         "ACCESS_CODE": "the code"}
# What a handler asks besides what the table of routes says.
BESIDES = {"DELETE /api/v1/admin/websites/{websiteId}": " and the role `owner`",
           "GET /api/v1/admin/activity": ", and without `tokenId` a token that is not limited to websites",
           "* /api/v1/authorize": "the token of the guarded request"}


@pytest.fixture(scope="module")
def document():
    return json.loads((ROOT / "fcgi" / "openapi.json").read_text())


def table(heading, number=0):
    """The first column of a table below HEADING: the names in it."""
    section = re.search(rf"(?ms)^##+ {heading}$(.*?)(?=^##|\Z)", TEXT)[1]
    tables = re.findall(r"(?m)^\|---.*\n((?:\|.*\n)+)", section)
    first = [line.split(" | ")[0] for line in tables[number].splitlines()]
    return {name for cell in first for name in re.findall(r"`([^`]+)`", cell)}


def test_each_call_is_there_and_says_what_it_needs():
    wanted = {route: NEEDS[access].format(permission) + BESIDES.get(route, "")
              for route, (access, permission) in route_table().items()}
    wanted["* /api/v1/authorize"] = BESIDES["* /api/v1/authorize"]
    assert dict(CALLS) == wanted and len(CALLS) == len(wanted)


def test_each_call_has_an_example():
    sections = re.split(r"(?m)^##", TEXT)
    for route, _ in CALLS:
        method, path = route.split(" ")
        (section,) = [one for one in sections if f"\n`{route}`, needs" in one]
        address = re.escape(path).replace("websiteId", "tokenId").replace("accountId", "tokenId")
        address = address.replace(r"\{tokenId\}", r"\$\w+_ID")
        asked = re.findall(rf"curl( -X \w+)? \"?http://127\.0\.0\.1:8080{address}[\"?\s]", section)
        assert asked, route
        assert set(asked) <= {f" -X {method}"} or method in "GET*" or "/bootstrap" in path, route


def test_each_call_but_two_shows_its_answer():
    without = [block for block, answer in blocks(PAGE) if "curl" in block and answer is None]
    assert len(without) == 2 and "openapi.json" in without[0] and "metrics" in without[1]


def test_the_fields_are_those_that_are_described(document):
    schemas = document["components"]["schemas"]
    issued = [one for one in schemas["IssuedToken"]["allOf"] if "properties" in one][0]
    assert table("Access tokens") == {*schemas["Token"]["properties"], *issued["properties"]}
    assert table("Make a token") == set(schemas["TokenDraft"]["properties"])
    assert table("Revoke many tokens") == set(schemas["Sweep"]["properties"])


@pytest.mark.parametrize("heading, path", [("List tokens", "access-tokens"), ("Activity", "activity")])
def test_the_parameters_of_a_list_are_those_that_are_described(document, heading, path):
    shared = document["components"]["parameters"]
    described = {shared[one["$ref"].rpartition("/")[2]]["name"] if "$ref" in one else one["name"]
                 for one in document["paths"][f"/api/v1/admin/{path}"]["get"]["parameters"]}
    assert table(heading) == described


def test_each_refusal_is_listed_with_its_status():
    section = TEXT[TEXT.index("\n## Errors\n"):]
    listed = re.findall(r"(?m)^\| (\d+) \| `(\w+)` \|", section)
    wanted = {(status, reason) for status, reasons in reasons_by_status().items()
              for reason in reasons if status != "200"}
    assert set(listed) == wanted and len(listed) == len(wanted)


def test_the_catalogue_is_all_that_is_built_in():
    shown = re.search(r"(?s)### List the permissions\n.*?```json\n(.*?)```", TEXT)[1]
    built_in = re.findall(r'(?m)^\s*\{\s*"([a-z-]+:[a-z]+)",', (ROOT / "lib" / "permission.c").read_text())
    assert [one["name"] for one in json.loads(shown)["data"]] == built_in


def test_the_page_of_the_description_has_all_that_is_in_it(document):
    page = (BUILD / "site" / "docs" / "openapi.md").read_text()
    for path, item in document["paths"].items():
        for method in set(item) - {"parameters"}:
            assert re.search(rf"(?m)^`[A-Z, ]*\b{method.upper()}\b[A-Z, ]* {re.escape(path)}`.*"
                             f"`{item[method]['operationId']}`", page), (method, path)
    for kind in ("schemas", "responses"):
        for name in document["components"][kind]:
            assert page.count(f"\n### {name}\n") == 1 and f"(#{name.lower()})" in page, name
    for name, schema in document["components"]["schemas"].items():
        section = page.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
        for part in schema.get("allOf", [schema]):
            for field in part.get("properties", {}):
                assert f"| `{field}` |" in section, (name, field)
    for parameter in document["components"]["parameters"].values():
        assert f"| `{parameter['name']}` | {parameter['in']} |" in page
