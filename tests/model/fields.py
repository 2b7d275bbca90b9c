# SPDX-License-Identifier: ISC
"""What a body or a query may say, by the tables of the HTTP interface: the part of the reference
model that answers 400. It reads values as they were sent and knows no token."""
import datetime
import ipaddress
import re

PERMISSIONS = (
    "analytics:read", "goals:read", "goals:write", "payments:read", "payments:write",
    "identify:write", "websites:read", "websites:write", "settings:read", "settings:write",
    "funnels:read", "funnels:write", "alerts:read", "alerts:write", "team:read", "team:write",
    "api-keys:read", "api-keys:write")
STAR = frozenset({"*"})
STATES = {"active": ("active",), "expired": ("expired",),
          "revoked": ("revoked",), "all": ("active", "expired", "revoked")}
MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
EPOCH = datetime.datetime(1970, 1, 1)
# Characters that do not show, or that change how what stands beside them shows.
DECEPTIVE = re.compile("[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
KEY = re.compile("dft_[0-9A-Za-z]{48}")
IDEMPOTENCY_KEY = re.compile("[!-~]{1,255}")
DOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
                    r"(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*", re.DOTALL)


class Refused(Exception):
    """How a request is refused, and which of its fields is named."""

    def __init__(self, status, reason, field=None):
        super().__init__(status, reason, field)
        self.status, self.reason, self.field = status, reason, field


def invalid(field):
    return Refused(400, "invalid_field", field)


def members(body, known, empty=None):
    """The members of an object whose names are all KNOWN. EMPTY: what no body at all stands for."""
    if body is None and empty is not None:
        return dict(empty)
    if not isinstance(body, dict):
        raise Refused(400, "invalid_json")
    for name in body:
        if name not in known:
            raise Refused(400, "unknown_field", name or None)
    return body


def name(value, field="name"):
    if not isinstance(value, str) or len(value) > 100 or not value.strip(" \xa0"):
        raise invalid(field)
    if DECEPTIVE.search(value) or KEY.search(value):
        raise invalid(field)
    return value


def permissions(value):
    """The list as it was sent, so that a refusal can name the element."""
    if not isinstance(value, list) or not 1 <= len(value) <= 64:
        raise invalid("permissions")
    for i, one in enumerate(value):
        if not isinstance(one, str) or one not in PERMISSIONS + ("*",):
            raise invalid(f"permissions[{i}]")
    if "*" in value and len(value) > 1:
        raise invalid("permissions")
    return value


def website_ids(value):
    if not isinstance(value, list) or len(value) > 1000:
        raise invalid("websiteIds")
    for i, one in enumerate(value):
        if not isinstance(one, str) or not re.fullmatch("[0-9a-f]{24}", one):
            raise invalid(f"websiteIds[{i}]")
    return value


