# SPDX-License-Identifier: ISC
"""A start that cannot go well says so in one line, with the right exit status, and changes nothing:
rows 130 to 149 of security.md, for --check and for a real start; and the bootstrap of a first
token."""
import contextlib
import fcntl
import os
import pathlib
import random
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import tempfile
import time

import pytest

from claviger_site import (ENVIRONMENT, PROGRAM, SEED, TOKENS, Site, make_first_version,
                           version_of, wait_until)
from fastcgi_peer import NOBODY, Service, without_root

USAGE, CONFIGURATION, DATABASE = 2, 3, 4
SELF = TOKENS + "/self"
IS_ROOT = os.geteuid() == 0
# What a key costs is not what these tests are about.
QUICK = {"scrypt_n": 2, "allow_weak_scrypt": "true"}


@pytest.fixture(scope="module")
def pristine():
    """A good site, to be copied."""
    site = Site("".join(f"{key} = {value}\n" for key, value in QUICK.items()))
    yield site
    site.close()


class Place:
    """One test's own configuration and database, to be spoilt."""

    def __init__(self, pristine):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="clv-", dir="/tmp"))
        self.config = self.directory / "claviger.conf"
        self.database = self.directory / "claviger.db"
        self.log = self.directory / "service.log"
        self.program = PROGRAM
        self.owner_key = pristine.owner_key
        self.user = {}
        self.servers = []
        for suffix in ("", ".audit-key"):
            shutil.copy(f"{pristine.database}{suffix}", f"{self.database}{suffix}")
        self.database.chmod(0o600)
        self.write()

    def text(self, **keys):
        values = {"database": self.database, "log": self.log, **QUICK,
                  **({"allow_root": "true"} if IS_ROOT else {}), **keys}
        return "".join(f"{key} = {value}\n" for key, value in values.items() if value is not None)

    def write(self, content=None, mode=0o600, **keys):
        """Writes the configuration: CONTENT, or a good one with KEYS set or (None) left out."""
        if content is None:
            content = self.text(**keys)
        self.config.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.config.chmod(mode)

    def append(self, *lines):
        self.write(self.text() + "".join(line + "\n" for line in lines))

    def without_privileges(self):
        """From now on it all belongs to a user who is not root, and the program runs as that."""
        self.user = without_root(self)
        return self

    def write_config(self, text):
        self.write(text)

    def run(self, *arguments, environment=(), **options):
        done = subprocess.run([self.program, "--config", self.config, *arguments], timeout=60,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              env={**ENVIRONMENT, **dict(environment)}, cwd="/", **self.user,
                              **options)
        return done.returncode, done.stdout, done.stderr

    def state(self):
        """All that a refused start must leave as it is: every file but the log."""
        found = {}
        for path in sorted(self.directory.rglob("*")):
            status = path.lstat()
            is_file = stat.S_ISREG(status.st_mode) and path != self.log
            found[str(path)] = (status.st_mode, status.st_uid, status.st_gid,
                                path.read_bytes() if is_file else None)
        found.pop(str(self.log), None)
        return found

    def refused(self, status, *said, **options):
        """Both ways to start are refused with one line that says all of SAID."""
        before = self.state()
        for arguments in (["--check"], ["--socket", self.directory / "fcgi.sock"]):
            found, out, err = self.run(*arguments, **options)
            assert (found, out) == (status, ""), err
            assert err.startswith("claviger: ") and err.count("\n") == 1 and err.endswith("\n"), err
            assert len(err) > 40 or said, err
            for piece in said:
                assert str(piece) in err, err
            assert self.state() == before
        return err

    def accepted(self, **options):
        assert self.run("--check", **options) == (0, "configuration and database are good\n", "")

    def start(self, **options):
        return Service(self, **options).wait()

    def close(self):
        for server in self.servers:
            server.stop(signal.SIGKILL)
        shutil.rmtree(self.directory, ignore_errors=True)


@pytest.fixture
def place(pristine):
    place = Place(pristine)
    yield place
    place.close()


def test_a_good_place_is_accepted(place):
    place.accepted()
    service = place.start()
    assert service.is_good()
    assert service.stop() == 0


# ---- The configuration (rows 130 to 132, 135, 136) ----------------------------------------------------

def replace_by_fifo(path):
    path.unlink()
    os.mkfifo(path, 0o600)


def replace_by_directory(path):
    path.unlink()
    path.mkdir(0o700)


def replace_by_link(path):
    """The file is there under another name; the path is a link to it."""
    path.rename(path.with_name("real"))
    path.symlink_to("real")


def replace_by_socket(path):
    path.unlink()
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))
    path.chmod(0o600)


