"""A link to a server that can be broken: a proxy on a loopback port that passes, hangs or breaks off."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from pathlib import Path

AT_ONCE = struct.pack("ii", 1, 0)
"""A socket that lingers for no time says RST instead of goodbye."""


class Proxy:
    """Stands between programs and a server on a unix socket or a loopback port. It passes everything on both ways, or
    hangs (links are taken and kept, and what is sent meanwhile passes later), or breaks off every link, old and new.
    """

    def __init__(self, target: Path | int) -> None:
        self.target = target
        self.passes = threading.Event()
        self.passes.set()
        self.breaks = False
        self.links: set[socket.socket] = set()
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listening.getsockname()[1]

    @property
    def url(self) -> str:
        """The address in Celery's spelling, where a broker stands behind."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Begins to take links."""
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        """Breaks every link off and takes no more."""
        self.set("reset")
        with contextlib.suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()

    def set(self, mode: str) -> None:
        """Does so from now on (pass, hang or reset), on links that stand, too."""
        self.breaks = mode == "reset"
        if mode == "hang":
            self.passes.clear()
        else:
            self.passes.set()
        if self.breaks:
            for link in list(self.links):
                self._break(link)

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._take, args=(link,), daemon=True).start()

    def _take(self, link: socket.socket) -> None:
        self.passes.wait()
        if self.breaks:
            self._break(link)
            return
        self.links.add(link)
        _promptly(link)
        with self._onward() as onward:
            back = threading.Thread(target=self._pump, args=(onward, link), daemon=True)
            back.start()
            self._pump(link, onward)
            back.join()
        self.links.discard(link)
        link.close()

    def _onward(self) -> socket.socket:
        if isinstance(self.target, int):
            return _promptly(socket.create_connection(("127.0.0.1", self.target)))
        onward = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(OSError):  # nobody there: the link ends with the first word
            onward.connect(str(self.target))
        return onward

    def _pump(self, source: socket.socket, to: socket.socket) -> None:
        """Passes on what comes from one end to the other; when one has ended, both have."""
        with contextlib.suppress(OSError):
            while some := source.recv(65536):
                self.passes.wait()
                to.sendall(some)
        for end in (source, to):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _break(link: socket.socket) -> None:
        with contextlib.suppress(OSError):
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            link.shutdown(socket.SHUT_RD)
        link.close()


def _promptly(link: socket.socket) -> socket.socket:
    """The link, which waits for nothing more before it sends what it has."""
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link
