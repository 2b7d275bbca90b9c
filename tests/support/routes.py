# SPDX-License-Identifier: ISC
"""The program's own lists, read out of its sources, for what must agree with them."""
import re

from claviger_site import B, ROOT


def route_table():
    """What the program's own table says: {"GET /path": (who may call, permission)}."""
    text = (ROOT / "fcgi" / "router.c").read_text()
    table = re.search(r"(?s)\broutes\[\] = \{\n(.*?)\n\};", text).group(1)
    lines = re.findall(r'\{\s*"([A-Z]+)",\s*(ADMIN)?\s*"([^"]+)",\s*\w+,\s*(ACCESS_\w+),'
                       r'\s*(?:"([^"]+)"|NULL),\s*BODY_\w+\s*\}', table)
    assert len(lines) == table.count("{ \""), "a line of the route table cannot be read"
    return {f"{method} {(B if admin else '') + path}": (access, permission or None)
            for method, admin, path, access, permission in lines}


def reasons_by_status():
    """The reasons of refusals, as the program has them in two places: {"404": {"not_found"}}."""
    reasons = dict(re.findall(r'case (RESULT_\w+):\s*return "(\w+)";',
                              (ROOT / "lib" / "error.c").read_text()))
    by_status = {}
    for cases, status in re.findall(r"((?:\tcase RESULT_\w+:\n)+)\t\treturn (\d+);",
                                    (ROOT / "fcgi" / "response.c").read_text()):
        by_status[status] = {reasons[one] for one in re.findall(r"RESULT_\w+", cases)
                             if one in reasons}
    return by_status


def settings():
    """The keys of the configuration and whether SIGHUP takes them over: {"log": True}."""
    text = (ROOT / "lib" / "setting.c").read_text()
    found = re.findall(r'(?m)^\t\[SETTING_\w+\] *= \{ "(\w+)",.*, *(true|false) *\},$', text)
    assert len(found) == text.count("\t[SETTING_"), "a line of the settings cannot be read"
    return {name: taken == "true" for name, taken in found}