FILES = [
    ("missing", lambda place: place.config.unlink(), "no such file"),
    ("a directory", lambda place: replace_by_directory(place.config), "not a regular file"),
    ("a FIFO", lambda place: replace_by_fifo(place.config), "not a regular file"),
    ("a socket", lambda place: replace_by_socket(place.config), "socket"),
    ("a link", lambda place: replace_by_link(place.config), "symbolic link"),
    ("empty", lambda place: place.write(b""), "empty"),
    ("2 MiB", lambda place: place.write(b"# x\n" * (1 << 19)), "too large"),
    ("NUL", lambda place: place.write(place.text().encode() + b"# \0\n"), "NUL"),
    ("NUL in a value", lambda place: place.write(place.text() + "base_path = /a\0b\n"), "NUL"),
    ("byte order mark", lambda place: place.write("\ufeff" + place.text()), ":1: "),
    ("UTF-16", lambda place: place.write(place.text().encode("utf-16")), ":1: "),
    ("bad UTF-8", lambda place: place.write(place.text().encode() + b"# \xff\n"), "UTF-8"),
    ("Latin-1 in a value", lambda place: place.write(place.text().encode()
                                                     + b"base_path = /caf\xe9\n"), "UTF-8"),
    ("a control character", lambda place: place.append("log_level = \x1b[31minfo"), "control"),
    ("the database missing", lambda place: place.write(database=None), "database"),
]


@pytest.mark.parametrize("label, spoil, said", FILES, ids=[row[0] for row in FILES])
def test_a_configuration_that_cannot_be_read_is_refused(place, label, spoil, said):
    spoil(place)
    place.refused(CONFIGURATION, place.config, said)


GOOD_FILES = [
    ("CRLF", lambda place: place.text().replace("\n", "\r\n")),
    ("no last line end", lambda place: place.text()[:-1]),
    ("comments and blank lines", lambda place: "# comment\n\n \t\n" + place.text() + "  # é\n"),
    ("blanks around", lambda place: place.text().replace(" = ", "\t =\t  ")),
    ("no blanks", lambda place: place.text().replace(" = ", "=")),
]


@pytest.mark.parametrize("label, content", GOOD_FILES, ids=[row[0] for row in GOOD_FILES])
def test_other_spellings_of_a_good_configuration_are_accepted(place, label, content):
    place.write(content(place))
    place.accepted()


LINES = [
    # line, what the refusal says of it besides its number
    ("databse = /x", "did you mean database?"),
    ("Metrics = on", "did you mean metrics?"),
    ("nonsense = 1", "unknown"),
    ("metrics on", "no ="),
    ("= on", "unknown"),
    ("metrics =", "empty"),
    ("metrics =   ", "empty"),
    ("base_path = /" + "a" * 5000, "base_path"),
    ("metrics = on # comment", "comment"),
    ("metrics = on off", "metrics"),
    ("metrics = maybe", "off or on"),
    ("metrics = true", "off or on"),
    ("metrics = ON", "off or on"),
    ("log_level = verbose", "log_level"),
    ("journal_mode = memory", "wal or delete"),
    ("fast_threads = 10k", "a number from 1 to 16"),
    ("fast_threads = -1", "a number from 1 to 16"),
    ("fast_threads = 0", "a number from 1 to 16"),
    ("fast_threads = 9223372036854775808", "a number from 1 to 16"),
    ("fast_threads = 18446744073709551617", "a number from 1 to 16"),
    ("fast_threads = 1 0", "a number from 1 to 16"),
    ("fast_threads = +1", "a number from 1 to 16"),
    ("fast_threads = 1.0", "a number from 1 to 16"),
    ("fast_threads = 0x1", "a number from 1 to 16"),
    ("fast_threads = ١", "a number from 1 to 16"),
    ("slow_threads = 17", "a number from 1 to 16"),
    ("busy_timeout_ms = 5 s", "busy_timeout_ms"),
    ("tokens_per_account = 0", "tokens_per_account"),
    ("memo_entries = 5 fortnights", "memo_entries"),
    ("scrypt_r = 0", "scrypt_r"),
    ("scrypt_r = 256", "scrypt_r"),
    ("scrypt_p = 0", "scrypt_p"),
    ("scrypt_p = 1073741824", "scrypt_p"),
    ("token_prefix = dft-", "token_prefix"),
    ("token_prefix = a-b_", "token_prefix"),
    ("token_prefix = _", "token_prefix"),
    ("token_prefix = abcdefghi_", "token_prefix"),
    ("token_prefix = abc", "token_prefix"),
    ("token_prefix = é_", "token_prefix"),
    ("base_path = claviger", "base_path"),
    ("base_path = /claviger/", "base_path"),
    ("base_path = /a/../b", "base_path"),
    ("base_path = /a%20b", "base_path"),
    ("memo_file = memo", "memo_file"),
    ("catalogue = permissions", "catalogue"),
    ('memo_file = "/tmp/x"', "without quotation marks"),
    ("tokens_per_account = '5'", "without quotation marks"),
    ("zzz = 1", "zzz: unknown; see man claviger.conf"),
]


@pytest.mark.parametrize("line, said", LINES, ids=[line[:30] for line, _ in LINES])
def test_a_bad_line_is_named_by_its_number(place, line, said):
    # Where the key stands in the good configuration already, this line takes its place.
    place.append(line)
    number = place.text().count("\n") + 1
    place.refused(CONFIGURATION, f"{place.config}:{number}: ", said)


def test_a_key_that_stands_twice_is_refused_even_if_it_says_the_same(place):
    place.append("metrics = on", "metrics = on")
    number = place.text().count("\n") + 1
    place.refused(CONFIGURATION, f"{place.config}:{number + 1}: ", f"line {number}")


SCRYPT = [
    (16383, "power of two"),
    (3, "power of two"),
    (1, "scrypt_n"),
    (0, "scrypt_n"),
    (1 << 21, "scrypt_n"),
    (8192, "weak"),
    (2, "weak"),
]


