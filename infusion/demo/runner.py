"""Runs the demo: broker, mail server, web, worker and beat as programs of their own, as in production.

It knows nothing of Django, so that it starts at once. Whatever ends it, Ctrl-C, TERM, HUP or KILL,
none of its programs stays behind. A program that dies while the demo runs is started again.
"""

import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import TextIO

from infusion.demo import accounts, filling, leash, place, sink
from infusion.demo.broker import Broker, NoBroker

HEALTHY_WITHIN = 60.0  # seconds
# Two prefork children: a task that blocks, on a slow mail server say, leaves the heartbeat and the
# other tasks alone, and each child has a database link of its own, which SQLite's threads would share.
WORKER = ["worker", "--pool=prefork", "--concurrency=2", "--without-gossip", "--without-mingle"]


# A proxy named in the environment has no business between the demo and itself.
_straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Stop(Exception):
    """The demo ends: a signal came, or something it needs is missing. The text says why."""


class Refused(Stop):
    """The demo cannot run."""


@dataclass
class Program:
    """One program of the demo and how to start it again."""

    name: str
    launch: Callable[[], "subprocess.Popen[bytes]"]
    running: "subprocess.Popen[bytes]" = field(init=False)
    deaths: int = 0
    again_at: float | None = None

    def __post_init__(self) -> None:
        self.running = self.launch()

    def attend(self, now: float) -> None:
        """Starts the program again if it has died, each time a little later, at most half a minute."""
        if self.again_at is None and self.running.poll() is not None:
            pause = min(30.0, 2.0**self.deaths)
            self.deaths += 1
            self.again_at = now + pause
            say(f"{self.name} ended ({_how(self.running.returncode)}); started again in {pause:.0f} s")
        elif self.again_at is not None and now >= self.again_at:
            self.again_at = None
            self.running = self.launch()


class Demo:
    """The demo from start to stop."""

    def __init__(self, *, anew: bool) -> None:
        self.anew = anew
        self.make = leash.Make()
        self.programs: list[Program] = []
        self.broker: Broker | None = None
        self.mail_socket = sink.loopback()  # kept open here, for a mail server started again
        self.port = _port()
        self.address = f"http://127.0.0.1:{self.port}"

    def run(self) -> None:
        """Starts everything and stays until stopped; always ends by raising Stop."""
        began = time.monotonic()
        lock = _lock()
        try:
            _prepare_directory(anew=self.anew)
            environment = self._environment()
            self._start_services(environment)
            self._fill(environment)
            filling.forget_heartbeats()
            self._start_site(environment)
            self._wait_until_well()
            say(_welcome(self.address, time.monotonic() - began))
            while True:
                self._check()
                for program in self.programs:
                    program.attend(time.monotonic())
                time.sleep(0.2)
        finally:
            leash.stop([program.running for program in reversed(self.programs)])
            if self.broker is not None:
                self.broker.remove()
            lock.close()

    def _environment(self) -> dict[str, str]:
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "infusion.settings",
            "INFUSION_DEMO": "1",
            "INFUSION_PRODUCTION": "0",
            "INFUSION_DEMO_DIR": str(place.directory()),
            "INFUSION_SECRET_KEY": _secret_key(),
            "INFUSION_BASE_URL": self.address,
            "INFUSION_LOG_LEVEL": os.environ.get("INFUSION_LOG_LEVEL", "INFO"),
            "DATABASE_URL": f"sqlite:///{place.database()}",
            "INFUSION_SMS_BACKEND": "infusion.reminders.sms.FileCarrier",
            "INFUSION_SMS_FILE": str(place.texts()),
            "PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
            "SKIP_CHECKS": "1",  # Celery would otherwise load every page to check it, twice
        }
        if environment.pop("PYTHONDONTWRITEBYTECODE", ""):
            # Compiled code halves every later start. Where none may lie beside the sources, it goes here.
            environment["PYTHONPYCACHEPREFIX"] = str(place.directory() / "compiled")
        return environment

    def _start_services(self, environment: dict[str, str]) -> None:
        descriptor = self.mail_socket.fileno()
        command = [sys.executable, "-m", "infusion.demo.sink", str(descriptor), str(place.mail())]
        self._add("mail server", command, environment, inherit=(descriptor,))
        host, port = self.mail_socket.getsockname()
        environment["INFUSION_EMAIL_URL"] = f"smtp://{host}:{port}"
        if not environment.get("INFUSION_BROKER_URL"):
            self.broker = Broker(log=place.log("broker"))
            self.programs.append(Program("broker", self.broker.first_or_next))
            self.broker.wait()
            environment["INFUSION_BROKER_URL"] = self.broker.url

    def _fill(self, environment: dict[str, str]) -> None:
        """Runs the filling program to its end, passing on what it says."""
        if not filling.is_needed():
            return
        log = place.log("filling")
        log.write_bytes(b"")
        running = leash.start(
            [sys.executable, "-m", "infusion.demo.filling"],
            log=log,
            env={**environment, "INFUSION_LOG_LEVEL": "WARNING"},
            cwd=place.ROOT,
        )
        try:
            with log.open() as said:
                while running.poll() is None:
                    self._check()
                    _pass_on(said.read())
                    time.sleep(0.05)
                _pass_on(said.read())
        finally:
            leash.stop([running])
        if running.returncode != 0:
            raise Refused(f"the demo clinic could not be made ({_how(running.returncode)}); see {log}")

    def _start_site(self, environment: dict[str, str]) -> None:
        python = [sys.executable, "-m"]
        celery = [*python, "celery", "-A", "infusion.demo.worker"]
        self._add(
            "web", [*python, "gunicorn", "-c", "python:infusion.demo.web", "infusion.wsgi"], environment
        )
        self._add("worker", [*celery, *WORKER, "--loglevel=INFO"], environment)
        self._add("beat", [*celery, "beat", "--loglevel=INFO"], environment)

    def _add(
        self, name: str, command: list[str], environment: dict[str, str], inherit: tuple[int, ...] = ()
    ) -> None:
        log = place.log(name)
        env = dict(environment)
        self.programs.append(
            Program(name, lambda: leash.start(command, log=log, env=env, cwd=place.ROOT, inherit=inherit))
        )

    def _wait_until_well(self) -> None:
        until = time.monotonic() + HEALTHY_WITHIN
        report: dict[str, str] = {}
        while time.monotonic() < until:
            self._check()
            for program in self.programs:
                if program.running.poll() is not None:
                    raise Refused(
                        f"{program.name} ended at once ({_how(program.running.returncode)}); "
                        f"see {place.log(program.name)}"
                    )
            well, report = _health(self.address)
            if well:
                return
            time.sleep(0.1)
        raise Refused(
            f"not well after {HEALTHY_WITHIN:.0f} s: {report or 'no answer'}; see {place.log('web').parent}"
        )

    def _check(self) -> None:
        if self.make.is_stopping():
            raise Stop("make was stopped")