def moment(text):
    """Milliseconds since 1970, or None where TEXT is no moment."""
    match = MOMENT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    try:
        there = datetime.datetime.strptime(match[1], "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return None
    zone = 0
    if match[3] != "Z":
        hours, minutes = int(match[3][1:3]), int(match[3][4:])
        if hours > 23 or minutes > 59:
            return None
        zone = (hours * 60 + minutes) * (1 if match[3][0] == "+" else -1)
    fraction = int(((match[2] or "") + "000")[:3])
    return (there - EPOCH) // datetime.timedelta(milliseconds=1) - zone * 60000 + fraction


def written(at):
    """AT as the records show it."""
    if at is None:
        return None
    text = (EPOCH + datetime.timedelta(milliseconds=at)).isoformat(timespec="milliseconds")
    return text + "Z"


def expiry(body, now):
    """(field, moment or None for never) of what BODY says of an end; None where it says nothing."""
    said = None
    if "expiresAt" in body:
        at = moment(body["expiresAt"])
        if body["expiresAt"] is not None and (at is None or at <= now):
            raise invalid("expiresAt")
        said = "expiresAt", at
    if "expiresIn" in body:
        seconds = body["expiresIn"]
        if said or type(seconds) is not int or not 60 <= seconds <= 315360000:
            raise invalid("expiresIn")
        said = "expiresIn", now + seconds * 1000
    return said


def networks(value):
    """The networks of CIDR strings, none with bits set behind its prefix, as they were sent."""
    if not isinstance(value, list) or len(value) > 64:
        raise invalid("allowedIps")
    found = []
    for i, one in enumerate(value):
        if not isinstance(one, str) or not re.fullmatch("[0-9a-f.:]+(/(0|[1-9][0-9]*))?", one):
            raise invalid(f"allowedIps[{i}]")
        try:
            found.append(ipaddress.ip_network(one))
        except ValueError:
            raise invalid(f"allowedIps[{i}]") from None
    return found


def scope(body, now):
    """What a creation or a change says, each field checked in the order of its table."""
    said = {}
    if "name" in body:
        said["name"] = None if body["name"] is None else name(body["name"])
    for field, read in (("permissions", permissions), ("websiteIds", website_ids)):
        if field in body:
            said[field] = read(body[field])
    if "allowedIps" in body:
        said["allowedIps"] = networks(body["allowedIps"])
    end = expiry(body, now)
    if end:
        said["end"] = end
    return said


def flag(query, field):
    value = query.get(field, "false")
    if value not in ("true", "false"):
        raise Refused(400, "invalid_parameter", field)
    return value == "true"


def page_limit(query):
    value = query.get("limit", "100")
    if not re.fullmatch("[0-9]{1,4}", value) or not 1 <= int(value) <= 1000:
        raise Refused(400, "invalid_parameter", "limit")
    return int(value)


def parameter(field):
    return Refused(400, "invalid_parameter", field)


def name_part(value):
    """The text that names must hold, with ASCII's letters small."""
    if not isinstance(value, str) or not 1 <= len(value) <= 100:
        raise ValueError
    return ascii_lower(value)


def ascii_lower(text):
    return re.sub("[A-Z]", lambda match: match[0].lower(), text)


def one_of(values):
    def read(value):
        if not isinstance(value, str) or value not in values:
            raise ValueError
        return values[value]
    return read


def an_id(value):
    if not isinstance(value, str) or not re.fullmatch("[0-9a-f]{24}", value):
        raise ValueError
    return value


def a_moment(value):
    at = moment(value)
    if at is None:
        raise ValueError
    return at


def filters(values, states, refuse):
    """The filters of a list or of a revocation of many, each as it will be compared."""
    chosen = []
    for field, read, otherwise in (
            ("state", one_of(states), ("active", "expired")), ("q", name_part, None),
            ("parentId", an_id, None),
            ("permission", one_of({one: one for one in PERMISSIONS + ("*",)}), None),
            ("websiteId", an_id, None), ("unusedSince", a_moment, None)):
        try:
            chosen.append(read(values[field]) if field in values else otherwise)
        except ValueError:
            raise refuse(field) from None
    return tuple(chosen)


def list_filters(query):
    known = {name: value for name, value in query.items() if (name, value) != ("q", "")}
    return filters(known, STATES, parameter)


def sweep(body, now):
    """(filters, cascade, dryRun); state names one of two, and the last use lies in the past."""
    chosen = filters(body, {one: (one,) for one in ("active", "expired")}, invalid)
    if chosen[5] is not None and chosen[5] > now:
        raise invalid("unusedSince")
    for field in ("cascade", "dryRun"):
        if not isinstance(body.get(field, False), bool):
            raise invalid(field)
    if not set(body) - {"cascade", "dryRun", "cursor"}:
        raise Refused(400, "invalid_json")
    return chosen, body.get("cascade", False), body.get("dryRun", False)


def grace(body):
    """Seconds for which a replaced key goes on."""
    seconds = members(body, ("graceSeconds",), empty={}).get("graceSeconds", 0)
    if type(seconds) is not int or not 0 <= seconds <= 86400:
        raise invalid("graceSeconds")
    return seconds


def only_name(body):
    return name(members(body, ("name",)).get("name"))