@pytest.mark.parametrize("number, said", SCRYPT)
def test_scrypt_parameters_that_are_none_or_weak_are_refused(place, number, said):
    place.write(scrypt_n=number, allow_weak_scrypt=None)
    place.refused(CONFIGURATION, f"{place.config}:3: scrypt_n: ", said)


def test_weak_scrypt_parameters_are_accepted_where_they_are_asked_for(place):
    place.write(scrypt_n=8192)
    place.accepted()


def test_a_configuration_that_looks_like_a_key_is_not_repeated_in_full(place):
    key = place.owner_key
    for line in (f"{key} = 1", f"metrics = {key}", key):
        place.append(line)
        said = place.refused(CONFIGURATION)
        assert key not in said
        assert not [i for i in range(14, 40) if key[i:i + 12] in said], said


# ---- The catalogue (row 136) ---------------------------------------------------------------------------

OURS = ("api-keys:read Read.\napi-keys:write Write.\nsettings:write Write.\nwebsites:read Read.\n"
        "websites:write Write.\nteam:read Read.\nteam:write Write.\n")
CATALOGUES = [
    ("a name twice", OURS + "a:b One.\na:b Two.\n", ":9"),
    ("a star", OURS + "* All.\n", ":8"),
    ("no colon", OURS + "ab One.\n", ":8"),
    ("two colons", OURS + "a:b:c One.\n", ":8"),
    ("capitals", OURS + "A:b One.\n", ":8"),
    ("65 names", OURS + "".join(f"a:n{i} One.\n" for i in range(58)), "64"),
    ("one of ours lacking", OURS.replace("team:read Read.\n", ""), "lacks team:read; add"),
    ("three of ours lacking", OURS.split("websites:write")[0],
     "lacks websites:write, team:read, team:write; add"),
    ("empty", "", "no permission"),
    ("comments alone", "# nothing\n", "no permission"),
    ("64 KiB and more", OURS + "#" * 65536, "too large"),
]


@pytest.mark.parametrize("label, content, said", CATALOGUES, ids=[row[0] for row in CATALOGUES])
def test_a_bad_catalogue_is_refused(place, label, content, said):
    catalogue = place.directory / "permissions"
    catalogue.write_text(content)
    catalogue.chmod(0o600)
    place.write(catalogue=catalogue)
    place.refused(CONFIGURATION, catalogue, said)


def test_a_catalogue_of_64_names_is_accepted(place):
    catalogue = place.directory / "permissions"
    catalogue.write_text(OURS + "".join(f"a:n{i} One.\n" for i in range(57)))
    catalogue.chmod(0o600)
    place.write(catalogue=catalogue)
    place.accepted()


def test_a_catalogue_that_is_missing_or_writable_by_others_is_refused(place):
    catalogue = place.directory / "permissions"
    place.write(catalogue=catalogue)
    place.refused(CONFIGURATION, "catalogue", catalogue)
    catalogue.write_text(OURS)
    catalogue.chmod(0o602)
    place.refused(CONFIGURATION, "catalogue", "chmod")


# ---- Modes and owners (row 133) ---------------------------------------------------------------------------

MODES = [
    # which, mode, what the refusal says
    ("config", 0o644, "chmod 0640"),
    ("config", 0o604, "chmod 0640"),
    ("config", 0o602, "chmod 0640"),
    ("config", 0o660, "chmod 0640"),
    ("config", 0o620, "chmod 0640"),
    ("database", 0o640, "chmod 0600"),
    ("database", 0o604, "chmod 0600"),
    ("database", 0o660, "chmod 0600"),
    ("database", 0o666, "chmod 0600"),
    ("directory", 0o770, "chmod go-w"),
    ("directory", 0o720, "chmod go-w"),
    ("directory", 0o702, "chmod o-w"),
    ("directory", 0o777, "chmod o-w"),
    ("directory", 0o1777, "shared with other users"),
]


@pytest.mark.parametrize("which, mode, said", MODES, ids=[f"{w} {m:o}" for w, m, _ in MODES])
def test_what_others_can_read_or_write_is_refused_with_the_command_to_run(place, which, mode, said):
    path = getattr(place, which)
    path.chmod(mode)
    place.refused(CONFIGURATION, path, said)


@pytest.mark.parametrize("mode", [0o400, 0o440, 0o640, 0o600])
def test_a_configuration_that_the_group_may_read_is_accepted(place, mode):
    place.config.chmod(mode)
    place.accepted()


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o755])
def test_a_directory_in_which_nobody_else_writes_is_accepted(place, mode):
    place.directory.chmod(mode)
    place.accepted()


