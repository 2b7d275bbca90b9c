# SPDX-License-Identifier: ISC
"""The built programs are hardened: what security.md promises of them stands in their ELF headers."""
import platform
import subprocess

import pytest

from claviger_site import ADMIN, BUILD, PROGRAM
from client import CLAVIGER

PROGRAMS = pytest.mark.parametrize("program", [PROGRAM, ADMIN, CLAVIGER], ids=lambda path: path.name)


def readelf(option, program):
    return subprocess.run(["readelf", "--wide", option, program], text=True, check=True,
                          capture_output=True).stdout


@PROGRAMS
def test_a_program_is_loaded_at_a_random_address(program):
    assert "Type:                              DYN" in readelf("--file-header", program)
    assert "PIE" in readelf("--dynamic", program)


@PROGRAMS
def test_a_program_binds_all_symbols_before_it_starts_and_then_locks_them(program):
    assert "GNU_RELRO" in readelf("--program-headers", program)
    assert "BIND_NOW" in readelf("--dynamic", program)


@PROGRAMS
def test_no_segment_is_both_written_and_run_and_the_stack_is_not_run(program):
    lines = readelf("--program-headers", program).splitlines()
    segments = [line.split() for line in lines if line.strip().startswith(("LOAD", "GNU_STACK"))]
    assert segments
    for segment in segments:
        flags = "".join(segment[6:-1])
        assert not ("W" in flags and "E" in flags), segment
        if segment[0] == "GNU_STACK":
            assert "E" not in flags


@PROGRAMS
def test_a_program_looks_for_libraries_nowhere_of_its_own(program):
    dynamic = readelf("--dynamic", program)
    assert "RPATH" not in dynamic and "RUNPATH" not in dynamic


def test_our_own_code_checks_its_jumps_where_the_machine_can():
    """The linker keeps the note only where every object has one, and Debian's start files do not:
    so it is looked for in what we compile."""
    objects = [BUILD / "fcgi/main.o", BUILD / "lib/token.o"]
    notes = "".join(readelf("--notes", path) for path in objects)
    expected = len(objects) if platform.machine() == "x86_64" else 0
    assert notes.count("IBT") == expected and notes.count("SHSTK") == expected
