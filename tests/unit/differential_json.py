#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Asks json_scan (through json_scan_driver) and Python's json about the same texts.

Usage: differential_json.py DRIVER [ROUNDS]

The texts are random objects, most of them damaged by a few mutations, and the files of the fuzz
corpus. The two must agree on each. Where Python is known to be laxer than json_scan.h, the class
Strict below says so, one rule a function; an unknown difference is a failure. The seed is printed
and can be set by CLAVIGER_SEED.
"""
import json
import os
import pathlib
import random
import struct
import subprocess
import sys

DEPTH_MAX = 8
NAMES_MAX = 4096
CORPUS = pathlib.Path(__file__).resolve().parent.parent / "fuzz" / "corpus" / "json_scan"

NAMES = ["", "a", "b", "name", "Name", "permissions", "é", "😀", "\t", "/", '"', "\\", "\x7f"]
NUMBERS = ["0", "-0", "7", "-12", "1.5", "1e3", "1E+2", "2e-2", "1e999", "-1e999", "9" * 25,
           "9" * 5000, "0.1e-7"]
SNIPPETS = [
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"{}", b"[]", b'""', b'"a":1,', b'"a":1',
    b'"\\u0061":1,', b"'", b"//", b"/**/", b"#", b"NaN", b"Infinity", b"-Infinity", b"-", b"+",
    b".", b"e", b"E", b"0", b"01", b"1.", b".5", b"0x1", b"1e", b"1e999", b"true", b"True", b"nul",
    b"null", b"None", b"false", b"\\u0000", b"\\u12", b"\\x41", b"\\u{41}", b"\\'", b"\\ud800",
    b"\\udc00", b"\\ud800\\ud800", b"\\udc00\\udc00", b"\\ud83d\\ude00", b"\\u+041", b"\\u0x41", b"\\u 041",
    b"\\u1_23", b"\\U0041",
    b"\x00", b"\x01", b"\x1f", b"\x7f", b"\t", b"\n", b"\r", b"\x0b", b"\x0c", b"\x80", b"\xff",
    b"\xc0\xaf", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf0\x9f",
    b"\xef\xbb\xbf",
    b"\xc2\xa0", b"\xc2\x85", b"\xe2\x80\xa8", b"\xd9\xa1", b"\xf0\x9f\x98\x80", b"\xfe\xff",
]


class Refused(Exception):
    """Python took it; json_scan.h says no."""


class Strict:
    """What json_scan.h promises beyond Python's json, asked after Python took the text."""

    @staticmethod
    def no_constants(_word):
        raise Refused("NaN, Infinity and -Infinity are no JSON")

    @staticmethod
    def members(pairs):
        names = [name for name, _ in pairs]
        if len(set(names)) != len(names):
            raise Refused("a name stands twice in one object")
        if any("\0" in name for name in names):
            raise Refused("a NUL in a name")
        return Members(names, dict(pairs))

    @staticmethod
    def text(value):
        if any("\ud800" <= c <= "\udfff" for c in value):
            raise Refused("half of a surrogate pair")

    @classmethod
    def value(cls, value, depth=1, open_names=0):
        if isinstance(value, str):
            cls.text(value)
        if not isinstance(value, (Members, list)):
            return
        if depth > DEPTH_MAX:
            raise Refused("nested too deeply")
        for item in value if isinstance(value, list) else []:
            cls.value(item, depth + 1, open_names)
        for name in value.names if isinstance(value, Members) else []:
            open_names += 1
            if open_names > NAMES_MAX:
                raise Refused("too many members")
            cls.text(name)
            cls.value(value.by_name[name], depth + 1, open_names)


class Members:
    """An object, told apart from anything else that Python might return."""

    def __init__(self, names, by_name):
        self.names = names
        self.by_name = by_name


def python_accepts(data):
    try:
        # Decoded here: json.loads() would take UTF-16, UTF-32, a byte order mark and raw
        # surrogates for its own purposes.
        text = data.decode("utf-8", "strict")
        # Numbers stay text, so that their size is nobody's concern.
        value = json.loads(text, parse_constant=Strict.no_constants, parse_int=number,
                           parse_float=number, object_pairs_hook=Strict.members)
        if not isinstance(value, Members):
            raise Refused("no object")
        Strict.value(value)
    except (Refused, ValueError, RecursionError):
        return False
    return True