# Who is not root cannot give a file away, and has nothing that is not its own.
if IS_ROOT:
    OWNED = pytest.mark.parametrize("which", ["config", "database", "directory"])

    @OWNED
    def test_what_belongs_to_somebody_else_is_refused(place, which):
        os.chown(getattr(place, which), NOBODY, -1)
        place.refused(CONFIGURATION, getattr(place, which), "belongs to uid 65534", "chown")

    @OWNED
    def test_what_belongs_to_root_is_good_but_for_the_database(place, which):
        place.without_privileges()
        place.write(log="/dev/null", allow_root=None)
        os.chown(place.config, NOBODY, NOBODY)
        os.chown(getattr(place, which), 0, NOBODY)
        if which == "config":
            place.config.chmod(0o640)
            place.accepted()
        elif which == "database":
            place.refused(CONFIGURATION, place.database)
        else:  # in root's directory no -wal can be made beside the database
            place.directory.chmod(0o755)
            place.refused(DATABASE, place.database)

    @pytest.mark.parametrize("allowed", [None, "false"])
    def test_root_is_refused_unless_it_is_allowed(place, allowed):
        place.write(allow_root=allowed)
        place.refused(CONFIGURATION, "allow_root")

    @pytest.mark.parametrize("mode", [0o4755, 0o2755], ids=oct)
    def test_a_setuid_program_is_refused(place, mode):
        place.without_privileges()
        os.chown(place.program, 0, 0)
        place.program.chmod(mode)
        status, out, err = place.run("--check")
        assert err.startswith("claviger: The program must not be setuid or setgid")
        # Nothing may trace such a program, so a sanitizer's leak check ends it in its own way.
        assert (status, out) == (1 if "LeakSanitizer" in err else CONFIGURATION, "")


# ---- The environment (rows 134 and 138) -----------------------------------------------------------------------

BAD_ENVIRONMENT = [
    ("CLAVIGER_TOKEN_PREFX", "dft_", "did you mean CLAVIGER_TOKEN_PREFIX?"),
    ("CLAVIGER_METRIC", "on", "did you mean CLAVIGER_METRICS?"),
    ("CLAVIGER_NONSENSE", "1", "unknown"),
    ("CLAVIGER_metrics", "on", "did you mean CLAVIGER_METRICS?"),
    ("CLAVIGER_", "", "unknown"),
    ("CLAVIGER_METRICS", "maybe", "off or on"),
    ("CLAVIGER_METRICS", "", "empty"),
    ("CLAVIGER_METRICS", "on\n", "control"),
    ("CLAVIGER_FAST_THREADS", "17", "a number from 1 to 16"),
    ("CLAVIGER_DATABASE", "claviger.db", "absolute path"),
]


@pytest.mark.parametrize("name, value, said", BAD_ENVIRONMENT,
                         ids=[f"{row[0]}={row[1]!r}" for row in BAD_ENVIRONMENT])
def test_a_bad_variable_is_named(place, name, value, said):
    place.refused(CONFIGURATION, f"environment: {name}", said, environment={name: value})


def start_without_place(environment, *options):
    return subprocess.run([PROGRAM, "--check", *options], timeout=60, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, env={**ENVIRONMENT, **environment})


@pytest.mark.skipif(os.path.exists("/etc/claviger/claviger.conf"), reason="there is one here")
def test_a_start_without_any_configuration_says_where_it_would_be():
    done = start_without_place({})
    assert (done.returncode, done.stdout) == (CONFIGURATION, "")
    assert done.stderr == (
        "claviger: no configuration: /etc/claviger/claviger.conf is not there, and neither "
        '--config nor CLAVIGER_CONFIG names another; write "database = /absolute/path" into it\n')


def test_an_empty_name_of_a_configuration_is_refused():
    done = start_without_place({"CLAVIGER_CONFIG": ""})
    assert (done.returncode, done.stdout) == (CONFIGURATION, "")
    assert done.stderr == "claviger: CLAVIGER_CONFIG: empty; give a path or unset it\n"
    done = start_without_place({}, "--config", "")
    assert (done.returncode, done.stdout) == (CONFIGURATION, "")
    assert done.stderr == "claviger: --config: empty; give a path or leave it out\n"


def test_the_environment_wins_over_the_file(place):
    place.write(database="/nowhere/claviger.db")
    place.accepted(environment={"CLAVIGER_DATABASE": str(place.database)})
    place.write()
    place.refused(DATABASE, "/nowhere", environment={"CLAVIGER_DATABASE": "/nowhere/claviger.db"})


HARMLESS = [
    {"LD_PRELOAD": ""},
    {"TZ": "garbage"},
    {"TZ": "/etc/passwd"},
    {"LC_ALL": "C"},
    {"LC_ALL": "tr_TR.UTF-8"},
    {"LANG": "nonsense"},
    {"HOME": ""},
    {"PATH": ""},
    {"CLAVIGER_GATE": "on", "CLAVIGER_URI": "x", "CLAVIGER_TOKEN": "x", "CLAVIGER_SEED": "1"},
    {"CLAVIGERX": "1", "NOT_CLAVIGER_X": "1"},
]


@pytest.mark.parametrize("environment", HARMLESS, ids=[" ".join(row) for row in HARMLESS])
def test_other_variables_have_no_effect(place, environment):
    place.accepted(environment=environment)


