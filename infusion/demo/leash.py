"""Ties programs together, so that none is left behind however the one that started them ends."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
LINUX = sys.platform.startswith("linux")
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Loaded before any fork: a child between fork and exec must not load libraries.
_libc = ctypes.CDLL(None, use_errno=True) if LINUX else None


def tie_to(parent: int, by: signal.Signals = signal.SIGKILL) -> None:
    """Asks Linux to send this process a signal when its parent ends, be it by SIGKILL.

    A parent that ended before the request was made is noticed too. The kernel means the parent's
    *thread*, so children that are to outlive a thread must be started from the main one. Other
    systems know no such request: there the starter stops its children only if it can.
    """
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, int(by), 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), by)


def start(
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    become: Callable[[], None] | None = None,
    inherit: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Starts a program that dies with this one, in a session of its own, so that a Ctrl-C meant for
    its starter does not reach it first. Its output is appended to the log file; of the open
    files it inherits those named only."""
    parent = os.getpid()

    def between_fork_and_exec() -> None:
        for number in STOPPING:
            signal.signal(number, signal.SIG_DFL)
        if become is not None:
            become()
        tie_to(parent)

    with log.open("ab") as out:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            pass_fds=tuple(inherit),
            start_new_session=True,
            preexec_fn=between_fork_and_exec,  # noqa: PLW1509 (one thread only)
        )


def stop(programs: Sequence[subprocess.Popen[bytes]], *, patience: float = 5.0) -> None:
    """Ends the programs: a polite signal to all, then, after `patience` seconds in all, SIGKILL to
    whatever remains of each one's session."""
    for program in programs:
        if program.poll() is None:
            program.send_signal(signal.SIGTERM)
    left = patience
    for program in programs:
        try:
            program.wait(timeout=max(0.1, left / max(1, len(programs))))
        except subprocess.TimeoutExpired:
            left = 0.0
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()


def finish(program: subprocess.Popen[bytes], *, patience: float = 15.0) -> None:
    """Ends one program that shares this one's session: politely, then, after `patience` seconds, not."""
    if program.poll() is not None:
        return
    program.send_signal(signal.SIGTERM)
    try:
        program.wait(timeout=patience)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()


class Make:
    """The `make` that started this program, if one did: its end, and signals it took but did not pass on.

    GNU make, sent a SIGHUP or SIGINT alone, waits for its recipe without telling it. By then it has
    put the signal's default treatment back, which Linux shows to anyone who looks. Any other parent,
    a shell that put this program in the background say, may come and go as it likes.
    """

    def __init__(self) -> None:
        self.pid = os.getppid()
        try:
            self.present = Path(f"/proc/{self.pid}/comm").read_text().strip() in ("make", "gmake")
        except OSError:
            self.present = False
        self.caught = self._caught()
        if self.present:
            tie_to(self.pid, signal.SIGTERM)

    def is_stopping(self) -> bool:
        """Whether make is gone, or has taken a stopping signal since this object was made."""
        if not self.present:
            return False
        now = self._caught()
        return os.getppid() != self.pid or any(self.caught & _bit(n) and not now & _bit(n) for n in STOPPING)

    def _caught(self) -> int:
        try:
            for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
                if line.startswith("SigCgt:"):
                    return int(line.split()[1], 16)
        except OSError:
            pass
        return 0


def _bit(number: signal.Signals) -> int:
    return 1 << (int(number) - 1)