def main(*, anew: bool = False) -> int:
    """Runs the demo, first throwing away its records where `anew`.

    Returns the exit status: 0 when it was stopped, 1 when it could not run.
    """
    for number in leash.STOPPING:
        signal.signal(number, _on_signal)
    try:
        Demo(anew=anew).run()
    except (Refused, NoBroker) as problem:
        say(f"demo: {problem}")
        return 1
    except Stop as stop:
        say(f"demo: {stop}; everything is stopped")
    return 0


def say(text: str) -> None:
    """Prints a line at once; a reader that has gone away is no reason to stop."""
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except OSError:
        pass


def _on_signal(number: int, _frame: FrameType | None) -> None:
    for further in leash.STOPPING:  # one is enough: the stopping itself is not to be broken off
        signal.signal(further, signal.SIG_IGN)
    raise Stop(f"stopped by {signal.Signals(number).name}")


def _port() -> int:
    named = os.environ.get("PORT", "8000")
    if not (named.isascii() and named.isdigit() and 0 < int(named) < 65536):
        raise Refused(f"PORT must be a number from 1 to 65535, not {named!r}")
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", int(named)))
        except OSError as problem:
            raise Refused(
                f"port {named} cannot be had ({problem.strerror}); try PORT=8123 make demo"
            ) from problem
    return int(named)


def _lock() -> TextIO:
    """Holds the demo's directory for this run alone."""
    place.directory().mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = (place.directory() / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        raise Refused(f"another demo runs in {place.directory()}") from problem
    return lock


def _prepare_directory(*, anew: bool) -> None:
    mail, logs = place.mail(), place.log("any").parent
    if anew:
        for directory in (mail, logs):
            shutil.rmtree(directory, ignore_errors=True)
        for file in place.directory().iterdir():
            if file.is_file() and file.name != "lock":
                file.unlink()
    for directory in (mail, logs):
        directory.mkdir(mode=0o700, exist_ok=True)


def _secret_key() -> str:
    path = place.directory() / "secret-key"
    if not path.exists():
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text().strip()


def _pass_on(said: str) -> None:
    if said.strip():
        say(said.rstrip())


def _health(address: str) -> tuple[bool, dict[str, str]]:
    try:
        with _straight.open(f"{address}/healthz", timeout=5) as answer:
            return True, json.load(answer)
    except urllib.error.HTTPError as answer:
        try:
            return False, json.load(answer)
        except ValueError:
            return False, {"web": f"answers {answer.code}"}
    except (OSError, ValueError):
        return False, {}


def _how(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"status {status}"


def _welcome(address: str, seconds: float) -> str:
    lines = [
        "",
        f"Ready after {seconds:.1f} s:   {address}/",
        f"Mail that went out:  {address}/demo/mail/",
        f"Second-factor codes: {address}/demo/",
        "",
    ]
    for account in accounts.load():
        way = (
            f"password {account.password}" if account.password else f"code by mail, born {account.birth_date}"
        )
        lines.append(f"  {account.role:<13} {account.email:<38} {way}")
    return "\n".join([*lines, "", "All people are invented. Ctrl-C stops the demo and keeps its records."])


if __name__ == "__main__":
    sys.exit(main(anew="--anew" in sys.argv[1:]))