def test_an_empty_environment_has_no_effect(place):
    done = subprocess.run([PROGRAM, "--config", place.config, "--check"], env={},
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")


# ---- The database (rows 140 to 145) -------------------------------------------------------------------------------

def truncate(place, size):
    with open(place.database, "r+b") as file:
        file.truncate(size)


def overwrite(place, offset, content):
    with open(place.database, "r+b") as file:
        file.seek(offset)
        file.write(content)


def execute(place, *statements, path=None):
    database = sqlite3.connect(path or place.database, isolation_level=None)
    for statement in statements:
        database.execute(statement)
    database.close()


def raise_version(place):
    """To the one that the next release may make."""
    with contextlib.closing(sqlite3.connect(place.database)) as database:
        version, = database.execute("PRAGMA user_version").fetchone()
    execute(place, f"PRAGMA user_version = {version + 1}")


def replace_by_database(place, *statements):
    place.database.unlink()
    execute(place, *statements)
    place.database.chmod(0o600)


def replace_by_link_to_nothing(place):
    place.database.unlink()
    place.database.symlink_to(place.directory / "elsewhere.db")


PAGE = 4096
DATABASES = [
    ("missing", lambda place: place.database.unlink(), "claviger-admin init"),
    ("in no directory", lambda place: place.write(database=place.directory / "none" / "a.db"),
     "directory"),
    ("a directory", lambda place: replace_by_directory(place.database), "not a regular file"),
    ("a FIFO", lambda place: replace_by_fifo(place.database), "not a regular file"),
    ("a socket", lambda place: replace_by_socket(place.database), "not a regular file"),
    ("a link", lambda place: replace_by_link(place.database), "not a regular file"),
    ("a link to nothing", replace_by_link_to_nothing, "not a regular file"),
    ("a device", lambda place: place.write(database="/dev/null"), "/dev/null"),
    ("empty", lambda place: truncate(place, 0), "empty"),
    ("one byte", lambda place: truncate(place, 1), place_name := "claviger.db"),
    ("half a page", lambda place: truncate(place, PAGE // 2), place_name),
    ("one page of many", lambda place: truncate(place, PAGE), place_name),
    ("text", lambda place: place.database.write_text("no database at all\n" * 1000), place_name),
    ("zeroes", lambda place: place.database.write_bytes(b"\0" * 8 * PAGE), place_name),
    ("another program's", lambda place: replace_by_database(place, "CREATE TABLE theirs (x)"),
     "another program"),
    ("another application_id", lambda place: execute(place, "PRAGMA application_id = 1"),
     "another program"),
    ("no application_id", lambda place: execute(place, "PRAGMA application_id = 0"),
     "another program"),
    ("a changed magic", lambda place: overwrite(place, 0, b"SQLite format 4\0"), place_name),
    ("a changed page size", lambda place: overwrite(place, 16, b"\0\7"), place_name),
    ("a changed text encoding", lambda place: overwrite(place, 56, b"\0\0\0\2"), place_name),
    ("a changed file format", lambda place: overwrite(place, 18, b"\xff\xff"), place_name),
    ("a first page of noise", lambda place: overwrite(place, 100, b"\xa5" * (PAGE - 100)),
     place_name),
    ("a header of noise", lambda place: overwrite(place, 16, b"\xa5" * 84), place_name),
    ("a table missing", lambda place: execute(place, "PRAGMA foreign_keys = OFF",
                                              "DROP TABLE tokens"), "tables"),
    ("a column missing", lambda place: execute(place, "ALTER TABLE websites DROP COLUMN name"),
     "tables"),
    ("version one higher", lambda place: raise_version(place), "newer"),
    ("version far higher", lambda place: execute(place, "PRAGMA user_version = 2147483647"),
     "newer"),
]


@pytest.mark.parametrize("label, spoil, said", DATABASES, ids=[row[0] for row in DATABASES])
def test_a_database_that_is_none_of_ours_is_refused_and_not_touched(place, label, spoil, said):
    spoil(place)
    place.refused(DATABASE, said)


@pytest.mark.parametrize("table", ["tokens", "accounts", "sqlite_sequence"])
def test_a_damaged_page_is_found_while_it_serves(place, table):
    """A start reads a few pages only; the check behind it reads them all."""
    database = sqlite3.connect(place.database)
    root, = database.execute("SELECT rootpage FROM sqlite_master WHERE name = ?",
                             (table,)).fetchone()
    database.close()
    overwrite(place, (root - 1) * PAGE, b"\xa5" * PAGE)
    service = Service(place)
    wait_until(lambda: place.log.exists() and "damaged" in place.log.read_text(), "the log")

    def is_refused():
        answer = service.call(uri=SELF, key=place.owner_key)
        return answer.status == 503 and answer.refused(503, "store_unavailable")

    assert wait_until(is_refused, "a refusal").header("Retry-After")
    service.call(uri="/healthz").refused(503, "store_unavailable")
    assert service.stop() == 0


UNPRIVILEGED = [
    # label, what is done, status: the owner itself has taken its own rights away
    ("a file that may not be read", lambda place: place.database.chmod(0), 4),
    ("a file that may not be written", lambda place: place.database.chmod(0o400), 4),
    ("a directory that may not be written", lambda place: place.directory.chmod(0o500), 4),
    ("a configuration that may not be read", lambda place: place.config.chmod(0o200), 3),
    ("a directory that may not be entered", lambda place: place.directory.chmod(0o600), 3),
]


@pytest.mark.parametrize("label, spoil, status", UNPRIVILEGED, ids=[row[0] for row in UNPRIVILEGED])
def test_what_may_not_be_used_is_refused(place, label, spoil, status):
    place.without_privileges()
    if IS_ROOT:  # the program itself stays within reach
        shutil.copy(PROGRAM, reach := pathlib.Path(tempfile.mkdtemp(dir="/tmp")) / "claviger.fcgi")
        reach.parent.chmod(0o755)
        place.program = reach
    place.write(log="stderr", allow_root=None)
    place.config.chmod(0o600)
    os.chown(place.config, *((NOBODY, NOBODY) if IS_ROOT else (-1, -1)))
    spoil(place)
    try:
        for arguments in (["--check"], ["--socket", place.directory / "fcgi.sock"]):
            found, out, err = place.run(*arguments)
            assert (found, out) == (status, ""), err
            assert err.splitlines()[-1].startswith("claviger: "), err
            assert err.count("claviger: ") == 1, err
    finally:
        place.directory.chmod(0o700)
        if IS_ROOT:
            shutil.rmtree(place.program.parent)


def test_a_first_start_by_somebody_else_is_possible(place):
    place.without_privileges().accepted()


# Only root can mount.
if IS_ROOT:
    def test_a_read_only_mount_is_refused_and_not_touched(place):
        before = place.database.read_bytes()
        script = ('mount --make-rprivate / && mount --bind "$1" "$1" '
                  '&& mount -o remount,bind,ro "$1" && shift && exec "$@"')
        place.write(log="stderr")
        done = subprocess.run(["unshare", "--mount", "sh", "-c", script, "sh", place.directory,
                               PROGRAM, "--config", place.config, "--check"], capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, env=ENVIRONMENT, timeout=60)
        assert done.returncode == DATABASE, done.stderr
        assert done.stderr.splitlines()[-1].startswith(f"claviger: {place.database}: ")
        assert place.database.read_bytes() == before


def test_a_database_that_another_process_keeps_to_itself_is_refused_in_time(place):
    place.write(busy_timeout_ms=50)
    other = sqlite3.connect(place.database, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    try:
        for arguments in (["--check"], ["--socket", place.directory / "fcgi.sock"]):
            found, out, err = place.run(*arguments)
            assert (found, out, err.count("\n")) == (DATABASE, "", 1), err
            assert "locked by another process" in err
        other.execute("ROLLBACK")
    finally:
        other.close()
    place.accepted()


def test_a_writer_beside_it_does_not_hinder_a_start(place):
    other = sqlite3.connect(place.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        place.accepted()
        service = place.start()
        assert service.is_good()
        other.execute("ROLLBACK")
        assert service.stop() == 0
    finally:
        other.close()


# ---- The log (row 149) --------------------------------------------------------------------------------------------

def make_fifo(place):
    os.mkfifo(place.log, 0o600)


def make_link(place):
    (place.directory / "precious").write_text("precious")
    place.log.symlink_to("precious")


LOGS = [
    ("a directory", lambda place: place.log.mkdir(), "directory"),
    ("a FIFO without reader", make_fifo, "FIFO"),
    ("a link", make_link, "symbolic link"),
    ("in no directory", lambda place: place.write(log=place.directory / "none" / "a.log"),
     "directory"),
    ("a relative path", lambda place: place.write(log="service.log"), "log"),
    ("writable by others", lambda place: (place.log.touch(), place.log.chmod(0o602)), "chmod"),
]


@pytest.mark.parametrize("label, spoil, said", LOGS, ids=[row[0] for row in LOGS])
def test_a_log_that_cannot_be_written_is_refused(place, label, spoil, said):
    spoil(place)
    place.refused(CONFIGURATION, "log: ", said)


MEMOS = [
    # where memo_file is, its mode, what the refusal says
    ("memo", 0o644, "mode 0644 lets other users in; run: chmod 0600 "),
    ("../shared.memo", 0o600, "a directory shared with other users; move "),
    ("memo", None, "not a memo"),
    ("none/memo", 0, "there is no such directory"),
]


@pytest.mark.parametrize("name, mode, said", MEMOS, ids=[row[2] for row in MEMOS])
def test_a_memo_file_that_is_not_ours_alone_is_refused_by_its_key(place, name, mode, said):
    path = place.directory / name
    place.write(memo_file=path)
    if mode is None:
        shutil.copy(place.database, path)
        path.chmod(0o600)
    elif mode and ".." not in name:
        path.touch()
        path.chmod(mode)
    line = place.refused(CONFIGURATION, "claviger: memo_file: ", said)
    assert "chmod go-w /tmp" not in line


GOOD_LOGS = [
    ("a FIFO with a reader", make_fifo),
    ("the null device", lambda place: place.write(log="/dev/null")),
    ("the full device", lambda place: place.write(log="/dev/full")),
    ("a file that is there", lambda place: (place.log.write_text("old\n"), place.log.chmod(0o640))),
    ("standard error", lambda place: place.write(log="stderr")),
]


@pytest.mark.parametrize("label, make", GOOD_LOGS, ids=[row[0] for row in GOOD_LOGS])
def test_a_log_that_nobody_reads_or_that_is_full_stops_nothing(place, label, make):
    make(place)
    reader = os.open(place.log, os.O_RDONLY | os.O_NONBLOCK) if "FIFO" in label else None
    place.accepted()
    service = place.start()
    assert service.is_good()
    if reader is not None:
        fcntl.fcntl(reader, 1031, PAGE)  # F_SETPIPE_SZ: soon full
        for _ in range(200):
            service.send_signal(signal.SIGHUP)
            assert service.is_good()
        os.close(reader)
        assert service.is_good()
    assert service.stop() == 0
    if label == "a file that is there":
        assert place.log.read_text().startswith("old\n")


# ---- The document root (row 147) -------------------------------------------------------------------------------------

def roots(place):
    directory = str(place.directory)
    return [(directory, 503), (directory + "/", 503), (directory + "//", 503), ("/tmp", 503),
            ("/", 503), ("", 200), (directory + "/www", 200), (directory[:-1], 200),
            (directory + "x", 200), ("/srv/www", 200)]


def test_a_database_inside_the_document_root_is_not_served_from(place):
    service = place.start()
    for root, status in roots(place):
        answer = service.call(uri=SELF, key=place.owner_key, DOCUMENT_ROOT=root).check()
        assert answer.status == status, root
        if status == 503:
            answer.refused(503, "store_unavailable")
    assert "document root" in place.log.read_text()
    assert service.stop() == 0


# ---- Plain CGI: a start is a request, and a bad one is answered ---------------------------------------------------------

CGI_ENVIRONMENT = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET", "REQUEST_URI": SELF,
                   "REMOTE_ADDR": "127.0.0.1"}


@pytest.mark.parametrize("spoil", [lambda place: place.append("metrics = maybe"),
                                   lambda place: place.database.unlink(),
                                   lambda place: place.log.mkdir(),
                                   lambda place: raise_version(place)],
                         ids=["configuration", "database", "log", "newer"])
def test_plain_cgi_answers_503_and_tells_the_operator_why(place, spoil):
    spoil(place)
    before = place.state()
    environment = {**CGI_ENVIRONMENT, "CLAVIGER_CONFIG": str(place.config),
                   "HTTP_AUTHORIZATION": f"Bearer {place.owner_key}"}
    _, out, err = place.run(environment=environment)
    head, body = out.split("\n\n", 1)
    assert head.startswith("Status: 503 ")
    assert '"reason":"store_unavailable"' in body and str(place.directory) not in body
    assert err.startswith("claviger: ") and err.count("\n") == 1
    assert place.state() == before


@pytest.mark.parametrize("arguments", [["--socket", "evil.sock"], ["--config", "/etc/passwd"],
                                       ["--check"], ["--help"], ["--version"], ["--nonsense"],
                                       ["x"]], ids=" ".join)
def test_plain_cgi_takes_no_argument(place, arguments):
    """A web server may make them of the query, which is a stranger's (RFC 3875 §4.4)."""
    environment = {**ENVIRONMENT, **CGI_ENVIRONMENT, "CLAVIGER_CONFIG": str(place.config),
                   "HTTP_AUTHORIZATION": f"Bearer {place.owner_key}"}
    done = subprocess.run([PROGRAM, *arguments], env=environment, cwd=place.directory, timeout=60,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Status: 200 ")
    assert not (place.directory / "evil.sock").exists()


# ---- The bootstrap ---------------------------------------------------------------------------------------------------

@pytest.fixture
def bare(place):
    """A place without a database, and where the first key shall be written."""
    place.database.unlink()
    place.key = place.directory / "first.key"
    place.environment = {"CLAVIGER_BOOTSTRAP": str(place.key)}
    return place


def start_bootstrapped(bare, **more):
    service = Service(bare, environment={**bare.environment, **more}).wait()
    if bare.key.exists():
        bare.owner_key = bare.key.read_text().strip()
    return service


def accounts(place):
    database = sqlite3.connect(place.database)
    counts = database.execute("SELECT (SELECT count(*) FROM accounts), "
                              "(SELECT count(*) FROM tokens)").fetchone()
    database.close()
    return counts


def test_a_bootstrap_makes_a_database_and_a_first_key(bare):
    service = start_bootstrapped(bare)
    assert stat.S_IMODE(bare.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(bare.database.stat().st_mode) == 0o600
    own = service.call(uri=SELF, key=bare.owner_key).check().first
    assert (own["permissions"], own["websiteIds"], own["expiresAt"], own["parentId"]) == (
        ["*"], [], None, None)
    assert service.stop() == 0
    assert bare.owner_key not in bare.log.read_text() + service.errors.read_text()
    assert not (bare.directory / "first.key.new").exists()


def test_a_second_start_leaves_the_first_key_alone(bare):
    assert start_bootstrapped(bare).stop() == 0
    before = (bare.key.read_bytes(), bare.key.stat().st_mtime_ns, accounts(bare))
    for _ in range(2):
        service = start_bootstrapped(bare)
        assert service.is_good()
        assert service.stop() == 0
    assert (bare.key.read_bytes(), bare.key.stat().st_mtime_ns, accounts(bare)) == before


def test_a_key_file_that_was_taken_away_is_not_made_again(bare):
    assert start_bootstrapped(bare).stop() == 0
    bare.key.unlink()
    service = start_bootstrapped(bare)
    assert service.is_good()
    assert service.stop() == 0
    assert not bare.key.exists()


def test_a_bootstrap_into_a_database_with_an_account_changes_nothing(place):
    before = place.database.read_bytes()
    key = place.directory / "first.key"
    service = Service(place, environment={"CLAVIGER_BOOTSTRAP": str(key)}).wait()
    assert service.is_good()
    assert service.stop(signal.SIGKILL) == -signal.SIGKILL
    assert not key.exists()
    assert place.database.read_bytes() == before


def make_precious(path):
    path.write_text("precious")


KEY_FILES = [
    ("a file", make_precious),
    ("a directory", lambda path: path.mkdir()),
    ("a link to a file", lambda path: (make_precious(path.with_name("real")),
                                       path.symlink_to("real"))),
    ("a link to nothing", lambda path: path.symlink_to("elsewhere")),
]


@pytest.mark.parametrize("label, make", KEY_FILES, ids=[row[0] for row in KEY_FILES])
def test_a_key_file_that_is_there_already_is_refused_and_left_alone(bare, label, make):
    make(bare.key)
    content = bare.key.read_bytes() if bare.key.is_file() else None
    for arguments in (["--check"], ["--socket", bare.directory / "fcgi.sock"]):
        found, out, err = bare.run(*arguments, environment=bare.environment)
        assert (found, out, err.count("\n")) == (CONFIGURATION, "", 1), err
        assert err.startswith(f"claviger: CLAVIGER_BOOTSTRAP: {bare.key}: exists already")
    assert content is None or bare.key.read_bytes() == content
    assert not bare.database.exists() and not (bare.directory / "elsewhere").exists()


def test_a_check_makes_neither_database_nor_key_nor_any_other_file(bare):
    bare.write(memo_file=bare.directory / "memo")
    before = bare.state()
    found, out, err = bare.run("--check", environment=bare.environment)
    assert (found, err) == (0, "")
    assert "the first start makes the database" in out and str(bare.key) in out
    assert bare.state() == before and not bare.log.exists()


def test_a_bootstrap_of_no_name_is_refused(bare):
    found, out, err = bare.run("--check", environment={"CLAVIGER_BOOTSTRAP": ""})
    assert (found, out) == (CONFIGURATION, "")
    assert err == "claviger: CLAVIGER_BOOTSTRAP: empty; give a path or unset it\n"


def test_a_check_leaves_a_database_of_an_older_version_as_it_is(place):
    newest = version_of(place.database)
    place.database.unlink()
    make_first_version(place.database)
    before = place.state()
    found, out, err = place.run("--check")
    assert (found, err) == (0, "")
    assert f"version 1, will be brought to {newest} at the next start" in out
    assert place.state() == before
    place.start().stop()
    assert version_of(place.database) == newest
    place.accepted()


@pytest.mark.parametrize("path", ["none/first.key", "open/first.key"])
def test_a_key_is_not_written_where_others_could_be(bare, path):
    bare.environment["CLAVIGER_BOOTSTRAP"] = str(bare.directory / path)
    (bare.directory / "open").mkdir()
    (bare.directory / "open").chmod(0o777)
    found, out, err = bare.run("--check", environment=bare.environment)
    assert (found, out, err.count("\n")) == (CONFIGURATION, "", 1), err
    assert err.startswith("claviger: CLAVIGER_BOOTSTRAP: ")
    assert not (bare.directory / path).exists() and not bare.database.exists()


def test_a_crash_behind_the_commit_is_finished_by_the_next_start(bare):
    assert start_bootstrapped(bare).stop() == 0
    bare.key.rename(bare.directory / "first.key.new")
    service = start_bootstrapped(bare)
    assert stat.S_IMODE(bare.key.stat().st_mode) == 0o600
    assert service.is_good()
    assert service.stop() == 0
    assert not (bare.directory / "first.key.new").exists()


def test_a_crash_before_the_commit_leaves_a_key_that_the_next_start_replaces(bare):
    (bare.directory / "first.key.new").write_text(bare.owner_key + "\n")
    old = bare.owner_key
    service = start_bootstrapped(bare)
    assert bare.owner_key != old
    assert service.is_good()
    assert service.stop() == 0
    assert not (bare.directory / "first.key.new").exists()


def test_a_bootstrap_that_is_killed_anywhere_leaves_nothing_or_a_key_that_works(bare):
    chance = random.Random(SEED)
    for round_ in range(20):
        service = Service(bare, environment=bare.environment)
        until = time.monotonic_ns() + chance.randrange(30_000_000)
        while time.monotonic_ns() < until:
            pass
        service.stop(signal.SIGKILL)
        service = start_bootstrapped(bare)
        assert service.is_good(), f"round {round_}, CLAVIGER_SEED={SEED}"
        assert service.stop() == 0
        assert accounts(bare) == (1, 1)
        for name in ("claviger.db", "claviger.db-wal", "claviger.db-shm", "first.key",
                     "first.key.new"):
            (bare.directory / name).unlink(missing_ok=True)


def test_bootstraps_that_begin_at_once_make_one_first_key_and_all_serve(bare):
    bare.write(scrypt_n=16384, allow_weak_scrypt=None)  # all are at their first key at once
    for _ in range(5):
        services = [Service(bare, environment=bare.environment) for _ in range(3)]
        for service in services:
            service.wait()
        bare.owner_key = bare.key.read_text().strip()
        for service in services:
            assert service.is_good()
            assert service.stop() == 0
        assert accounts(bare) == (1, 1)
        assert not (bare.directory / "first.key.new").exists()
        for name in ("claviger.db", "first.key"):
            (bare.directory / name).unlink()
