# SPDX-License-Identifier: ISC
"""What make static builds needs nothing beside it, is as hardened as the usual programs, and small."""
import subprocess

import pytest

from claviger_site import BUILD

STATIC = BUILD / "static"
PROGRAMS = pytest.mark.parametrize("name", ["claviger.fcgi", "claviger-admin"])


def readelf(option, name):
    return subprocess.run(["readelf", "--wide", option, STATIC / name], text=True, check=True,
                          capture_output=True).stdout


@PROGRAMS
def test_a_static_program_asks_for_no_loader_and_no_library(name):
    assert "INTERP" not in readelf("--program-headers", name)
    assert "NEEDED" not in readelf("--dynamic", name)


@PROGRAMS
def test_a_static_program_is_loaded_at_a_random_address_and_locks_what_it_binds(name):
    assert "Type:                              DYN" in readelf("--file-header", name)
    assert "PIE" in readelf("--dynamic", name) and "BIND_NOW" in readelf("--dynamic", name)
    assert "GNU_RELRO" in readelf("--program-headers", name)


@PROGRAMS
def test_no_segment_of_a_static_program_is_both_written_and_run(name):
    lines = readelf("--program-headers", name).splitlines()
    segments = [line.split() for line in lines if line.strip().startswith(("LOAD", "GNU_STACK"))]
    assert segments
    for segment in segments:
        flags = "".join(segment[6:-1])
        assert not ("W" in flags and "E" in flags), segment
        assert not (segment[0] == "GNU_STACK" and "E" in flags), segment


@PROGRAMS
def test_a_static_program_is_stripped(name):
    assert ".symtab" not in readelf("--section-headers", name)
    assert ".debug" not in readelf("--section-headers", name)


def test_the_service_fits_into_three_mebibytes():
    assert (STATIC / "claviger.fcgi").stat().st_size <= 3 * 1024 * 1024


@PROGRAMS
def test_a_static_program_runs(name):
    answer = subprocess.run([STATIC / name, "--version"], text=True, check=True,
                            capture_output=True, env={}).stdout
    assert answer.startswith(name)
