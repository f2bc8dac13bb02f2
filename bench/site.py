"""The site served as in production, and what a browser or a crowd of them sees of it."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from infusion.demo import leash
from tests import programs

# As the image's own command: three processes of four threads each, on a machine of two cores.
WORKERS, THREADS = 3, 4
SERVER = (
    f"--workers={WORKERS}", f"--threads={THREADS}", "--timeout=30", "--backlog=2048", "--no-control-socket",
)  # fmt: skip
CROWDS = 4
"""Programs that a crowd of clients is spread over."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back to the request of a place: an HTTP status (0 for a broken connection), seconds, and the text."""

    place: int
    status: int
    seconds: float
    text: str


class Site:
    """A running site on a port of this machine."""

    def __init__(self, port: int, program: subprocess.Popen[bytes], log: Path) -> None:
        self.port, self.program, self.log = port, program, log

    def workers(self) -> list[int]:
        """The processes that answer, by their ids."""
        with open(f"/proc/{self.program.pid}/task/{self.program.pid}/children") as children:
            return [int(pid) for pid in children.read().split()]

    def memory(self) -> list[float]:
        """Resident megabytes of each process that answers."""
        found = []
        for pid in self.workers():
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    found.append(int(line.split()[1]) / 1024)
        return found

    def busy_seconds(self) -> float:
        """Processor time that the answering processes have used."""
        ticks = 0
        for pid in self.workers():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def browser(self, session: str) -> Browser:
        return Browser(self.port, session)

    def crowd(
        self, requests: Sequence[dict[str, Any]], *, at_once: bool, clients: int = CROWDS
    ) -> tuple[list[Answer], float]:
        """Send all requests, either every one at the same moment, or by so many clients one after the other; returns
        the answers and the seconds from the first request to the last answer.
        """
        running = []
        at = time.time() + 2 + len(requests) / 400
        spread = min(CROWDS, clients)
        placed = [{**each, "place": place} for place, each in enumerate(requests)]
        for first in range(spread):
            task = {
                "port": self.port,
                "at": at,
                "clients": 0 if at_once else clients // spread,
                "requests": placed[first::spread],
            }
            program = subprocess.Popen(
                [sys.executable, "-m", "bench.crowd"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=programs.ROOT,
                text=True,
            )
            assert program.stdin is not None
            program.stdin.write(json.dumps(task))
            program.stdin.close()
            running.append(program)
        answers: list[Answer] = []
        ended = at
        for program in running:
            assert program.stdout is not None
            told = json.load(program.stdout)
            program.wait()
            answers += [Answer(*each) for each in told["answers"]]
            ended = max(ended, told["ended"])
        return answers, ended - at

    def complaints(self) -> int:
        """Errors the site wrote to its log."""
        return self.log.read_text(errors="replace").count("Traceback (most recent call last)")


class Browser:
    """One colleague's browser: a connection that stays open, a session and a CSRF token."""

    def __init__(self, port: int, session: str) -> None:
        self.session, self.token = session, secrets.token_hex(16)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def get(self, path: str, **query: str) -> Answer:
        """Ask for a page."""
        return self._send("GET", path + ("?" + urlencode(query) if query else ""), None)

    def post(self, path: str, **form: str) -> Answer:
        """Send a form."""
        return self._send("POST", path, urlencode(form))

    def _send(self, method: str, path: str, body: str | None) -> Answer:
        began = time.perf_counter()
        headers = headers_of(self.session, self.token)
        for again in (True, False):
            try:
                self.connection.request(method, path, body, headers)
                answer = self.connection.getresponse()
                text = answer.read().decode("utf-8", "replace")
                return Answer(0, answer.status, time.perf_counter() - began, text)
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                # The server closes a connection that has been quiet for two seconds.
                self.connection.close()
                if not again:
                    raise
        raise AssertionError("either answered or raised")


def headers_of(session: str, token: str) -> dict[str, str]:
    """What a signed-in browser sends with a form."""
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": f"sessionid={session}; csrftoken={token}",
        "X-CSRFToken": token,
    }


def request_for(path: str, session: str, **form: str) -> dict[str, Any]:
    """One client's form as `bench.crowd` sends it."""
    return {"path": path, "body": urlencode(form), "headers": headers_of(session, secrets.token_hex(16))}


@contextmanager
def served() -> Iterator[Site]:
    """The site on this process's database, by gunicorn, until the block ends."""
    with (
        tempfile.TemporaryDirectory(prefix="infusion-") as directory,
        socket.create_server(("127.0.0.1", 0), backlog=2048) as listening,
    ):
        listening.set_inheritable(True)
        log = Path(directory) / "gunicorn.log"
        environment = {**os.environ, "INFUSION_SECRET_KEY": settings.SECRET_KEY}
        command = [sys.executable, "-m", "gunicorn", "infusion.wsgi", "--bind", f"fd://{listening.fileno()}"]
        program = leash.start(
            [*command, *SERVER], log=log, env=environment, cwd=programs.ROOT, inherit=[listening.fileno()]
        )
        try:
            site = Site(listening.getsockname()[1], program, log)
            programs.until(lambda: _answers(site), seconds=90, what="an answer of gunicorn")
            yield site
        finally:
            leash.stop([program])


def _answers(site: Site) -> bool:
    try:
        return Browser(site.port, "").get("/livez").status == 200
    except OSError:
        return False
