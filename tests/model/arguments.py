# SPDX-License-Identifier: ISC
"""What clients send: names and networks that will do, and what nobody should send."""

UNKNOWN_ID = "0123456789abcdef01234567"
NAMES = ["report", "Report 2", "100% sure", "under_score", "o'brien", "back\\slash", "naïve",
         "😀" * 100, "<b>x</b>", "'; DROP TABLE", "%s%n", "..", "a\u00a0b", "x" * 100, "Ä", None]
BAD_NAMES = ["", "  ", "x" * 101, "😀" * 101, 1, [], {}, True, "a\nb", "\u202ex", "\ufeff", "\0",
             "dft_" + "A" * 48]
BAD_PERMISSIONS = [None, "analytics:read", {}, 5, [], ["goals:read"] * 65, ["analytics:read", 1],
                   [None], [["x"]], ["analytics:Read"], ["analytics:*"], ["*:read"], [""],
                   ["*", "goals:read"], ["goals:read", "*"], ["*", "*"], ["*", "nothing:read"]]
BAD_WEBSITES = [None, "", {}, [UNKNOWN_ID] * 1001, ["xyz"], [UNKNOWN_ID.upper()],
                [UNKNOWN_ID[:23]], [1], [None], [UNKNOWN_ID, 1]]
BAD_MOMENTS = ["tomorrow", "", 1767225600, "2030-02-30T00:00:00Z", "2040-01-01",
               "2040-01-01T00:00:00", "2040-01-01T24:00:00Z", "2040-06-30T23:59:60Z",
               "2040-01-01T00:00:00+00:60", "2020-01-01T00:00:00Z", "@now:+0", "@now:-1", [], True]
BAD_SECONDS = [59, 0, -1, 315360001, 60.5, "60", True, None, 60.0, 10 ** 30]
UNKNOWN_FIELDS = ["permission", "Permissions", "permissions ", "scope", "id", "parentId", "key",
                  "createdAt", "account", ""]
NO_OBJECTS = ["", "{", "[]", "null", "{} x", '{"name":"a","name":"b"}', '{"name":NaN}', "{'a':1}"]
BAD_IDS = [UNKNOWN_ID, "0" * 24, UNKNOWN_ID.upper(), UNKNOWN_ID[:23], "null", "%20", "..."]
# The tests themselves come from 127.0.0.1, sometimes 127.0.0.2.
NETWORKS = ["127.0.0.0/8", "127.0.0.0/30", "127.0.0.0/31", "127.0.0.1", "127.0.0.1/32", "127.0.0.2",
            "0.0.0.0/0", "10.0.0.0/8", "2001:db8::/32", "2001:db8::1", "::/0"]
BAD_NETWORKS = [None, "10.0.0.0/8", {}, ["x"], [""], [1], ["127.0.0.1", "10.0.0.1/8"],
                ["10.0.0.0/33"], ["10.0.0.0/08"], ["10.0.0.0/"], ["10.1"], ["2001:db8::1/32"],
                ["127.0.0.1"] * 65]
USUALLY_ABSENT = {"allowedIps": 0.85, "expiresAt": 0.6, "expiresIn": 0.6}
BAD_DOMAINS = ["", "a..b", "-a.example", "a-.example", "A.example", "a b", "ex_ample", "x" * 64,
               "." * 3, "a.example.", 1, None, [], "é.example", ".".join(["x" * 63] * 4)]
BAD_IDEMPOTENCY_KEYS = ["x" * 256, "a b", "dft_" + "A" * 48, "é"]
BAD_QUERIES = [{"limit": "0"}, {"limit": "1001"}, {"limit": "1e2"}, {"limit": ""},
               {"limit": "-1"}, {"limit": " 5"}, {"state": "dead"}, {"state": ""},
               {"state": "Active"}, {"q": "x" * 101}, {"cursor": ""}, {"cursor": "x" * 32},
               {"unknown": "x"}]
DAY = 24 * 3600 * 1000
