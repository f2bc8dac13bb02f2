"""The demo as a whole, as programs of their own: it starts, it works, and it leaves nothing behind."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infusion.demo import leash
from tests.programs import ROOT, until

pytestmark = [
    pytest.mark.sqlite,  # the demo's database whatever the tests' is: once is enough
    pytest.mark.broker,
    pytest.mark.skipif(not leash.LINUX, reason="reads /proc"),
]
ALL = 10  # runner, mail server, broker, 3 of web, 3 of the worker, beat
START = [sys.executable, "-m", "infusion.demo.runner"]


class Running:
    """A demo in a directory of its own."""

    def __init__(self, directory: Path, command: list[str]) -> None:
        self.directory = directory
        with socket.create_server(("127.0.0.1", 0)) as trial:
            self.port = trial.getsockname()[1]
        self.said = directory.parent / "said"
        kept_out = ("DATABASE_URL", "INFUSION_BROKER_URL", "INFUSION_TESTING", "DJANGO_SETTINGS_MODULE")
        environment = {name: text for name, text in os.environ.items() if name not in kept_out}
        with self.said.open("w") as out:
            self.program = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**environment, "PORT": str(self.port), "INFUSION_DEMO_DIR": str(directory)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        until(self._is_ready, seconds=180, what="a ready demo")

    def _is_ready(self) -> bool:
        said = self.said.read_text()
        assert self.program.poll() is None, f"the demo ended:\n{said}"
        return "Ready after" in said

    def get(self, path: str) -> str:
        straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with straight.open(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.read().decode()

    def programs(self) -> set[int]:
        """Every living program of this demo, itself included."""
        parents = {pid: parent for pid, (state, parent) in _all_programs().items() if state != "Z"}
        found = {self.program.pid} & parents.keys()
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found

    def signal_and_wait(self, number: signal.Signals) -> None:
        """Sends a signal to the first program alone; returns when every one is gone."""
        until(lambda: len(self.programs()) >= ALL, what=f"{ALL} programs")
        programs = self.programs()
        self.program.send_signal(number)
        self.program.wait(timeout=30)
        until(lambda: not _living(programs), what="an end of all programs")

    def end(self) -> None:
        for pid in self.programs():
            os.kill(pid, signal.SIGKILL)
        self.program.wait()


def _all_programs() -> dict[int, tuple[str, int]]:
    """State and parent of every program of this machine."""
    found = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                state, parent = (path / "stat").read_text().rpartition(") ")[2].split()[:2]
            except OSError:
                continue
            found[int(path.name)] = (state, int(parent))
    return found


def _living(programs: set[int]) -> set[int]:
    return {pid for pid, (state, _) in _all_programs().items() if pid in programs and state != "Z"}


def _beats(demo: Running) -> set[int]:
    return {pid for pid in demo.programs() if b"\0beat\0" in Path(f"/proc/{pid}/cmdline").read_bytes()}


Start = Callable[..., Running]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "kept"


@pytest.fixture
def start(place: Path) -> Iterator[Start]:
    started: list[Running] = []

    def begin(command: list[str] = START) -> Running:
        started.append(Running(place, command))
        started[-1].wait_until_ready()
        return started[-1]

    yield begin
    for running in started:
        running.end()


def test_the_demo_starts_well_and_its_pages_answer(start: Start, place: Path) -> None:
    demo = start()
    assert set(json.loads(demo.get("/healthz")).values()) == {"ok"}
    assert "Mail that went out" in demo.get("/demo/mail/")
    assert "Demo sign-ins" in demo.get("/demo/")
    assert (place / "accounts.json").stat().st_mode & 0o777 == 0o600
    assert (place / "secret-key").stat().st_mode & 0o777 == 0o600
    demo.signal_and_wait(signal.SIGTERM)
    assert demo.program.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_leaves_no_program_behind(start: Start, number: signal.Signals) -> None:
    demo = start()
    demo.signal_and_wait(number)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_to_make_alone_leaves_no_program_behind(
    start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    recipe = tmp_path / "Makefile"
    recipe.write_text(f"demo:\n\t@exec {' '.join(START)}\n")
    demo = start(["make", "-f", str(recipe), "demo"])
    demo.signal_and_wait(number)


def test_a_program_that_dies_is_started_again(start: Start) -> None:
    demo = start()
    before = _beats(demo)
    assert len(before) == 1
    os.kill(before.pop(), signal.SIGKILL)
    until(lambda: not _beats(demo), what="beat's end")
    until(lambda: len(_beats(demo)) == 1, what="another beat")


def test_a_second_demo_in_the_same_place_is_refused(start: Start, place: Path) -> None:
    start()
    second = Running(place, START)
    assert second.program.wait(timeout=30) == 1
    assert second.said.read_text() == f"demo: another demo runs in {place}\n"


@pytest.mark.parametrize("port", ["0", "65536", "eighty", "-1", "٨"])
def test_a_port_that_is_none_is_refused(port: str, tmp_path: Path) -> None:
    answer = subprocess.run(
        START,
        env={**os.environ, "PORT": port, "INFUSION_DEMO_DIR": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert answer.returncode == 1
    assert answer.stdout == f"demo: PORT must be a number from 1 to 65535, not {port!r}\n"