def number(_text):
    return 0


def spelt(rng, text):
    """A string in one of its spellings."""
    out = []
    for c in text:
        raw = json.dumps(c, ensure_ascii=False)[1:-1]
        escaped = "".join("\\u%04x" % unit for unit in
                          struct.unpack(">%dH" % (len(c.encode("utf-16-be")) // 2),
                                        c.encode("utf-16-be")))
        out.append(escaped if rng.random() < 0.2 else raw)
    return '"' + "".join(out) + '"'


def blanks(rng):
    return "".join(rng.choice(" \t\r\n") for _ in range(rng.choice([0, 0, 0, 1, 2])))


def random_value(rng, depth):
    kind = rng.randrange(8 if depth < 11 else 6)
    if kind < 2:
        return rng.choice(NUMBERS)
    if kind < 4:
        return spelt(rng, "".join(rng.choice(NAMES) for _ in range(rng.randrange(4))))
    if kind < 6:
        return rng.choice(["true", "false", "null"])
    if kind == 6:
        return random_object(rng, depth + 1)
    items = [random_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return "[" + ",".join(blanks(rng) + item + blanks(rng) for item in items) + "]"


def random_object(rng, depth=1):
    names = [rng.choice(NAMES) for _ in range(rng.randrange(5))]
    if rng.random() < 0.9:
        names = sorted(set(names), key=lambda _: rng.random())
    members = [blanks(rng) + spelt(rng, name) + blanks(rng) + ":" + blanks(rng) +
               random_value(rng, depth) + blanks(rng) for name in names]
    return "{" + ",".join(members) + (blanks(rng) if not members else "") + "}"


def nested(rng):
    text = rng.choice(NUMBERS)
    for _ in range(rng.randrange(6, 11)):
        text = rng.choice(['{"a":%s}', "[%s]"]) % text
    return '{"a":%s}' % text


def many_members(rng):
    count = NAMES_MAX + rng.randrange(-1, 2)
    names = ["n%d" % i for i in range(count)]
    if rng.random() < 0.5:
        names[rng.randrange(count)] = rng.choice(names)
    return "{" + ",".join('"%s":1' % name for name in names) + "}"


def mutated(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice([1, 1, 2, 5]))
        kind = rng.randrange(5)
        if kind == 0:
            del data[at:end]
        elif kind == 1:
            data[at:at] = rng.choice(SNIPPETS)
        elif kind == 2:
            data[at:end] = rng.choice(SNIPPETS)
        elif kind == 3:
            data[at:at] = data[at:end]
        else:
            data[at:end] = bytes([rng.randrange(256)])
    return bytes(data)


def texts(rng, rounds):
    yield from (path.read_bytes() for path in sorted(CORPUS.iterdir()))
    for _ in range(20):
        yield many_members(rng).encode()
    for _ in range(rounds):
        make = nested if rng.random() < 0.1 else random_object
        yield mutated(rng, make(rng).encode())


def main():
    driver = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    seed = int(os.environ.get("CLAVIGER_SEED") or random.SystemRandom().randrange(1 << 32))
    print("CLAVIGER_SEED=%d" % seed)

    cases = list(texts(random.Random(seed), rounds))
    asked = b"".join(struct.pack(">I", len(case)) + case for case in cases)
    answers = subprocess.run([driver], input=asked, stdout=subprocess.PIPE,
                             check=True).stdout.decode().split()
    if len(answers) != len(cases):
        sys.exit("%d answers to %d texts" % (len(answers), len(cases)))

    differences = accepted = 0
    for case, answer in zip(cases, answers):
        expected = "ok" if python_accepts(case) else "refused"
        accepted += expected == "ok"
        if answer != expected:
            differences += 1
            print("json_scan: %s, expected: %s: %r" % (answer, expected, case[:400]))
    print("%d texts, %d accepted, %d differences" % (len(cases), accepted, differences))
    if accepted < len(cases) // 10 or accepted > len(cases) * 9 // 10:
        sys.exit("too few texts on one side: the test shows nothing")
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
