"""A real SMTP server that delivers nothing: it keeps what it is sent for people to look at.

The `aiosmtpd` package serves the demo and the tests only, and only this file knows it. As a program,
`python -m infusion.demo.sink FD DIRECTORY` serves the listening socket it inherits as FD.
"""

import asyncio
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

# Answers for one recipient or one message; None accepts.
Judge = Callable[[str], Awaitable[str | None]]
Keeper = Callable[[Envelope], Awaitable[str | None]]


class Receiver:
    """What the SMTP server asks at each step. `judge` may refuse a recipient, `keep` the message."""

    def __init__(self, keep: Keeper, judge: Judge | None = None) -> None:
        self.keep = keep
        self.judge = judge

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Takes or refuses one recipient."""
        if self.judge is not None and (refusal := await self.judge(address)):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Takes or refuses the message itself."""
        return await self.keep(envelope) or "250 kept, not delivered"


def loopback() -> socket.socket:
    """A socket listening on a free port of this machine only."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    listening.setblocking(False)
    return listening


async def serve(listening: socket.socket, receiver: Receiver) -> asyncio.Server:
    """Starts the server on the socket, in the running loop."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(
        lambda: SMTP(receiver, hostname="localhost", enable_SMTPUTF8=True, loop=loop), sock=listening
    )


def keep_in(directory: Path) -> Keeper:
    """A keeper that writes each message to a file of its own, whole or not at all."""

    async def keep(envelope: Envelope) -> None:
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content or "").encode()
        name = f"{time.time_ns():020d}"
        unfinished = directory / f".{name}"
        unfinished.write_bytes(raw)
        unfinished.rename(directory / f"{name}.eml")

    return keep


async def _main(descriptor: int, directory: Path) -> None:
    listening = socket.socket(fileno=descriptor)
    listening.setblocking(False)
    async with await serve(listening, Receiver(keep_in(directory))) as server:
        await server.serve_forever()


if __name__ == "__main__":
    Path(sys.argv[2]).mkdir(parents=True, exist_ok=True)
    os.umask(0o077)
    asyncio.run(_main(int(sys.argv[1]), Path(sys.argv[2])))
